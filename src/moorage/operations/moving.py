"""Moving a project to another PostgreSQL server: read-only meanwhile, compared before it is switched over.

The registry's row is the truth: until it names the new server the old database is the project, and a move that was
interrupted is repeated from the beginning. The copy is dropped whole, or takes the project's name whole.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from moorage.core.errors import MoorageError
from moorage.core.postgres.pools import Connection
from moorage.core.values import Value
from moorage.operations.copying import copy_database
from moorage.operations.errors import MoveRefused
from moorage.operations.restore.filling import template_for_dumps
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import READABLE_STATES, Project, ProjectState
from moorage.projects.provisioning import Provisioner, drop_database
from moorage.projects.roles import drop_roles, grant_again
from moorage.projects.sessions import end_sessions, make_read_only, make_writable, refuse_when_used
from moorage.projects.staging import put_in_place, refuse_foreign, staged, write_identity
from moorage.projects.states import not_ready
from moorage.projects.transitions import enter


class MovedProject(Value):
    """What a move did.

    Attributes:
        moved: False when the project was there already.
        rows: of all tables, compared between both servers.
        old_database: "dropped", or why it is still there, for `moorage doctor` to drop.
    """

    project_name: str
    from_server: str
    to_server: str
    moved: bool
    rows: int = 0
    old_database: str = ""


async def move_project(
    connections: ProjectConnectionManager,
    name: str,
    *,
    to: str,
    force: bool = False,
    jobs: int = 1,
    programs_folder: Path | None = None,
) -> MovedProject:
    """Move a project's database to another server; repeating the call finishes an interrupted move.

    Reading goes on while it is copied; writing is refused until it has moved.

    Args:
        force: also while somebody works in it; their transactions roll back.
        jobs: how many tables are restored at once.

    Raises:
        ProjectNotFound, ServerUnknown, ServerDown, ProjectInUse.
        ProjectNotReady: it is being made, copied or deleted.
        MoveRefused: the new server lacks an extension that the project's tables need.
        CopyDiffers: the copy is not the same; the project stays where it is.
    """
    project = await connections.find_project(name)
    if project.state not in READABLE_STATES:
        raise not_ready(project)
    target = connections.servers[to].provisioner
    if project.server == to:
        return MovedProject(project_name=name, from_server=to, to_server=to, moved=False)
    move = _Move(connections, connections.provisioner_of(project), target, jobs, programs_folder)
    async with move.source.claimed(project.name):
        moved = await move.run(await connections.find_project(name), force=force)
    await drop_roles(move.source, project)  # roles live on a server; those of the new one are given their grants
    await grant_again(target, project)
    return moved


@dataclass(frozen=True)
class _Move:
    connections: ProjectConnectionManager
    source: Provisioner
    target: Provisioner
    jobs: int
    programs_folder: Path | None

    async def run(self, project: Project, *, force: bool) -> MovedProject:
        if not force:
            await self.connections.forget(project)
            await refuse_when_used(self.source, project)
        try:
            await self._begin(project)
            rows = await self._copy(project)
            await self._switch_over(project)
        except BaseException:
            with contextlib.suppress(MoorageError):  # what cannot be taken back now, repeating the move or doctor does
                await self._take_back(project)
            raise
        return MovedProject(
            project_name=project.name,
            from_server=self.source.server,
            to_server=self.target.server,
            moved=True,
            rows=rows,
            old_database=await self._drop_old(project),
        )

    async def _begin(self, project: Project) -> None:
        """Let nobody write any more: what is copied from now on is all there is."""
        async with self.source.maintenance() as server:
            await make_read_only(server, project.database_name)
            if project.state is ProjectState.READY:
                await enter(self.connections, project, ProjectState.MOVING, from_states=[ProjectState.READY])
            await end_sessions(server, project.database_name)

    async def _copy(self, project: Project) -> int:
        """Bring a compared copy under the project's name on the new server; return its rows."""
        async with staged(self.target, template=await template_for_dumps(self.target)) as staging:
            copied = await copy_database(
                self.source,
                project.database_name,
                self.target,
                staging,
                jobs=self.jobs,
                programs_folder=self.programs_folder,
            )
            if copied.tables_left_out:
                raise MoveRefused(
                    f"the server {self.target.server!r} has no pgvector, which"
                    f" {', '.join(sorted(copied.tables_left_out))} of project {project.name!r} need",
                    hint="Install pgvector there, or move the project to another server.",
                    server=self.target.server,
                )
            await write_identity(self.target, staging, project)
            async with self.target.maintenance() as server:
                await self._drop_leftover(server, project)
                if project.state is ProjectState.ARCHIVED:
                    await make_read_only(server, staging)
                await put_in_place(server, staging, project)
        return sum(copied.tables.values())

    async def _drop_leftover(self, server: Connection, project: Project) -> None:
        """Drop what an interrupted move put in place; a database of somebody else is refused."""
        if await store.database_state(server, project.database_name) is not None:
            await refuse_foreign(self.target, project)
            await drop_database(server, project.database_name)

    async def _switch_over(self, project: Project) -> None:
        with self.connections.registry() as registry:
            placed = await store.project_place(
                registry, project.id, from_server=self.source.server, to_server=self.target.server
            )
        if placed is None:
            raise not_ready(await self.connections.find_project(project.name))

    async def _take_back(self, project: Project) -> None:
        now = await self.connections.find_project(project.name)
        if now.server != self.source.server or project.state is ProjectState.ARCHIVED:
            return
        async with self.source.maintenance() as server:
            await make_writable(server, project.database_name)
        await enter(self.connections, project, ProjectState.READY, from_states=[ProjectState.MOVING])

    async def _drop_old(self, project: Project) -> str:
        try:
            async with self.source.maintenance() as server:
                await drop_database(server, project.database_name)
        except MoorageError as error:
            return error.message
        return "dropped"
