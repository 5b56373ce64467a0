"""The files of a work tree as git sees them; two processes for any number of files."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from moorage.codebase.git.errors import NoWorkTree, failed, missing, timed_out
from moorage.codebase.git.running import ANY_OWNER, QUIET, environment

# "Others" are the untracked files; a folder with a repository of its own is one entry with a final "/".
_WANTED = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
_IGNORED = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
_UNREADABLE = re.compile(rb"^warning: could not open directory '(.*)/': ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listing:
    """What git says about the files below a folder.

    Paths are relative to that folder; bytes that are not UTF-8 are kept by surrogateescape.

    Attributes:
        files: tracked and untracked ones, those deleted but not yet committed included; repositories inside
            it appear as one path, submodules without and others with a final "/".
        ignored: files, and folders with a final "/" of which everything is ignored.
        unreadable: folders that git could not open.
    """

    files: frozenset[str]
    ignored: frozenset[str]
    unreadable: frozenset[str]


def list_files(root: Path, *, timeout_seconds: float) -> Listing | None:
    """Return git's listing of the folder, or None when it is in no repository.

    Raises:
        NoWorkTree: there are no files here, only what git keeps.
        GitFailed, GitMissing, GitTimedOut
    """
    if looks_bare(str(root)):
        raise _no_work_tree(root)
    with _started(root, _WANTED) as wanted, _started(root, _IGNORED) as ignored:
        try:
            files, complaint = wanted.communicate(timeout=timeout_seconds)
            skipped, other_complaint = ignored.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise timed_out(timeout_seconds) from error
        finally:
            wanted.kill()
            ignored.kill()
    # Two levels below an ignored folder git 2.39 fails to list what is ignored; there is nothing wanted there either.
    if wanted.returncode or (ignored.returncode and files):
        return _refused(root, complaint if wanted.returncode else other_complaint)
    unreadable = (path + b"/" for path in _UNREADABLE.findall(complaint))
    return Listing(_paths(files), _paths(skipped), frozenset(os.fsdecode(path) for path in unreadable))


def looks_bare(folder: str) -> bool:
    """Tell whether a folder is a bare repository or the `.git` of another; git need not be there."""
    return all(os.path.lexists(f"{folder}/{part}") for part in ("HEAD", "objects", "refs"))


def _started(root: Path, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and a fixed command
            [*QUIET, *ANY_OWNER, "-C", root, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise missing() from error


def _refused(root: Path, complaint: bytes) -> None:
    if b"not a git repository" in complaint:
        return
    if b"must be run in a work tree" in complaint:
        raise _no_work_tree(root)
    raise failed(complaint)


def _no_work_tree(root: Path) -> NoWorkTree:
    return NoWorkTree(
        f"repo_path {str(root)!r} is a bare repository or git's own folder, without files to index",
        hint="Name a work tree of it; `git worktree add FOLDER` makes one.",
        field="repo_path",
    )


def _paths(output: bytes) -> frozenset[str]:
    return frozenset(os.fsdecode(path) for path in output.split(b"\0") if path)
