"""The file that definitions are kept in: changed entry by entry, with what people wrote around them left as it is.

A change is made under a lock on the folder, so that two processes do not lose each other's; it is checked as a whole
before it is written; and it is written beside and renamed into place, so that whoever reads meets the old file or the
new one. A process that is killed meanwhile leaves the old one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from moorage.databases.errors import DefinitionsLocked, DefinitionsNotKept, InvalidDefinition
from moorage.databases.sources.problems import Problem, refusal
from moorage.databases.sources.yaml_text import parse_yaml

PRIVATE_MODE = 0o600
OTHERS = 0o077
LOCK_SECONDS = 10.0
_LOCK_INTERVAL_SECONDS = 0.02
_NEVER_WRAP = 1_000_000

Change = Callable[[MutableMapping[str, Any]], None]
Check = Callable[[Mapping[str, Any]], None]


class DefinitionsFile:
    """One YAML file with a section `databases`.

    Args:
        path: need not exist; a link is followed, and stays a link.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_private(self) -> bool:
        """Whether nobody but its owner reads it; a new one is made so."""
        try:
            return not self.path.stat().st_mode & OTHERS
        except FileNotFoundError:
            return True

    def edit(self, change: Change, check: Check) -> None:
        """Change what stands under `databases`; blocks, and so is for a thread.

        Args:
            change: of the section as a mapping, called twice with equal ones.
            check: of everything the file will hold; what it raises leaves the file as it is.

        Raises:
            DefinitionsNotKept: the file cannot be read or written.
            DefinitionsLocked: others have been changing it for too long.
            InvalidDefinition: the file as it stands is not valid.
        """
        file = self.path.resolve()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with _locked(file.parent):
                text = file.read_text(encoding="utf-8") if file.exists() else ""
                changed = _changed(text, change, str(self.path))
                check(parse_yaml(changed, str(self.path)))
                _replace(file, changed)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DefinitionsNotKept(
                f"{self.path} cannot be changed: {reason}; nothing was changed",
                hint="Let the user that Moorage runs as write the file and its folder.",
            ) from None


def _changed(text: str, change: Change, name: str) -> str:
    """Return the text with a change made, and nothing else: the result is read again and compared."""
    from ruamel.yaml.error import YAMLError

    wanted = parse_yaml(text, name)
    change(_section_of(wanted, {}))
    try:
        changed = _edited(text, change)
        is_as_wanted = parse_yaml(changed, name) == wanted
    except (YAMLError, InvalidDefinition):  # not YAML to that library, or not any more
        is_as_wanted = False
    if not is_as_wanted:
        raise DefinitionsNotKept(
            f"{name} is written in a way that cannot be changed without loss", hint="Change it by hand; it is followed."
        )
    return changed


def _edited(text: str, change: Change) -> str:
    editor, document = _editor(text)
    section = _section_of(document, editor.map())
    change(section)
    if not section:  # nor then the comments that stood above its entries: behind them, `{}` would be no YAML
        document["databases"] = {}
        document.ca.items.pop("databases", None)
    stream = StringIO()
    editor.dump(document, stream)
    return stream.getvalue()


def _section_of(document: MutableMapping[str, Any], empty: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if document.get("databases") is None:
        document["databases"] = empty
    if not isinstance(document["databases"], MutableMapping):
        raise refusal([Problem("databases", "is no mapping of ids to definitions; mend the file by hand")])
    return document["databases"]


def _editor(text: str) -> tuple[Any, Any]:
    """Return a writer of YAML that indents as the text does, and the text as a document with its comments."""
    from ruamel.yaml import YAML
    from ruamel.yaml.util import load_yaml_guess_indent

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = _NEVER_WRAP
    _, indent, offset = load_yaml_guess_indent(text) if text.strip() else (None, None, None)
    editor.indent(mapping=indent or 2, sequence=(offset or 0) + 2, offset=offset or 0)
    return editor, editor.load(text) or editor.map()


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold the lock on a folder, which every process takes that changes definitions in it; the system frees it."""
    import fcntl

    opened = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + LOCK_SECONDS
        while not _try_lock(fcntl, opened):
            if time.monotonic() > until:
                raise DefinitionsLocked(f"{folder} has been locked for {LOCK_SECONDS:.0f} s", hint="Try again.")
            time.sleep(_LOCK_INTERVAL_SECONDS)
        yield
    finally:
        os.close(opened)


def _try_lock(fcntl: Any, opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(file: Path, text: str) -> None:
    """Put a new file in the place of the old one, with its mode and owner; what a killed process left is reused."""
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_MODE)
    with os.fdopen(opened, "w", encoding="utf-8") as new:
        _keep_mode(new.fileno(), file)
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    beside.rename(file)
    _sync_folder(file.parent)


def _keep_mode(opened: int, file: Path) -> None:
    try:
        old = file.stat()
    except FileNotFoundError:
        return
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(opened, old.st_uid, old.st_gid)
    os.fchmod(opened, old.st_mode & 0o7777)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
