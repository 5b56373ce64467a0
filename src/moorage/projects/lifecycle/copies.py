"""Copies of projects: clones, snapshots, and a project put back to what a snapshot of it holds.

A copy is made by PostgreSQL from the files of the original, under a passing name; it gets the project's name once it is
whole. While the files are copied nobody is connected to the original: who comes meanwhile waits.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from moorage.core.access import current_caller
from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.postgres.pools import connected
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.describing import refuse_unseen
from moorage.projects.errors import NameTaken, NotASnapshot, NotConfirmed
from moorage.projects.models import Project, ProjectState, database_name_of, parse_project_name, snapshot_name
from moorage.projects.provisioning import Provisioner
from moorage.projects.roles import grant_again
from moorage.projects.sessions import kept_free, make_read_only, refuse_when_used
from moorage.projects.staging import (
    exchanged,
    put_in_place,
    set_database_settings,
    staged,
    write_identity,
)
from moorage.projects.states import read_only, standing
from moorage.projects.transitions import enter


class ProjectCopies:
    """Clone projects, take snapshots of them, and roll back to one."""

    def __init__(self, connections: ProjectConnectionManager) -> None:
        self._connections = connections

    async def clone(self, source_name: str, new_name: str, *, force: bool = False) -> Project:
        """Make a project with all that another holds; it belongs to no folder.

        Args:
            force: also while somebody works in the source; their transactions roll back.

        Raises:
            ProjectNotFound, ProjectNotReady, ProjectInUse: of the source.
            InvalidProjectName, NameTaken: of the new one.
        """
        source = standing(await self._connections.find_project(source_name))
        return await self._copy(source, new_name, ProjectState.READY, force=force)

    async def snapshot(self, name: str, *, label: str | None = None, force: bool = False) -> Project:
        """Keep what a project holds now as an archived copy; its name ends in the label, or in the time in UTC.

        Raises:
            As `clone`.
        """
        source = standing(await self._connections.find_project(name))
        taken = label or datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
        return await self._copy(source, snapshot_name(name, taken), ProjectState.ARCHIVED, force=force)

    async def snapshots(self, name: str) -> Sequence[Project]:
        """Return the snapshots of a project, the newest first."""
        project = await self._connections.find_project(name)
        with self._connections.registry() as registry:
            return await store.project_snapshots(registry, project.id)

    async def rollback(self, name: str, *, to: str, confirm: str, force: bool = False) -> Project:
        """Put a project back to what a snapshot of it holds; what it held until now is dropped.

        Args:
            confirm: the project's name once more.
            force: also while somebody works in it; their transactions roll back.

        Raises:
            ProjectNotFound, ProjectNotReady, ProjectArchived, NotASnapshot, NotConfirmed, ProjectInUse.
        """
        async with self._connections.provisioner.claimed(name):
            project = await self._connections.find_project(name)
            snapshot = standing(await self._connections.find_project(to))
            _refuse_unfit(project, snapshot, confirm)
            await self._make_free(project, force=force)
            await self._connections.forget(snapshot)
            provisioner = self._connections.provisioner_of(project)
            async with (
                self._copied(snapshot, project, force=force) as staging,
                exchanged(provisioner, staging, project, force=force),
            ):
                await _answers(provisioner, project)
                rolled_back = await enter(
                    self._connections, project, ProjectState.READY, from_states=[ProjectState.READY]
                )
        await grant_again(provisioner, project)
        return rolled_back

    async def _copy(self, source: Project, new_name: str, state: ProjectState, *, force: bool) -> Project:
        parse_project_name(new_name)
        refuse_unseen(new_name)
        provisioner = self._connections.provisioner_of(source)
        await self._make_free(source, force=force)
        async with provisioner.claimed(new_name):
            await _refuse_taken_database(provisioner, new_name)
            copy = await self._begin(source, new_name, is_snapshot=state is ProjectState.ARCHIVED)
            async with (
                self._forgotten_on_failure(provisioner, copy),
                self._copied(source, copy, force=force) as staging,
                provisioner.maintenance() as server,
            ):
                if state is ProjectState.ARCHIVED:
                    await make_read_only(server, staging)
                await put_in_place(server, staging, copy)
            return await enter(self._connections, copy, state, from_states=[ProjectState.COPYING])

    async def _make_free(self, project: Project, *, force: bool) -> None:
        await self._connections.forget(project)
        if not force:
            await refuse_when_used(self._connections.provisioner_of(project), project)

    async def _begin(self, source: Project, new_name: str, *, is_snapshot: bool) -> Project:
        """Put the copy into the registry; one whose process was killed is begun anew.

        Raises:
            NameTaken: a project has it.
        """
        with self._connections.registry() as registry:
            copy = await store.project_begin_copy(
                registry,
                source.id,
                name=new_name,
                is_snapshot=is_snapshot,
                created_by=current_caller().name,
            )
        if copy is None:
            raise NameTaken(
                f"there is a project {new_name!r} already",
                hint="Choose another name; list_projects shows those in use.",
                project_name=new_name,
            )
        return copy

    @asynccontextmanager
    async def _copied(self, source: Project, target: Project, *, force: bool) -> AsyncGenerator[str]:
        """Copy the source's database under a passing name and write into it that it is the target's."""
        provisioner = self._connections.provisioner_of(source)
        async with AsyncExitStack() as stack:
            async with kept_free(provisioner, source, force=force):
                staging = await stack.enter_async_context(staged(provisioner, template=source.database_name))
            await write_identity(provisioner, staging, target)
            await _copy_settings(provisioner, source, staging)
            yield staging

    @asynccontextmanager
    async def _forgotten_on_failure(self, provisioner: Provisioner, copy: Project) -> AsyncGenerator[None]:
        """Take the copy out of the registry when it could not be made; one that is in place is left to the doctor."""
        try:
            yield
        except BaseException:
            with contextlib.suppress(MoorageError):
                await _refuse_taken_database(provisioner, copy.name)
                with self._connections.registry() as registry:
                    await store.project_discard(registry, [copy.name])
            raise


async def _refuse_taken_database(provisioner: Provisioner, name: str) -> None:
    database_name = database_name_of(name)
    async with provisioner.maintenance() as server:
        is_there = await store.database_state(server, database_name) is not None
    if is_there:
        raise NameTaken(
            f"there is a database {database_name!r} already",
            hint="Choose another name. If no project has it, `moorage doctor` tells what it is and mends it.",
            project_name=name,
        )


async def _copy_settings(provisioner: Provisioner, source: Project, staging: str) -> None:
    async with connected(provisioner.address, staging) as connection:
        with translated(f"copying the settings of project {source.name!r}"):
            await set_database_settings(connection, await store.database_settings(connection, source.database_name))


async def _answers(provisioner: Provisioner, project: Project) -> None:
    """Check that the project's database can be entered, is its own, and lacks no tables."""
    async with connected(provisioner.address, project.database_name) as connection:
        with translated(f"looking into project {project.name!r}"):
            await provisioner.refuse_lost_lines(connection, project)


def _refuse_unfit(project: Project, snapshot: Project, confirm: str) -> None:
    if project.state is not ProjectState.READY:
        raise read_only(project)
    if snapshot.snapshot_of != project.id or snapshot.server != project.server:
        raise NotASnapshot(
            f"{snapshot.name!r} is no snapshot of {project.name!r}"
            + ("" if snapshot.server == project.server else f" on the server {project.server!r}"),
            hint=f"`moorage project snapshots {project.name}` lists them.",
            project_name=project.name,
        )
    if confirm != project.name:
        raise NotConfirmed(
            f"rolling back project {project.name!r} destroys what was written to it since {snapshot.created_at:%F %T}",
            hint=f"Repeat the call with confirm={project.name!r} to go on.",
            project_name=project.name,
        )
