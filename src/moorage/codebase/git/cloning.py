"""A shallow copy of a remote repository, brought up to date on every call.

A copy appears as a whole or not at all: it is made beside its place and moved there. When an update fails for
whatever reason (a lock that a killed process left, a damaged copy), a new copy is made; while that fails,
too, the old one stays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from moorage.codebase.git.errors import FolderTaken, GitFailed
from moorage.codebase.git.running import run_git, time_limit
from moorage.codebase.git.urls import Remote, parse_remote

log = structlog.get_logger()

# Also for redirects and for whatever the user's own `insteadOf` makes of the address.
_TRANSPORTS = {"GIT_ALLOW_PROTOCOL": "https:ssh:file"}
_SHALLOW = ("--depth=1", "--no-tags", "--no-recurse-submodules")


async def clone_or_update(
    url: str, folder: Path, *, timeout_seconds: float, allowed_roots: Sequence[Path] = ()
) -> Path:
    """Make `folder` a copy of the newest commit of the default branch, and return it.

    No history, no tags, no submodules, no hooks, no large files of LFS. What was changed in the copy is
    lost. The caller sees to it that there is one call at a time for one folder.

    Args:
        url: may hold credentials; only its address is kept.
        folder: missing, empty, or an earlier copy; its parents are made.
        timeout_seconds: for everything together.
        allowed_roots: where `file://` addresses may point; nowhere by default.

    Raises:
        UnfitUrl, FolderTaken, GitFailed, GitMissing, GitTimedOut
    """
    remote = parse_remote(url, allowed_roots)
    async with time_limit(timeout_seconds):
        if _is_free(folder):
            await _clone(remote, folder)
        else:
            await _update_or_replace(remote, folder)
    return folder


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


async def _clone(remote: Remote, folder: Path) -> None:
    """Clone beside the folder, then take its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        copy = Path(aside) / "copy"
        await run_git(
            *("clone", "--quiet", "--template=", "--single-branch", *_SHALLOW),
            *("--", remote.address, str(copy)),
            variables=_TRANSPORTS | remote.variables,
        )
        _replace(folder, copy)


def _replace(folder: Path, copy: Path) -> None:
    """Put the copy in the place of the folder; what was there goes beside the copy, to be removed with it."""
    if folder.exists():
        folder.rename(copy.with_name("replaced"))
    copy.rename(folder)


async def _update_or_replace(remote: Remote, folder: Path) -> None:
    await _check_is_copy(remote, folder)
    try:
        await _update(remote, folder)
    except GitFailed as error:
        log.warning("clone.update_failed", address=remote.address, folder=str(folder), reason=error.message)
        await _clone(remote, folder)


async def _check_is_copy(remote: Remote, folder: Path) -> None:
    """Refuse to touch a folder that is not a copy of this address."""
    config = folder / ".git" / "config"
    try:
        origin = await run_git("config", "--file", str(config), "--get", "remote.origin.url")
    except GitFailed:
        origin = ""
    if origin != remote.address:
        raise FolderTaken(
            f"{folder} is not a copy of {remote.address}", hint="Choose another folder, or remove this one."
        )


async def _update(remote: Remote, folder: Path) -> None:
    inside = ("-C", str(folder))
    fetch = (*inside, "fetch", "--quiet", *_SHALLOW, "origin", "HEAD")
    await run_git(*fetch, variables=_TRANSPORTS | remote.variables)
    await run_git(*inside, "reset", "--quiet", "--hard", "FETCH_HEAD")
    await run_git(*inside, "clean", "--quiet", "-ffdx")
