"""Upgrading the tables of all projects: several at once, resumable, each project whole or as it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Literal

from moorage.core.errors import MoorageError
from moorage.core.values import Value
from moorage.projects import store
from moorage.projects.models import Project
from moorage.projects.service import ProjectService
from moorage.projects.states import STANDING_STATES

AT_ONCE = 8


class MigratedProject(Value):
    """What happened to one project; "pending" is what would happen."""

    project_name: str
    outcome: Literal["current", "pending", "migrated", "skipped", "failed"]
    detail: str = ""


class MigrationReport(Value):
    """What happened to all projects, in the order of their names."""

    projects: tuple[MigratedProject, ...]

    @property
    def failed(self) -> bool:
        return any(each.outcome == "failed" for each in self.projects)

    @property
    def counts(self) -> dict[str, int]:
        """How many projects had each outcome; those that none had are absent."""
        return dict(Counter(each.outcome for each in self.projects))


async def migrate_all(
    projects: ProjectService,
    *,
    dry_run: bool = False,
    at_once: int = AT_ONCE,
    on_project: Callable[[int], None] | None = None,
) -> MigrationReport:
    """Bring every ready or archived project to the newest tables; one that fails does not stop the others.

    Repeating the call after an interruption finds the migrated ones current and goes on with the rest.

    Args:
        dry_run: only tell which would move.
        at_once: how many databases are worked at; each costs one connection.
        on_project: told how many projects there are each time one is done.
    """
    with projects.connections.registry() as registry:
        every = await store.project_list(registry)
    gate = asyncio.Semaphore(at_once)

    async def one(project: Project) -> MigratedProject:
        async with gate:
            migrated = await _migrate(projects, project, dry_run=dry_run)
        if on_project is not None:
            on_project(len(every))
        return migrated

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(project)) for project in every]
    return MigrationReport(projects=tuple(task.result() for task in tasks))


async def _migrate(projects: ProjectService, project: Project, *, dry_run: bool) -> MigratedProject:
    if project.state not in STANDING_STATES:
        return MigratedProject(project_name=project.name, outcome="skipped", detail=project.state.value)
    try:
        provisioner = projects.connections.provisioner_of(project)
        moved = await (provisioner.pending(project) if dry_run else provisioner.migrate_database(project))
    except MoorageError as error:
        return MigratedProject(project_name=project.name, outcome="failed", detail=error.message)
    detail = ", ".join(f"{line} from {before or 'nothing'}" for line, before in moved.items())
    moves: Literal["pending", "migrated"] = "pending" if dry_run else "migrated"
    return MigratedProject(project_name=project.name, outcome=moves if moved else "current", detail=detail)
