"""From what a caller calls a repository to a folder with files: a path, or a git URL and its clone."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from moorage.codebase.git.cloning import clone_or_update
from moorage.codebase.git.hosts import refuse_host
from moorage.codebase.git.urls import is_folder, without_credentials
from moorage.codebase.scanning import resolve_root
from moorage.codebase.settings import CodebaseSettings
from moorage.core.access import current_caller

_turns: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()  # one call at a time works on a clone


@dataclass(frozen=True, slots=True)
class PlaceOnDisk:
    """Where a repository's files are.

    Attributes:
        repo_path: its identity in the index: the real path, or the URL without credentials.
    """

    repo_path: str
    name: str
    folder: Path


async def locate(
    repo_path: str, settings: CodebaseSettings, clones: Path, *, own_folder: Path | None = None
) -> PlaceOnDisk:
    """Find a repository's folder; a git URL is cloned below `clones`, or brought up to date.

    Args:
        own_folder: of the project, which all its callers may index.

    Raises:
        UnfitRoot, UnfitUrl: it cannot be indexed; GitFailed and its kin: the clone failed.
    """
    if is_folder(repo_path):
        folder = resolve_root(repo_path, allowed_roots(settings, own_folder))
        return PlaceOnDisk(str(folder), folder.name or "root", folder)
    address = without_credentials(repo_path)
    await refuse_host(address, settings.git_hosts, only_public=not current_caller().is_local)
    name = address.rstrip("/").rpartition("/")[2].removesuffix(".git") or "repository"
    folder = clones / f"{name}-{hashlib.sha256(address.encode()).hexdigest()[:10]}"
    async with _turns.setdefault(folder, asyncio.Lock()):
        await clone_or_update(
            repo_path,
            folder,
            timeout_seconds=settings.clone_timeout_seconds,
            allowed_roots=allowed_roots(settings, own_folder),
        )
    return PlaceOnDisk(address, name, folder)


def allowed_roots(settings: CodebaseSettings, own_folder: Path | None) -> tuple[Path, ...]:
    """Return the folders below which the current caller may have repositories read.

    A folder is read as the user of this process, who can read more than each of its callers should.
    """
    if settings.allowed_roots is not None:
        return settings.allowed_roots
    if current_caller().is_local:
        return (Path("/"),)
    return () if own_folder is None else (own_folder,)
