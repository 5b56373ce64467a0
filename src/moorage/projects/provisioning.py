"""Making and dropping the databases behind projects, each step safe to repeat after a crash."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import (
    AlreadyThere,
    DatabaseMissing,
    NotPermitted,
    ServerUnavailable,
    needing,
    translated,
)
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.migrations import (
    MigrationLine,
    lock_migrations_in,
    migrate,
    migrate_in,
    pending_in,
    version_of,
)
from moorage.core.postgres.pools import Connection, connected
from moorage.projects import store
from moorage.projects.errors import DatabaseTaken, ProjectInUse, ProjectNotReady, SchemaMissing, ServerDown
from moorage.projects.models import MAIN_SERVER, Project, ProjectState

REGISTRY_LINE = MigrationLine(
    "registry", schema="public", package="moorage.projects", folder="migrations/registry",
    version_table="moorage_schema_version",
)  # fmt: skip
IDENTITY_LINE = MigrationLine("projects", schema="moorage", package="moorage.projects", folder="migrations/project")
MAINTENANCE_DATABASE = "postgres"
TEMPLATE_PREFIX = "moorage_template_"


@dataclass(frozen=True)
class Provisioner:
    """Makes project databases on one server from a template that is migrated once.

    Attributes:
        address: of the server the databases are on.
        registry_database: also where the locks are taken.
        lines: the migration lines of a project database, identity first.
        server: the server's name in the settings.
        registry_address: of the server with the registry, where that is another one.
    """

    address: Address
    registry_database: str
    lines: tuple[MigrationLine, ...]
    server: str = MAIN_SERVER
    registry_address: Address | None = None

    def on_server(self, server: str, address: Address) -> Provisioner:
        """Return one that makes databases on another server, for the same registry."""
        return replace(self, server=server, address=address, registry_address=self.registry_address or self.address)

    @property
    def template_name(self) -> str:
        """The template's name holds the heads of all lines, so a newer program makes another one."""
        heads = " ".join(line.head for line in self.lines)
        return f"{TEMPLATE_PREFIX}{hashlib.sha256(heads.encode()).hexdigest()[:12]}"

    async def ensure_registry(self) -> None:
        """Make the registry database and bring its table up to date.

        Raises:
            SchemaIsNewer: a newer Moorage has migrated it.
        """
        try:
            with translated(f"connecting to {self.registry_database!r} on {self.address.label}"):
                version = await self._registry_version()
        except DatabaseMissing:
            async with self.maintenance() as server:
                if await create_database(server, self.registry_database):
                    await close_to_public(server, self.registry_database)
            version = await self._registry_version()
        if not REGISTRY_LINE.is_current(version):
            with needing(f"the ownership of {self.registry_database!r}"), translated("upgrading the registry"):
                await migrate(self.address, self.registry_database, (REGISTRY_LINE,))

    async def ensure_database(self, project: Project) -> None:
        """Make the project's database unless it is there, and write into it whose it is.

        Raises:
            DatabaseTaken: a database of this name exists and is not this project's.
            ProjectNotReady: the project was deleted meanwhile; a database made now would belong to nobody.
        """
        async with self.locked(project) as lock_holder, self.maintenance() as server:
            await _refuse_when_deleted(lock_holder, project)
            if await store.database_state(server, project.database_name) is None:
                await self._ensure_template(lock_holder, server)
                await create_database(server, project.database_name, template=self.template_name)
            await close_to_public(server, project.database_name)
            await self._ensure_identity(project)

    async def migrate_database(self, project: Project) -> dict[str, str]:
        """Bring one project's database to the head of every line, or leave it as it was.

        Returns:
            The lines that moved, with the revision each had before ("" for none).

        Raises:
            SchemaMissing: tables that were made once are gone; making them anew, empty, would hide that.
            SchemaIsNewer: a newer Moorage has migrated it.
        """
        async with self._migration(project) as transaction:
            moved = await migrate_in(transaction, self.lines)
            await store.lines_record(transaction, [line.name for line in self.lines])
            return moved

    async def pending(self, project: Project) -> dict[str, str]:
        """Return what `migrate_database` would return, and fail as it would; nothing is changed."""
        async with self._migration(project) as transaction:
            return await pending_in(transaction, self.lines)

    async def refuse_lost_lines(self, connection: Connection, project: Project) -> None:
        """Refuse a database that lacks tables it had; lines that never made theirs are left to migration.

        Raises:
            SchemaMissing: with the schemas that are gone.
        """
        versions = {line: await version_of(connection, line) for line in self.lines}
        made = await store.line_names(connection) if versions[self.lines[0]] else {self.lines[0].name}
        lost = [line.schema for line, version in versions.items() if version is None and line.name in made]
        if lost:
            raise SchemaMissing(
                f"Schema {', '.join(map(repr, lost))} not found in project database {project.database_name!r}",
                hint="Restore it from a backup, or delete the project and create it again.",
                project_name=project.name,
                schemas=lost,
            )

    @asynccontextmanager
    async def maintenance(self) -> AsyncGenerator[Connection]:
        """Lend a connection for statements about databases, which PostgreSQL refuses inside transactions."""
        with server_named(self.server), translated(f"maintaining databases on {self.address.label}"):
            async with connected(self.address, MAINTENANCE_DATABASE) as connection:
                yield connection

    async def drop_database(self, project: Project) -> None:
        """Drop the project's database, whoever is in it; the caller holds its lock."""
        async with self.maintenance() as server:
            await drop_database(server, project.database_name)

    @asynccontextmanager
    async def locked(self, project: Project) -> AsyncGenerator[Connection]:
        """Keep other processes from making or dropping this project's database; yield who holds the lock."""
        async with self.registry_transaction() as connection:
            await store.project_lock_in(connection, project.name)
            yield connection

    @asynccontextmanager
    async def claimed(self, *names: str) -> AsyncGenerator[None]:
        """Do what `locked` does, for work that takes long: who comes second is told and does not wait.

        Raises:
            ProjectInUse: another process makes, copies, restores, moves or deletes some of these projects.
        """
        async with self.registry_transaction() as lock_holder:
            taken = [name for name in names if not await store.project_try_lock_in(lock_holder, name)]
            if taken:
                raise ProjectInUse(
                    f"another process is at work on {', '.join(taken)} as a whole",
                    hint="Repeat the call when that has ended.",
                    projects=taken,
                )
            yield

    @asynccontextmanager
    async def registry_transaction(self) -> AsyncGenerator[Connection]:
        """Lend a connection to the registry with an open transaction, whose locks end with it."""
        address = self.registry_address or self.address
        with translated("holding a lock in the registry"):
            async with connected(address, self.registry_database) as connection:
                await store.patience_set(connection)  # it waits there for as long as the work takes
                async with connection.transaction():
                    yield connection

    @asynccontextmanager
    async def writing(self, database_name: str) -> AsyncGenerator[Connection]:
        """Lend a connection of its own that writes also where the database is read-only."""
        async with connected(self.address, database_name) as connection:
            await connection.execute("SET default_transaction_read_only = off")
            yield connection

    async def _registry_version(self) -> str | None:
        async with connected(self.address, self.registry_database) as connection:
            return await version_of(connection, REGISTRY_LINE)

    @asynccontextmanager
    async def _migration(self, project: Project) -> AsyncGenerator[Connection]:
        """Lend a transaction in the project's database in which nobody else migrates, and nothing was lost."""
        with translated(f"migrating project {project.name!r}"):
            async with connected(self.address, project.database_name) as connection, connection.transaction():
                await connection.execute("SET TRANSACTION READ WRITE")  # an archived project's are not by default
                await lock_migrations_in(connection)
                await self.refuse_lost_lines(connection, project)
                yield connection

    async def _ensure_template(self, lock_holder: Connection, server: Connection) -> None:
        """Make the template once; it is finished when it takes no connections any more."""
        await store.template_lock_in(lock_holder, self.server)
        state = await store.database_state(server, self.template_name)
        if state is False:
            return
        if state is True:  # a crash left it half-made
            await drop_database(server, self.template_name)
        await create_database(server, self.template_name)
        await self._ensure_vector_extension(self.template_name)
        await migrate(self.address, self.template_name, self.lines)
        await server.execute(f"ALTER DATABASE {quote_identifier(self.template_name)} ALLOW_CONNECTIONS false")

    async def _ensure_vector_extension(self, database: str) -> None:
        """Add pgvector where the server has it; without it everything but search by meaning works."""
        async with connected(self.address, database) as connection:
            if not await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
                return
            # Where it is not a trusted extension an administrator adds it, and indexing says so.
            with contextlib.suppress(NotPermitted), translated("adding the extension vector"):
                await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")

    async def _ensure_identity(self, project: Project) -> None:
        async with connected(self.address, project.database_name) as connection:
            with translated(f"reading whose database {project.database_name!r} is"):
                await store.identity_insert(connection, project.id)
                owner = await store.identity_get(connection)
        if owner != project.id:
            raise DatabaseTaken(
                f"the database {project.database_name!r} belongs to another project",
                hint="Rename or drop that database, or choose another project name.",
                database=project.database_name,
            )


