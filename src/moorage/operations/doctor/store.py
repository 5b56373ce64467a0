"""The doctor's statements: rows out as what they describe, nothing decided."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from moorage.core.postgres.pools import APPLICATION_NAME
from moorage.core.postgres.queries import Executor, load_statements
from moorage.core.values import Value

_statements = load_statements("moorage.operations.doctor")


class Database(Value):
    """A database of Moorage's, or one that has such a name, as its server describes it."""

    name: str
    takes_connections: bool
    is_half_dropped: bool
    is_open_to_public: bool
    is_read_only: bool
    may_connect: bool
    checksum_failures: int

    @property
    def lets_in(self) -> bool:
        return self.takes_connections and self.may_connect and not self.is_half_dropped


class IdleSession(Value):
    """A session of Moorage's that sits in an open transaction."""

    pid: int
    database_name: str
    seconds: int


class TableHealth(Value):
    """A table as the statistics collector sees it."""

    schema_name: str
    name: str
    live_rows: int
    dead_rows: int
    is_analysed: bool


async def database_list(server: Executor, *, registry_database: str) -> dict[str, Database]:
    rows = await _statements.database_list(server, registry_database=registry_database)
    return {row["name"]: Database.model_validate(dict(row)) for row in rows}


async def database_collations_changed(server: Executor) -> frozenset[str]:
    """Return the databases whose indexes on text were built with another version of their collation."""
    return frozenset(row["name"] for row in await _statements.database_collations_changed(server))


async def connection_count(server: Executor) -> int:
    """Return how many connections the server has."""
    return await _statements.connection_count(server)


async def session_idle_in_transaction(server: Executor, *, longer_than: timedelta) -> list[IdleSession]:
    rows = await _statements.session_idle_in_transaction(
        server, application_name=APPLICATION_NAME, longer_than=longer_than
    )
    return [IdleSession.model_validate(dict(row)) for row in rows]


async def session_end(server: Executor, pid: int, *, longer_than: timedelta) -> None:
    await _statements.session_end(server, pid=pid, application_name=APPLICATION_NAME, longer_than=longer_than)


async def extension_available(server: Executor) -> str | None:
    """Return the version of pgvector that the server could install; None where it has none."""
    return await _statements.extension_available(server)


async def extension_installed(project: Executor) -> str | None:
    return await _statements.extension_installed(project)


async def project_adopt(
    registry: Executor, project_id: UUID, name: str, database_name: str, *, server: str, created_by: str
) -> bool:
    """Put a project back into the registry; False when its name or its id is taken."""
    row = await _statements.project_adopt(
        registry, id=project_id, name=name, database_name=database_name, server=server, created_by=created_by
    )
    return row is not None


async def table_list(project: Executor, schemas: list[str]) -> list[TableHealth]:
    return [TableHealth.model_validate(dict(row)) for row in await _statements.table_list(project, schemas=schemas)]


async def role_lacks_grants(project: Executor, role: str, schemas: list[str]) -> bool:
    return await _statements.role_lacks_grants(project, role=role, schemas=schemas)
