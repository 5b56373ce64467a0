"""The indexes that types declare: partial expression indexes over the data of one type, built while writers go on.

`CREATE INDEX CONCURRENTLY` runs outside any transaction, on a connection of its own. A build that breaks leaves an
invalid index behind, which is dropped and built again.

The planner takes no statistics from a partial index, so each has statistics of the same name beside it: without them
it believes that one in 200 rows has any given state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import structlog

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.postgres.identifiers import quote_identifier, quote_qualified
from moorage.core.postgres.pools import Connection, connected
from moorage.core.postgres.queries import Executor
from moorage.core.telemetry.statements import timed
from moorage.core.values import Value
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.errors import EntityExists
from moorage.workflow.fields import parse_field
from moorage.workflow.querying import store
from moorage.workflow.querying.expressions import indexed_at, literal_name, literal_path
from moorage.workflow.querying.models import Kind
from moorage.workflow.querying.schema_fields import find_in_schema
from moorage.workflow.types.models import IndexedField, StoredType
from moorage.workflow.types.store import type_list

log = structlog.get_logger()

NAME_BEGINNING = "entities_of_"
# A number of our own: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS
BUILDING_LOCK = 7_364_108_551
LOCK_POLL_SECONDS = 0.2
# A build waits for every older transaction of the database, a backup too; a call does not wait for one so long.
CALL_TIMEOUT_SECONDS = 60.0
BUILD_TIMEOUT_SECONDS = 2 * 3600.0


@dataclass(frozen=True)
class DeclaredIndex:
    """An index as it should be.

    Attributes:
        expression: SQL over `entities`.
    """

    schema_name: str
    field: str
    is_unique: bool
    expression: str

    @property
    def name(self) -> str:
        """Its name in the database: another definition has another name."""
        digest = sha256(f"{self.schema_name} {self.is_unique} {self.expression}".encode()).hexdigest()
        return f"{NAME_BEGINNING}{self.schema_name[:30]}_{digest[:16]}"

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{self.schema_name}.{self.field}"


class IndexReport(Value):
    """What was done about the indexes of a project's types.

    Attributes:
        built: by type and field.
        dropped: by name; no type declares them any more, or a build had broken.
        failed: why, by type and field.
    """

    project_name: str
    built: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    failed: dict[str, str] = {}


@dataclass(frozen=True)
class Difference:
    """What there is to do until the indexes are those that the types declare."""

    missing: Mapping[str, DeclaredIndex]
    leftover: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.leftover)


def declared_indexes(types: Iterable[StoredType]) -> dict[str, DeclaredIndex]:
    """Return the indexes that types declare, by name; what the index over all data serves has none of its own."""
    found = [_declared(each, index) for each in types for index in each.rules.indexes]
    return {each.name: each for each in found if each is not None}


async def difference_on(connection: Executor) -> Difference:
    """Return what is missing or left over in a project's database."""
    declared = declared_indexes(await type_list(connection))
    there = await store.index_list(connection, beginning=NAME_BEGINNING)
    missing = {name: each for name, each in declared.items() if not there.get(name)}
    leftover = tuple(name for name, is_complete in there.items() if name not in declared or not is_complete)
    return Difference(missing, leftover)


class IndexBuilder:
    """Builds what types declare, and drops what they no longer do."""

    def __init__(self, connections: ProjectConnectionManager) -> None:
        self._connections = connections

    async def follow(self, project: Project) -> None:
        """Do what `ensure` does, after a type has changed; what goes wrong is left to the doctor."""
        try:
            await self.ensure(project)
        except MoorageError as error:
            log.warning("indexes.left", project=project.name, error=error.message)

    async def build(self, project_name: str) -> IndexReport:
        """Do what `ensure` does, however long it takes.

        Raises:
            Those of a project that cannot be written to.
        """
        project = await find_writable(self._connections, project_name)
        return await self.ensure(project, timeout_seconds=BUILD_TIMEOUT_SECONDS)

    async def mend(self, project_name: str) -> None:
        """Do what `build` does, and tell what failed as an error.

        Raises:
            EntityExists: values that must differ do not.
        """
        report = await self.build(project_name)
        if report.failed:
            raise EntityExists(
                "; ".join(report.failed.values()),
                hint="Make the values differ, or declare the index without `unique`.",
                failed=report.failed,
            )

    async def ensure(self, project: Project, *, timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> IndexReport:
        """Make the indexes of a project those that its types declare.

        What fails is told, and does not keep the rest from being done: the type is registered all the same.
        """
        async with self._connections.connection_to(project) as connection:
            if not await difference_on(connection):
                return IndexReport(project_name=project.name)
        address = self._connections.provisioner_of(project).address
        with translated(f"building indexes of project {project.name!r}"):
            async with asyncio.timeout(timeout_seconds), connected(address, project.database_name) as own:
                return await _build_on(own, project.name)


async def _build_on(connection: Connection, project_name: str) -> IndexReport:
    await _lock_on(connection)
    difference = await difference_on(connection)
    for name in difference.leftover:
        await _drop(connection, name)
    failed = {each.label: await _build(connection, each) for each in difference.missing.values()}
    return IndexReport(
        project_name=project_name,
        built=tuple(label for label, error in failed.items() if error is None),
        dropped=difference.leftover,
        failed={label: error for label, error in failed.items() if error is not None},
    )


async def _lock_on(connection: Connection) -> None:
    """Keep other builders away as long as the connection is open."""
    while not await store.index_try_lock(connection, BUILDING_LOCK):  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(LOCK_POLL_SECONDS)  # a statement that waited would be waited for by the other's build


async def _build(connection: Connection, index: DeclaredIndex) -> str | None:
    """Build an index; return why it failed, and None when it did not."""
    try:
        with timed("querying.index_build"), translated(f"building the index of {index.label}"):
            await _create(connection, index)
    except MoorageError as error:
        log.warning("index.failed", schema_name=index.schema_name, field=index.field, error=error.message)
        await _drop(connection, index.name)  # left invalid, a unique one would still refuse writes
        return error.message
    return None


async def _create(connection: Connection, index: DeclaredIndex) -> None:
    name, kind = quote_identifier(index.name), "UNIQUE INDEX" if index.is_unique else "INDEX"
    rows = f"schema_name = {literal_name(index.schema_name)} AND deleted_at IS NULL"
    await connection.execute(
        f"CREATE {kind} CONCURRENTLY {name} ON workflow.entities (({index.expression})) WHERE {rows}"
    )
    # A dump holds the statistics of an index that was invalid, and not the index.
    await connection.execute(
        f"CREATE STATISTICS IF NOT EXISTS workflow.{name} ON ({index.expression}) FROM workflow.entities"
    )
    if await store.type_has_entities(connection, index.schema_name):
        await connection.execute("ANALYZE workflow.entities")


async def _drop(connection: Connection, name: str) -> None:
    with timed("querying.index_drop"):
        await connection.execute(f"DROP STATISTICS IF EXISTS {quote_qualified('workflow', name)}")
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quote_qualified('workflow', name)}")


def _declared(row: StoredType, index: IndexedField) -> DeclaredIndex | None:
    path = parse_field(index.field)
    found = find_in_schema(row.schema_definition, path)
    kind = found.kind if found is not None else Kind.ANY
    expression = indexed_at(literal_path(path), kind, is_unique=index.unique)
    if expression is None:
        return None
    return DeclaredIndex(row.schema_name, index.field, index.unique, expression)