@contextmanager
def server_named(server: str, **details: str) -> Generator[None]:
    """Say which server does not answer, where there are several.

    Args:
        details: of the failure: the project concerned, by `project_name`.
    """
    try:
        yield
    except ServerUnavailable as error:
        if server == MAIN_SERVER:
            raise
        holder = f", which project {details['project_name']!r} is on," if "project_name" in details else ""
        raise ServerDown(
            f"the server {server!r}{holder} does not answer",
            hint=f"Projects on other servers work. Start it, or correct postgres.servers.{server}.",
            server=server,
            **details,
        ) from error


async def create_database(
    server: Connection, name: str, *, template: str | None = None, strategy: str | None = None
) -> bool:
    """Make a database unless it is there; return whether it was this call that made it.

    Args:
        strategy: how the template is copied; None leaves it to the server.
    """
    if await store.database_state(server, name) is not None:
        return False
    statement = f"CREATE DATABASE {quote_identifier(name)}"
    if template is not None:
        statement += f" TEMPLATE {quote_identifier(template)}"
    if strategy is not None:
        statement += f" STRATEGY {strategy}"
    right = "CREATEDB" if template is None else f"CREATEDB or the ownership of {template!r}"
    with contextlib.suppress(AlreadyThere), needing(right), translated(f"creating the database {name!r}"):
        await server.execute(statement)
        return True
    return False


async def drop_database(server: Connection, name: str) -> None:
    """Drop a database, whoever is in it; nothing happens when there is none."""
    await server.execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)} WITH (FORCE)")


async def close_to_public(server: Connection, database_name: str) -> None:
    """Let only roles connect that were granted it; PostgreSQL lets every role in by default."""
    await server.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {quote_identifier(database_name)} FROM PUBLIC")


async def _refuse_when_deleted(registry: Connection, project: Project) -> None:
    known = await store.project_by_name(registry, project.name)
    if known is None or known.id != project.id or known.state is ProjectState.DELETING:
        raise ProjectNotReady(
            f"project {project.name!r} was deleted while it was being created",
            hint="Call create_project again to make a new one.",
            project_name=project.name,
        )


def project_lines(lines: Sequence[MigrationLine]) -> tuple[MigrationLine, ...]:
    """Return the lines of a project database: whose it is, then what each system keeps there."""
    return (IDENTITY_LINE, *lines)
