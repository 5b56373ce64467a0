"""Making a filled database whole: checked against what was dumped, its indexes valid, the planner told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moorage.core.postgres.errors import DiskFull, translated
from moorage.core.postgres.identifiers import quote_qualified
from moorage.core.postgres.pools import Connection, connected
from moorage.operations.backup.snapshots import snapshot_of
from moorage.operations.errors import CopyDiffers
from moorage.operations.restore import store
from moorage.operations.restore.contents import Index
from moorage.operations.restore.filling import Filled
from moorage.projects.provisioning import Provisioner
from moorage.projects.staging import set_database_settings
from moorage.projects.store import index_list

# A graph that does not fit into memory is built much slower: https://github.com/pgvector/pgvector#index-build-time
BUILD_MEMORY_FACTOR = 1.5
LEAST_BUILD_MEGABYTES, MOST_BUILD_MEGABYTES = 64, 1024
# Settings of pgvector's, which PostgreSQL refuses from ordinary roles where it does not know them.
_VECTOR_SETTINGS = ("hnsw.", "ivfflat.")


async def finish_database(
    provisioner: Provisioner,
    database_name: str,
    filled: Filled,
    *,
    rows: Mapping[str, int],
    settings: Sequence[str],
    lines: Mapping[str, str] | None = None,
) -> list[str]:
    """Check a filled database, then give it what a dump does not hold.

    Args:
        rows: how many each table had, by "schema.table".
        settings: of the database, each as "name=value".
        lines: the revision of each system's tables; None does not look.

    Returns:
        The indexes that were built or built anew, as "schema.name".

    Raises:
        CopyDiffers: rows, revisions or indexes are not what they were.
    """
    async with snapshot_of(provisioner.address, database_name) as snapshot:
        _refuse_other_rows(rows, await snapshot.count_rows(), left_out=filled.tables_left_out)
        if lines is not None:
            _refuse_other_lines(lines, await snapshot.revisions(provisioner.lines))
    async with connected(provisioner.address, database_name) as connection:
        with translated(f"finishing the database {database_name!r}"):
            built = await _build_vector_indexes(connection, filled) + await _mend_indexes(connection)
            await _refuse_missing_indexes(connection, filled)
            await set_database_settings(connection, _fitting(settings, filled))
            await connection.execute("ANALYZE")
    return built


def build_megabytes(table_bytes: int) -> int:
    """Return the memory in which an index over a table of vectors is built, within reason."""
    return min(max(int(table_bytes * BUILD_MEMORY_FACTOR / 2**20), LEAST_BUILD_MEGABYTES), MOST_BUILD_MEGABYTES)


def _refuse_other_rows(expected: Mapping[str, int], found: Mapping[str, int], *, left_out: frozenset[str]) -> None:
    wanted = {table: rows for table, rows in expected.items() if table not in left_out}
    tables = sorted(table for table in {**wanted, **found} if wanted.get(table) != found.get(table))
    if tables:
        shown = ", ".join(f"{table} has {_rows(found.get(table))}, had {_rows(wanted.get(table))}" for table in tables)
        raise _differs(f"the rows are not those that were dumped: {shown}", tables=tables)


def _rows(count: int | None) -> str:
    return "none, not even a table" if count is None else f"{count} rows"


def _refuse_other_lines(expected: Mapping[str, str], found: Mapping[str, str]) -> None:
    if expected != found:
        raise _differs(f"the tables are at {dict(found)}, those dumped were at {dict(expected)}")


async def _build_vector_indexes(connection: Connection, filled: Filled) -> list[str]:
    if not filled.has_vectors:
        return []
    for index in filled.contents.vector_indexes:
        await _build_index(connection, index)
    return [index.name for index in filled.contents.vector_indexes]


async def _build_index(connection: Connection, index: Index) -> None:
    memory = {"maintenance_work_mem": f"{build_megabytes(await store.table_bytes(connection, index.table))}MB"}
    try:
        await _build_index_with(connection, index, memory)
    except DiskFull:
        # Parallel workers share memory through /dev/shm, of which a container often has little.
        await _build_index_with(connection, index, memory | {"max_parallel_maintenance_workers": "0"})


async def _build_index_with(connection: Connection, index: Index, settings: Mapping[str, str]) -> None:
    with translated(f"building the index {index.name}"):
        async with connection.transaction():
            for name, value in settings.items():
                await store.setting_set_in(connection, name, value)
            await connection.execute(index.statement)


async def _mend_indexes(connection: Connection) -> list[str]:
    """Build indexes anew that are there and not valid."""
    invalid = [index for index in await index_list(connection) if not index.is_valid]
    for index in invalid:
        await connection.execute(f"REINDEX INDEX {quote_qualified(index.schema_name, index.index_name)}")
    return [index.name for index in invalid]


async def _refuse_missing_indexes(connection: Connection, filled: Filled) -> None:
    expected = {index.name for index in filled.contents.indexes if index.table not in filled.tables_left_out}
    missing = sorted(expected - {index.name for index in await index_list(connection) if index.is_valid})
    if missing:
        raise _differs(f"indexes are missing: {', '.join(missing)}", indexes=missing)


def _fitting(settings: Sequence[str], filled: Filled) -> list[str]:
    return [each for each in settings if filled.has_vectors or not each.startswith(_VECTOR_SETTINGS)]


def _differs(message: str, **details: list[str]) -> CopyDiffers:
    return CopyDiffers(
        message,
        hint="Nothing was put in place. `moorage verify` tells whether the backup is unharmed; else take another one.",
        **details,
    )
