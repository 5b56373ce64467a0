"""Upgrading the tables of all projects: in parallel, resumable, each project by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from moorage.core.errors import MoorageError
from moorage.projects.models import Project, ProjectState
from moorage.projects.service import MAX_PAGE, ProjectService

AT_ONCE = 4


class MigratedProject(BaseModel):
    """What happened to one project."""

    model_config = ConfigDict(frozen=True)

    project_name: str
    outcome: Literal["current", "migrated", "skipped", "failed"]
    detail: str = ""


class MigrationReport(BaseModel):
    """What happened to all projects, in the order of their names."""

    model_config = ConfigDict(frozen=True)

    projects: tuple[MigratedProject, ...]

    @property
    def failed(self) -> bool:
        return any(each.outcome == "failed" for each in self.projects)


async def migrate_all(
    projects: ProjectService, *, on_project: Callable[[MigratedProject], None] | None = None
) -> MigrationReport:
    """Bring every ready project to the newest tables; one that fails does not stop the others.

    Repeating the call after an interruption finds the migrated ones current and goes on with the rest.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(project: Project) -> MigratedProject:
        async with gate:
            migrated = await _migrate(projects, project)
        if on_project is not None:
            on_project(migrated)
        return migrated

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(project)) async for project in _all(projects)]
    return MigrationReport(projects=tuple(task.result() for task in tasks))


async def _migrate(projects: ProjectService, project: Project) -> MigratedProject:
    if project.state is not ProjectState.READY:
        return MigratedProject(project_name=project.name, outcome="skipped", detail=project.state.value)
    try:
        moved = await projects.connections.provisioner_of(project).migrate_database(project)
    except MoorageError as error:
        return MigratedProject(project_name=project.name, outcome="failed", detail=error.message)
    detail = ", ".join(f"{line} from {before or 'nothing'}" for line, before in moved.items())
    return MigratedProject(project_name=project.name, outcome="migrated" if moved else "current", detail=detail)


async def _all(projects: ProjectService) -> AsyncIterator[Project]:
    after: str | None = ""
    while after is not None:
        page = await projects.list(after=after, limit=MAX_PAGE)
        for project in page.projects:
            yield project
        after = page.next_after
