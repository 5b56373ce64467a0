"""Bringing a finished database under its project's name: into a free place, or in exchange for the one there is."""

from __future__ import annotations

import contextlib
from uuid import UUID

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import ObjectInUse, UndefinedTable, translated
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import Connection, connect
from moorage.operations.restore import store as restore_store
from moorage.operations.restore.models import PlannedProject
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import DatabaseTaken
from moorage.projects.models import Project, ProjectState
from moorage.projects.provisioning import Provisioner
from moorage.projects.sessions import end_sessions, make_read_only, refuse_when_used
from moorage.projects.staging import put_in_place
from moorage.projects.states import not_ready

# Somebody may connect between the end of the old sessions and the exchange; PostgreSQL itself waits 5 s each time.
EXCHANGE_ATTEMPTS = 3


async def place_database(
    connections: ProjectConnectionManager, staging: str, planned: PlannedProject, *, force: bool
) -> Project:
    """Give the project its finished database; return its row as it is then.

    A database it has already takes the staging one's name in the same transaction, and is dropped with it.

    Args:
        force: also while somebody works in the project that is replaced.

    Raises:
        ProjectInUse, DatabaseTaken. ProjectNotReady: it was deleted meanwhile. The old one is in its place again then.
    """
    project = planned.project
    provisioner = connections.provisioner_of(project)
    if planned.living is not None:
        await connections.forget(planned.living)
        if not force:
            await refuse_when_used(provisioner, planned.living)
    async with provisioner.maintenance() as server:
        if project.state is ProjectState.ARCHIVED:
            await make_read_only(server, staging)
        if await store.database_state(server, project.database_name) is None:
            await put_in_place(server, staging, project)
            return await _enter(connections, planned)
        await refuse_foreign_database(provisioner, project)
        await _exchange(server, staging, project.database_name)
        try:
            await refuse_foreign_database(provisioner, project)  # it answers, and is the project's
            return await _enter(connections, planned)
        except BaseException:
            with contextlib.suppress(MoorageError):  # a server that is down drops nothing either
                await _exchange(server, staging, project.database_name)
            raise


async def refuse_foreign_database(provisioner: Provisioner, project: Project) -> None:
    """Refuse when the database that has the project's name is not the project's.

    Raises:
        DatabaseTaken.
    """
    if await owner_of(provisioner, project.database_name) != project.id:
        raise DatabaseTaken(
            f"the database {project.database_name!r} does not belong to project {project.name!r}",
            hint="`moorage doctor` tells whose it is; rename or drop it, or restore under another name with --as.",
            database=project.database_name,
        )


async def owner_of(provisioner: Provisioner, database_name: str) -> UUID | None:
    """Return the id of the project that a database says it belongs to; None when it says nothing."""
    with translated(f"reading whose database {database_name!r} is"):
        connection = await connect(provisioner.address, database_name)
        try:
            return await store.identity_get(connection)
        except UndefinedTable:
            return None
        finally:
            await connection.close()


async def _exchange(server: Connection, staging: str, database_name: str) -> None:
    """Let two databases take each other's names, in one transaction; who is in them is sent away."""
    for _ in range(EXCHANGE_ATTEMPTS - 1):
        with contextlib.suppress(ObjectInUse):
            return await _exchange_once(server, staging, database_name)
    return await _exchange_once(server, staging, database_name)


async def _exchange_once(server: Connection, staging: str, database_name: str) -> None:
    passing = f"{staging}_old"
    await end_sessions(server, database_name)
    await end_sessions(server, staging)
    with translated(f"putting the database {database_name!r} in place"):
        async with server.transaction():
            for name, new_name in ((database_name, passing), (staging, database_name), (passing, staging)):
                await server.execute(f"ALTER DATABASE {quote_identifier(name)} RENAME TO {quote_identifier(new_name)}")


async def _enter(connections: ProjectConnectionManager, planned: PlannedProject) -> Project:
    """Tell the registry that the project is whole: every process opens new connections to it."""
    project = planned.project
    before = ProjectState.COPYING if planned.living is None else project.state
    with connections.registry() as pool:
        async with pool.acquire() as registry, registry.transaction():
            await restore_store.tombstone_delete(registry, project.id)
            entered = await store.project_set_state(registry, project.id, project.state, from_states=[before])
            if entered is None:
                raise not_ready(await connections.find_project(project.name))
    return entered
