"""Databases without a project: put back into the registry, or dropped, each by its name and by a person only."""

from __future__ import annotations

from uuid import UUID

from moorage.core.postgres.errors import translated
from moorage.core.postgres.pools import Connection
from moorage.operations.doctor import store
from moorage.operations.doctor.errors import DatabaseOfProject, NoSuchDatabase, NotAdoptable
from moorage.projects import store as registry_store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import NotConfirmed
from moorage.projects.models import DATABASE_PREFIX, ProjectName, parse_project_name
from moorage.projects.provisioning import TEMPLATE_PREFIX, Provisioner, drop_database
from moorage.projects.staging import STAGING_PREFIX, is_abandoned, owner_of


async def adopt(
    connections: ProjectConnectionManager, database_name: str, *, server: str, created_by: str
) -> ProjectName:
    """Make a project of a database that says whose it was; return its name.

    Raises:
        NoSuchDatabase, DatabaseOfProject, NotAdoptable.
    """
    provisioner = connections.servers[server].provisioner
    await _refuse_unless_there(provisioner, database_name, prefixes=(DATABASE_PREFIX,))
    name = parse_project_name(database_name.removeprefix(DATABASE_PREFIX))
    with translated(f"adopting {database_name!r}"):
        async with provisioner.registry_transaction() as registry:
            await registry_store.project_lock_in(registry, name)
            await _refuse_when_placed(registry, name, database_name, server)
            owner = await _owner(provisioner, database_name)
            if not await store.project_adopt(
                registry, owner, name, database_name, server=server, created_by=created_by
            ):
                raise NotAdoptable(
                    f"the database {database_name!r} holds the data of a project that is in the registry",
                    hint="It is a copy of that project's database, or the name is taken; rename it or drop it.",
                    database=database_name,
                )
    return name


async def drop(connections: ProjectConnectionManager, database_name: str, *, server: str, confirm: str) -> None:
    """Drop a database of Moorage's that no project has.

    Args:
        confirm: the name once more.

    Raises:
        NotConfirmed, NoSuchDatabase, DatabaseOfProject.
    """
    if confirm != database_name:
        raise NotConfirmed(
            f"dropping {database_name!r} deletes what is in it for good",
            hint="Type the name of the database to go on.",
            database=database_name,
        )
    provisioner = connections.servers[server].provisioner
    await _refuse_unless_there(provisioner, database_name, prefixes=(DATABASE_PREFIX, STAGING_PREFIX, TEMPLATE_PREFIX))
    with translated(f"dropping {database_name!r}"):
        async with provisioner.registry_transaction() as registry:
            await _refuse_when_used(registry, database_name, server)
            async with provisioner.maintenance() as maintenance:
                await drop_database(maintenance, database_name)


async def _refuse_unless_there(provisioner: Provisioner, database_name: str, *, prefixes: tuple[str, ...]) -> None:
    """Refuse the names of databases that were never Moorage's, and of those that are not there."""
    async with provisioner.maintenance() as server:
        known = await store.database_list(server, registry_database=provisioner.registry_database)
    if database_name not in known or not database_name.startswith(prefixes):
        raise NoSuchDatabase(
            f"the server {provisioner.server!r} has no database {database_name!r} without a project",
            hint="`moorage doctor` lists those there are; --server names another server.",
            database=database_name,
        )


async def _refuse_when_used(registry: Connection, database_name: str, server: str) -> None:
    """Take the lock of whoever could work at the database, and refuse when it is a project's or being filled."""
    if database_name.startswith(DATABASE_PREFIX):
        name = database_name.removeprefix(DATABASE_PREFIX)
        await registry_store.project_lock_in(registry, name)
        await _refuse_when_placed(registry, name, database_name, server)
    elif database_name.startswith(STAGING_PREFIX) and not await is_abandoned(registry, database_name):
        raise DatabaseOfProject(
            f"a restore, clone or move fills {database_name!r} just now",
            hint="Wait until it ends; it drops the database itself.",
            database=database_name,
        )


async def _refuse_when_placed(registry: Connection, name: str, database_name: str, server: str) -> None:
    project = await registry_store.project_by_name(registry, name)
    if project is not None and project.server == server:
        raise DatabaseOfProject(
            f"{database_name!r} is the database of project {name!r}, which is {project.state.value}",
            hint=f"`moorage project delete {name}` deletes a project with its database.",
            database=database_name,
            project_name=name,
        )


async def _owner(provisioner: Provisioner, database_name: str) -> UUID:
    """Return whose the database says it is."""
    owner = await owner_of(provisioner, database_name)
    if owner is None:
        raise NotAdoptable(
            f"the database {database_name!r} does not say which project it was",
            hint="It was not made by Moorage, or was never finished; rename it, or drop it with --drop.",
            database=database_name,
        )
    return owner
