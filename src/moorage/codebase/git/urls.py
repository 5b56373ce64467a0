"""What counts as the address of a repository, and an address without its secrets.

Only transports that cannot run a program of the caller's choice are known: https, ssh and file. `ext::` runs
a command, `fd::` reads a descriptor, `git://` and `http://` can be altered on the way. A host or user that
begins with "-" would be an option of ssh.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from moorage.codebase.git.errors import UnfitUrl

MAX_URL_CHARACTERS = 2_048

_HOST = r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])"
_PORT = r"(?::[0-9]{1,5})?"
_PATH = r"[^\s\x00-\x1f\x7f]+"
_HTTPS = re.compile(rf"https://(?:[^\s/@]*@)?{_HOST}{_PORT}/{_PATH}", re.ASCII)
_SSH = re.compile(rf"ssh://(?:[A-Za-z0-9_][^\s/@]*@)?{_HOST}{_PORT}/{_PATH}", re.ASCII)
_SCP = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9._-]*@{_HOST}:(?![-/:]){_PATH}", re.ASCII)
_FILE = re.compile(rf"file://(?:localhost)?/{_PATH}", re.ASCII)
_ESCAPED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remote:
    """An address that may be shown and stored, and what authenticates there.

    Attributes:
        address: without user name and password, save the user of ssh.
        variables: for git's environment: the password as a header for this host alone. Never shown or stored.
    """

    address: str
    variables: dict[str, str]


def is_git_url(text: str) -> bool:
    """Tell whether a text is a repository's address (https, ssh, `git@host:path`, file) and not a folder."""
    if len(text) > MAX_URL_CHARACTERS or _ESCAPED_CONTROL.search(text):
        return False
    return any(pattern.fullmatch(text) for pattern in (_HTTPS, _SSH, _SCP, _FILE))


def is_folder(text: str) -> bool:
    """Tell whether a text is meant as a folder; an address that may not be cloned (`http://...`) is none either."""
    return "://" not in text and not is_git_url(text)


def without_credentials(url: str) -> str:
    """Return the address as it may be stored, logged and shown; any other text comes back as it is."""
    scheme, mark, rest = url.partition("://")
    user, at, location = rest.partition("/")[0].rpartition("@")
    if not mark or not at:
        return url
    kept = f"{user.partition(':')[0]}@" if scheme == "ssh" else ""
    return f"{scheme}://{kept}{location}{rest[len(user) + len(at) + len(location) :]}"


def parse_remote(url: str, allowed_roots: Sequence[Path]) -> Remote:
    """Take an address apart.

    Args:
        url: as the caller gave it.
        allowed_roots: `file://` addresses must lie below one of these.

    Raises:
        UnfitUrl: not an address, a transport that is not allowed, or a file elsewhere.
    """
    address = without_credentials(url)
    if not is_git_url(url):
        raise UnfitUrl(
            f"repo_path {address[:120]!r} is not the address of a git repository that can be cloned",
            hint="Use https://host/path, ssh://user@host/path or git@host:path.",
            field="repo_path",
        )
    if address.startswith("file://"):
        _check_file(address, allowed_roots)
    return Remote(address, _authorization(url) if url.startswith("https://") else {})


def _check_file(address: str, allowed_roots: Sequence[Path]) -> None:
    folder = Path(unquote(urlsplit(address).path)).resolve()
    if not any(folder.is_relative_to(root.resolve()) for root in allowed_roots):
        raise UnfitUrl(
            f"repo_path {address[:120]!r} is outside the folders that may be indexed",
            hint="Let the operator add its folder to the allowed roots.",
            field="repo_path",
        )


def _authorization(url: str) -> dict[str, str]:
    """Return the settings for git that send the user and password of an https address.

    Source: https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT
    """
    user, at, location = url.removeprefix("https://").partition("/")[0].rpartition("@")
    if not at:
        return {}
    name, _, password = user.partition(":")
    token = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.https://{location}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {token}",
    }
