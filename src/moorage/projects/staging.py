"""Databases in the making: filled under a passing name, and renamed to a project's own once they are whole.

A project's database is therefore never half-restored or half-copied. A process that is killed leaves its staging
database behind; nobody holds its lock then, by which `moorage doctor` knows it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import UndefinedTable, translated
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import Connection, connected
from moorage.core.postgres.vectors import load_vectors
from moorage.projects import store
from moorage.projects.errors import DatabaseTaken
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner, close_to_public, create_database, drop_database
from moorage.projects.sessions import kept_free

STAGING_PREFIX = "moorage_staging_"
# https://www.postgresql.org/docs/current/sql-createdatabase.html: WAL_LOG, the default since 15, writes every page to
# the log as well; FILE_COPY makes two checkpoints instead. On 2 cores they took .8 and .25 s for 100 MB, 13 and .9 s
# for 1.5 GB.
FIRST_WITH_STRATEGIES = 15
FILE_COPY_FROM_BYTES = 30_000_000


@asynccontextmanager
async def staged(provisioner: Provisioner, *, template: str = "template0") -> AsyncGenerator[str]:
    """Make a database under a passing name and yield that name; dropped at the end unless it was put in place.

    Args:
        template: the database it is a copy of. Nobody may be connected to that one.
    """
    name = f"{STAGING_PREFIX}{uuid4().hex}"
    async with provisioner.registry_transaction() as lock_holder:
        await store.staging_lock_in(lock_holder, name)
        try:
            async with provisioner.maintenance() as server:
                await create_database(server, name, template=template, strategy=await _strategy(server, template))
                await close_to_public(server, name)
            yield name
        finally:
            async with provisioner.maintenance() as server:
                await drop_database(server, name)


async def _strategy(server: Connection, template: str) -> str | None:
    """Return how a database is copied fastest; None leaves it to the server, which knows one way only before 15."""
    if server.get_server_version().major < FIRST_WITH_STRATEGIES:
        return None
    sizes = await store.database_sizes(server, [template])
    return "FILE_COPY" if sizes.get(template, 0) >= FILE_COPY_FROM_BYTES else None


async def write_identity(provisioner: Provisioner, database_name: str, project: Project) -> None:
    """Write into a copied database that it is `project`'s, whosever it was before, and let each line settle in it."""
    async with connected(provisioner.address, database_name) as connection:
        with translated(f"writing whose database {database_name!r} is"):
            async with connection.transaction():
                await store.identity_replace(connection, project.id)
                for line in provisioner.lines:
                    if line.after_copying:
                        await connection.execute(line.after_copying)


async def owner_of(provisioner: Provisioner, database_name: str) -> UUID | None:
    """Return the id of the project that a database says it belongs to; None when it says nothing."""
    with translated(f"reading whose database {database_name!r} is"):
        async with connected(provisioner.address, database_name) as connection:
            return await owner_on(connection)


async def owner_on(connection: Connection) -> UUID | None:
    """Return what `owner_of` does, over a connection to the database."""
    try:
        return await store.identity_get(connection)
    except UndefinedTable:
        return None


async def refuse_foreign(provisioner: Provisioner, project: Project) -> None:
    """Refuse when the database that has the project's name is not the project's.

    Raises:
        DatabaseTaken.
    """
    with translated(f"reading whose database {project.database_name!r} is"):
        async with connected(provisioner.address, project.database_name) as connection:
            await refuse_foreign_on(connection, project)


async def refuse_foreign_on(connection: Connection, project: Project) -> None:
    """Do what `refuse_foreign` does, over a connection to the database."""
    if await owner_on(connection) != project.id:
        raise DatabaseTaken(
            f"the database {project.database_name!r} does not belong to project {project.name!r}",
            hint="`moorage doctor` tells whose it is; rename or drop it first.",
            database=project.database_name,
        )


async def put_in_place(server: Connection, staging: str, project: Project) -> None:
    """Rename a staged database to the project's own.

    Args:
        server: a maintenance connection to the server both names are on.

    Raises:
        AlreadyThere: the project's database exists; drop or rename it first.
    """
    with translated(f"putting the database of project {project.name!r} in place"):
        await server.execute(
            f"ALTER DATABASE {quote_identifier(staging)} RENAME TO {quote_identifier(project.database_name)}"
        )


@asynccontextmanager
async def exchanged(provisioner: Provisioner, staging: str, project: Project, *, force: bool) -> AsyncGenerator[None]:
    """Put a staged database into the place of the project's own, which takes the staged one's name.

    What fails inside has both changed back: there the new database is looked at, and the registry told.

    Args:
        force: also while somebody works in the project.

    Raises:
        ProjectInUse: somebody did not leave in time.
    """
    await _exchange(provisioner, staging, project, force=force)
    try:
        yield
    except BaseException:
        with contextlib.suppress(MoorageError):  # a server that is down drops nothing either
            await _exchange(provisioner, staging, project, force=True)
        raise


async def _exchange(provisioner: Provisioner, staging: str, project: Project, *, force: bool) -> None:
    """Exchange the names of two databases in one transaction: nobody ever finds neither, or the wrong one."""
    own, passing = project.database_name, f"{STAGING_PREFIX}{uuid4().hex}"
    async with kept_free(provisioner, project, force=force), provisioner.maintenance() as server:
        with translated(f"putting another database in the place of {own!r}"):
            async with server.transaction():
                for old, new in ((own, passing), (staging, own), (passing, staging)):
                    await server.execute(f"ALTER DATABASE {quote_identifier(old)} RENAME TO {quote_identifier(new)}")


async def set_database_settings(connection: Connection, settings: Sequence[str]) -> None:
    """Give the database of this connection settings, each as "name=value"; all of them or none.

    Values never become text of a statement, wherever they come from: each is set for the transaction and taken from
    there, also a list such as that of search_path.
    """
    with translated("setting what a database had set"):
        await load_vectors(connection)
        async with connection.transaction():
            for setting in settings:
                name, _, value = setting.partition("=")
                await connection.execute(await store.setting_statement_in(connection, name, value))


async def is_abandoned(registry: Connection, staging: str) -> bool:
    """Tell whether no process works at this staging database any more."""
    async with registry.transaction():
        return await store.staging_is_unlocked_in(registry, staging)
