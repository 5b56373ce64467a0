"""Making and dropping the databases behind projects, each step safe to repeat after a crash."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import AlreadyThere, DatabaseMissing, NotPermitted, translated
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.migrations import MigrationLine, migrate, version_of
from moorage.core.postgres.pools import Connection, connect
from moorage.projects import store
from moorage.projects.errors import DatabaseTaken, ProjectNotReady
from moorage.projects.models import Project, ProjectState

REGISTRY_LINE = MigrationLine(
    "registry", schema="public", package="moorage.projects", folder="migrations/registry",
    version_table="moorage_schema_version",
)  # fmt: skip
IDENTITY_LINE = MigrationLine("projects", schema="moorage", package="moorage.projects", folder="migrations/project")
MAINTENANCE_DATABASE = "postgres"


@dataclass(frozen=True)
class Provisioner:
    """Makes project databases on one server from a template that is migrated once.

    Attributes:
        registry_database: also where the locks are taken.
        lines: the migration lines of a project database, identity first.
    """

    address: Address
    registry_database: str
    lines: tuple[MigrationLine, ...]

    @property
    def template_name(self) -> str:
        """The template's name holds the heads of all lines, so a newer program makes another one."""
        heads = " ".join(line.head for line in self.lines)
        return f"moorage_template_{hashlib.sha256(heads.encode()).hexdigest()[:12]}"

    async def ensure_registry(self) -> None:
        """Make the registry database and bring its table up to date.

        Raises:
            SchemaIsNewer: a newer Moorage has migrated it.
        """
        try:
            with translated(f"connecting to {self.registry_database!r} on {self.address.label}"):
                connection = await connect(self.address, self.registry_database)
        except DatabaseMissing:
            await self._create_database(self.registry_database)
            connection = await connect(self.address, self.registry_database)
        try:
            current = REGISTRY_LINE.is_current(await version_of(connection, REGISTRY_LINE))
        finally:
            await connection.close()
        if not current:
            await migrate(self.address, self.registry_database, (REGISTRY_LINE,))

    async def ensure_database(self, project: Project) -> None:
        """Make the project's database unless it is there, and write into it whose it is.

        Raises:
            DatabaseTaken: a database of this name exists and is not this project's.
            ProjectNotReady: the project was deleted meanwhile; a database made now would belong to nobody.
        """
        async with self._locked(project) as lock_holder:
            await _refuse_when_deleted(lock_holder, project)
            if await store.database_state(lock_holder, project.database_name) is None:
                await self._create_from_template(lock_holder, project.database_name)
            await self._ensure_identity(project)

    async def migrate_database(self, project: Project) -> dict[str, str]:
        """Bring one project's database to the head of every line; return the lines that moved."""
        with translated(f"migrating project {project.name!r}"):
            return await migrate(self.address, project.database_name, self.lines)

    async def drop_database(self, project: Project) -> None:
        """Drop the project's database, whoever is in it; nothing happens when there is none."""
        async with self._locked(project):
            await self._maintain(f"DROP DATABASE IF EXISTS {quote_identifier(project.database_name)} WITH (FORCE)")

    @asynccontextmanager
    async def _locked(self, project: Project) -> AsyncGenerator[Connection]:
        """Keep other processes from making or dropping this project's database; yield who holds the lock."""
        connection = await connect(self.address, self.registry_database)
        try:
            async with connection.transaction():
                await store.project_lock_in(connection, project.name)
                yield connection
        finally:
            await connection.close()

    async def _create_from_template(self, lock_holder: Connection, database_name: str) -> None:
        await self._ensure_template(lock_holder)
        await self._create_database(database_name, template=self.template_name)

    async def _ensure_template(self, lock_holder: Connection) -> None:
        """Make the template once; it is finished when it takes no connections any more."""
        await store.template_lock_in(lock_holder)
        state = await store.database_state(lock_holder, self.template_name)
        if state is False:
            return
        template = quote_identifier(self.template_name)
        if state is True:  # a crash left it half-made
            await self._maintain(f"DROP DATABASE {template} WITH (FORCE)")
        await self._create_database(self.template_name)
        await self._ensure_vector_extension(self.template_name)
        await migrate(self.address, self.template_name, self.lines)
        await self._maintain(f"ALTER DATABASE {template} ALLOW_CONNECTIONS false")

    async def _ensure_vector_extension(self, database: str) -> None:
        """Add pgvector where the server has it; without it everything but search by meaning works."""
        connection = await connect(self.address, database)
        try:
            available = await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
            if available:
                with translated("adding the extension vector"):
                    await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except NotPermitted:
            pass  # not a trusted extension: an administrator adds it, and indexing says so
        finally:
            await connection.close()

    async def _ensure_identity(self, project: Project) -> None:
        connection = await connect(self.address, project.database_name)
        try:
            with translated(f"reading whose database {project.database_name!r} is"):
                await store.identity_insert(connection, project.id)
                owner = await store.identity_get(connection)
        finally:
            await connection.close()
        if owner != project.id:
            raise DatabaseTaken(
                f"the database {project.database_name!r} belongs to another project",
                hint="Rename or drop that database, or choose another project name.",
                database=project.database_name,
            )

    async def _create_database(self, name: str, *, template: str | None = None) -> None:
        """Make a database; one that another process makes at the same time is as good."""
        statement = f"CREATE DATABASE {quote_identifier(name)}"
        if template is not None:
            statement += f" TEMPLATE {quote_identifier(template)}"
        with contextlib.suppress(AlreadyThere):
            await self._maintain(statement, unless_exists=name)

    async def _maintain(self, statement: str, *, unless_exists: str | None = None) -> None:
        """Run a statement that PostgreSQL refuses inside a transaction, on a connection of its own."""
        with translated("maintaining databases"):
            connection = await connect(self.address, MAINTENANCE_DATABASE)
            try:
                if unless_exists is None or await store.database_state(connection, unless_exists) is None:
                    await connection.execute(statement)
            finally:
                await connection.close()


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
