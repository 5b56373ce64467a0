"""What can go wrong with git, and what git's complaints mean.

MoorageError
├── InvalidInput ── UnfitUrl      not an address that may be cloned
│                └─ NoWorkTree    a bare repository
├── Conflict ────── FolderTaken   the place for a copy holds something else
├── Unavailable ─── GitFailed     git says no
│                └─ GitMissing    there is no git
└── Exhausted ───── GitTimedOut   git takes too long
"""

from __future__ import annotations

import os
import re

from moorage.core.errors import Conflict, Exhausted, InvalidInput, Unavailable

_MAX_MESSAGE_CHARACTERS = 500
_USER_PART = re.compile(r"(?<=://)[^/@\s]*@")
_REMEDIES = (
    (
        r"authentication failed|could not read (username|password)|permission denied|terminal prompts",
        "Nobody is asked for a password: let a credential helper or SSH agent of the server's user know it.",
    ),
    (
        r"not found|does not appear to be a git repository|does not exist",
        "Check the address; a private repository that may not be read is also reported as not found.",
    ),
    (
        r"could not resolve host|failed to connect|could not connect|connection (refused|timed out)",
        "Check the host name and the network of the server, then try again.",
    ),
    (r"host key verification", "Add the host to known_hosts of the server's user."),
    (r"no space left", "Free disk space, then try again."),
)


class UnfitUrl(InvalidInput):
    """The text is no address that may be cloned."""

    code = "codebase.unfit_url"


class NoWorkTree(InvalidInput):
    """The folder is a bare repository, or lies inside a `.git` folder: there are no files to read."""

    code = "codebase.no_work_tree"


class FolderTaken(Conflict):
    """The place for the copy holds something else."""

    code = "codebase.folder_taken"


class GitFailed(Unavailable):
    """git could not do what it was asked for."""

    code = "codebase.git_failed"


class GitMissing(Unavailable):
    """There is no git on this machine."""

    code = "codebase.git_missing"
    retryable = False


class GitTimedOut(Exhausted):
    """git took longer than it was given."""

    code = "codebase.git_timed_out"


def failed(complaint: bytes) -> GitFailed:
    """Return git's complaint as an error, without the names and passwords in URLs."""
    text = _USER_PART.sub("", os.fsdecode(complaint).strip()) or "no reason given"
    shown = " ".join(text.split())[-_MAX_MESSAGE_CHARACTERS:]
    return GitFailed(f"git failed: {shown}", hint=_way_out(shown))


def missing() -> GitMissing:
    return GitMissing("the program git is not installed", hint="Install git, or index a folder that is already here.")


def timed_out(seconds: float) -> GitTimedOut:
    return GitTimedOut(f"git did not finish within {seconds:g} s", hint="Try again, or raise the time limit.")


def _way_out(complaint: str) -> str:
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, complaint, re.IGNORECASE):
            return remedy
    return "Run the same git command by hand on the server to see more."
