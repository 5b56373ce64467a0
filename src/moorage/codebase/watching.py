"""Keeping indexes fresh: files change, their repository is indexed again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from watchfiles import awatch

from moorage.codebase.service import CodebaseService
from moorage.core.errors import MoorageError

log = structlog.get_logger(__name__)

QUIET_MILLISECONDS = 500  # changes come in bursts; wait for this long after the last
LOOK_FOR_REPOSITORIES_MILLISECONDS = 10_000
INDEX_WAIT_SECONDS = 300.0


async def watch(service: CodebaseService, project: str) -> None:
    """Index a project's repositories again as their files change, until cancelled; new ones join by themselves.

    A restart of PostgreSQL or a limit of the operating system interrupts the watching, which is logged, and goes on.
    """
    while True:
        try:
            folders = await _folders(service, project)
            if folders:
                await _watch_until_others_come(service, project, folders)
                continue
        except (MoorageError, OSError) as error:
            log.warning("watch.interrupted", project=project, reason=str(error))
        await asyncio.sleep(LOOK_FOR_REPOSITORIES_MILLISECONDS / 1000)


async def _watch_until_others_come(service: CodebaseService, project: str, folders: dict[Path, str]) -> None:
    changes = awatch(
        *folders,
        debounce=4 * QUIET_MILLISECONDS,
        step=QUIET_MILLISECONDS,
        rust_timeout=LOOK_FOR_REPOSITORIES_MILLISECONDS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    async for change in changes:
        touched = {folder for folder in folders for _, path in change if Path(path).is_relative_to(folder)}
        for folder in touched:
            await _index(service, project, folders[folder])
        if await _folders(service, project) != folders:
            return


async def _folders(service: CodebaseService, project: str) -> dict[Path, str]:
    """Return the folders to watch and what to index for each; clones of URLs change only when fetched."""
    listed = await service.list_repositories(project)
    paths = {Path(each.repo_path): each.repo_path for each in listed.repositories}
    return {folder: path for folder, path in paths.items() if folder.is_absolute() and folder.is_dir()}


async def _index(service: CodebaseService, project: str, repo_path: str) -> None:
    try:
        status = await service.index_repository(project, repo_path, wait_seconds=INDEX_WAIT_SECONDS)
    except MoorageError as error:
        log.warning("watch.failed", repository=repo_path, code=error.code, reason=error.message)
    else:
        log.info("watch.indexed", repository=repo_path, status=status.status, files=status.files_done)
