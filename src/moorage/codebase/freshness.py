"""How far the index is behind the files on disk, found cheaply."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from moorage.codebase import store
from moorage.codebase.indexing import make_plan
from moorage.codebase.models import Repository
from moorage.codebase.scanning import ScanLimits, scan
from moorage.core.access import acting_as, system_user
from moorage.core.errors import MoorageError
from moorage.projects.connections import ProjectConnectionManager

# A look at a whole repository lists its files, so it is not taken more often than this, and a search waits for it only
# briefly: a look that takes longer is there for the next search.
LOOK_AGAIN_SECONDS = 10.0
WAIT_SECONDS = 0.1

# A repository by its project: a clone of a project has repositories of the same ids.
Key = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a repository's folder showed.

    Attributes:
        changed: files that the next run would read or remove; None when the folder is missing or cannot be read.
    """

    changed: int | None
    taken_at: float


@dataclass
class Freshness:
    """Compares folders with the index, at most every few seconds each, outside the calls that ask."""

    connections: ProjectConnectionManager
    limits: ScanLimits
    _looks: dict[Key, Look] = field(default_factory=dict)
    _looking: dict[Key, asyncio.Task[None]] = field(default_factory=dict)

    async def look(self, project: str, repository: Repository) -> Look | None:
        """Return the newest look at a repository; None when the first one is still under way."""
        key = project, repository.id
        known = self._looks.get(key)
        if known is None or time.monotonic() - known.taken_at > LOOK_AGAIN_SECONDS:
            task = self._looking.get(key)
            if task is None:
                with acting_as(system_user()):  # other callers use what it finds
                    task = asyncio.create_task(self._take(project, repository))
                self._looking[key] = task
            await asyncio.wait({task}, timeout=WAIT_SECONDS)
        return self._looks.get(key)

    def forget(self, project: str, repository_id: UUID) -> None:
        """Look again at the next call, because the index has changed; a look under way would show what was before."""
        self._looks.pop((project, repository_id), None)
        looking = self._looking.pop((project, repository_id), None)
        if looking is not None:
            looking.cancel()

    async def close(self) -> None:
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, project: str, repository: Repository) -> None:
        key = project, repository.id
        try:
            changed = await self._count_changes(project, repository)
            self._looks[key] = Look(changed, time.monotonic())
        except (MoorageError, OSError):
            self._looks[key] = Look(None, time.monotonic())
        finally:
            if self._looking.get(key) is asyncio.current_task():  # else it was forgotten
                del self._looking[key]

    async def _count_changes(self, project: str, repository: Repository) -> int | None:
        root = Path(repository.folder)
        if not root.is_dir():
            return None
        found = await asyncio.to_thread(scan, root, self.limits)
        async with self.connections.get_project_connection(project) as connection:
            known = await store.file_list(connection, repository.id)
        plan = make_plan(found, known, full=False)
        return len(plan.read) + len(plan.removed)


def file_changed(file: str, size: int, modified_ns: int) -> bool | None:
    """Tell whether a file is not as it was indexed; None when it is gone.

    Args:
        size, modified_ns: as they were then; a time of 0 is not known.
    """
    try:
        status = os.lstat(file)
    except OSError:
        return None
    return status.st_size != size or modified_ns not in (0, status.st_mtime_ns)
