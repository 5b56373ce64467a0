"""Listing what lies below a root; names and sizes only, no file is opened save ignore files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import structlog

from moorage.codebase.git import GitFailed, GitMissing, list_files
from moorage.codebase.scanning.models import LeftOut, Lister, Scan, ScanLimits
from moorage.codebase.scanning.sieve import Sieve

log = structlog.get_logger()

GIT_IGNORE_FILE = ".gitignore"


def scan(root: Path, limits: ScanLimits = ScanLimits()) -> Scan:  # noqa: B008 - frozen
    """List the files below a folder that are worth opening, and count the others.

    git lists them where it can; a folder that is itself ignored by a repository around it is walked instead.
    Files that vanish meanwhile are simply gone. Blocks on the disk: call it in a thread.

    Args:
        root: an existing folder; a link to one is followed.
        limits: where to stop.

    Raises:
        NoWorkTree: the root is a bare repository.
        GitTimedOut: git did not list the files within `limits.git_timeout_seconds`.
    """
    real = Path(os.path.realpath(root))
    return _scan_with_git(real, limits) or _scan_by_walking(real, limits)


def _scan_with_git(root: Path, limits: ScanLimits) -> Scan | None:
    try:
        listing = list_files(root, timeout_seconds=limits.git_timeout_seconds)
    except GitMissing:
        return None
    except GitFailed as error:
        log.warning("scan.git_failed", root=str(root), reason=error.message)
        return None
    if listing is None or not (listing.files or (root / ".git").exists()):
        return None
    sieve = Sieve(str(root), limits)
    for path in sorted(listing.files):
        sieve.add_file(path)
    for path in sorted(listing.ignored):
        sieve.add_ignored(path)
    for path in sorted(listing.unreadable):
        sieve.leave_out(LeftOut.UNREADABLE, path)
    return sieve.result(Lister.GIT)


def _scan_by_walking(root: Path, limits: ScanLimits) -> Scan:
    sieve = Sieve(str(root), limits, git_ignore_file=GIT_IGNORE_FILE)
    for path in _walk(sieve):
        sieve.add_file(path)
    return sieve.result(Lister.WALK)


def _walk(sieve: Sieve) -> Iterator[str]:
    """Yield every path that is no folder, never entering a folder that the sieve leaves out."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        if sieve.folder(folder) is None:
            continue
        for name, is_folder in _entries(sieve, folder):
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                waiting.append(path)
            else:
                yield path


def _entries(sieve: Sieve, folder: str) -> list[tuple[str, bool]]:
    """Return names in a folder and whether each is a folder itself, which a link never is."""
    try:
        with os.scandir(sieve.absolute(folder)) as entries:
            return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):  # gone since its name was read
        return []
    except OSError:
        sieve.leave_out(LeftOut.UNREADABLE, f"{folder}/")
        return []
