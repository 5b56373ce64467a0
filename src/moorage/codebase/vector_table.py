"""The table of vectors: made for the width of one model, indexed when there are enough to be worth it.

Which index is built follows the number of rows: none while a scan of all is fast, HNSW beyond, IVFFlat with lists by
the number of rows where the installed pgvector has no HNSW yet.
"""

from __future__ import annotations

from datetime import timedelta

from moorage.codebase import store
from moorage.codebase.errors import ModelMismatch
from moorage.codebase.models import EmbeddingModel
from moorage.core.postgres.errors import DiskFull, translated
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.vectors import vector_version
from moorage.core.telemetry.statements import timed

# A scan of this many vectors takes about 5 ms; building HNSW over them would take seconds.
INDEX_FROM_ROWS = 10_000
# A load larger than this share of what is there drops the index and builds it again: one row at a time is slower.
REBUILD_SHARE = 0.2
FIRST_HNSW = (0, 5, 0)
# Neighbours a node and candidates while building. On 138,000 vectors of real code, with ef_search 200, the defaults (16
# and 64) found .992 of the true 50 nearest and took 30 s to build, these .979 and 16 s; words find the rest.
HNSW_OPTIONS = "m = 10, ef_construction = 40"
# pgvector's limit for indexes on its type vector: https://github.com/pgvector/pgvector#hnsw
MAX_INDEXED_DIMENSIONS = 2_000
# How far a search looks into the index, and that it goes on while filters refuse what it finds. As settings of the
# database they hold for new sessions, also behind a pooler, and cost no statement in each search. Each comes with the
# version of pgvector that brought it: an older one refuses the name.
SEARCH_SETTINGS = (
    ("hnsw.ef_search", "150", FIRST_HNSW),
    ("hnsw.iterative_scan", "strict_order", (0, 8, 0)),
)
# After a load the planner still believes in empty tables; autovacuum would tell it in a minute.
ANALYZE_AFTER_LOAD = """
    ANALYZE codebase.embeddings (segment_id, position), codebase.code_chunks (repository_id, segment_id, file_path),
            codebase.postings (word, segment_id), codebase.files (repository_id, path)
"""
BUILD_TIMEOUT = timedelta(hours=2)
# Building is much slower when the graph does not fit into memory: https://github.com/pgvector/pgvector#index-build-time.
# A finished index was 1.3 times its vectors; what the build itself needs was not measured, so there is some room.
BUILD_MEMORY_FACTOR = 1.5
LEAST_BUILD_MEGABYTES, MOST_BUILD_MEGABYTES = 64, 1024


async def is_ready(connection: Connection, model: EmbeddingModel) -> bool:
    """Tell whether the project is indexed with this model and has its table of vectors.

    Raises:
        ModelMismatch: it was indexed with another model.
    """
    recorded = await store.embedding_model_get(connection)
    if recorded is not None and recorded != model:
        raise mismatch(recorded, model)
    return await store.vectors_exist(connection)


async def ensure_model(connection: Connection, model: EmbeddingModel) -> bool:
    """Record the model of a project, and make the table of vectors for its width, unless both is done.

    Returns:
        Whether there is a table of vectors; without pgvector there is none, and search is by words alone.

    Raises:
        ModelMismatch: the project was indexed with another model.
    """
    async with connection.transaction():
        await store.vectors_lock_in(connection)
        return await is_ready(connection, model) or await _make_ready_in(connection, model)


async def replace_model(connection: Connection, model: EmbeddingModel) -> None:
    """Throw all vectors away and begin anew with another model; the next run of each repository embeds it again."""
    async with connection.transaction():
        await store.vectors_lock_in(connection)
        await store.job_cancel_all_in(connection)  # a run that goes on would write vectors of the old model
        await connection.execute("DROP TABLE IF EXISTS codebase.embeddings")
        await _make_ready_in(connection, model)
        await store.file_forget(connection)


def mismatch(recorded: EmbeddingModel, model: EmbeddingModel) -> ModelMismatch:
    """Return the refusal to mix two models in one project, with the two ways out."""
    return ModelMismatch(
        f"this project was indexed with {recorded.model} ({recorded.dimensions} dimensions),"
        f" this process uses {model.model} ({model.dimensions} dimensions)",
        hint="Run `moorage index --reembed` to index it again with the model in use,"
        f" or set embedding.model back to {recorded.model}.",
        recorded=recorded.model_dump(),
        in_use=model.model_dump(),
    )


async def drop_index_before(connection: Connection, *, rows_coming: int) -> None:
    """Drop the vector index when so many rows come that building it afterwards is faster."""
    if await store.vector_index_is_valid(connection) is None:
        return
    if rows_coming > REBUILD_SHARE * await store.vector_count(connection):
        await connection.execute("DROP INDEX IF EXISTS codebase.embeddings_by_direction")


async def lacks_index(connection: Connection) -> bool:
    """Tell whether there are enough vectors for an index, of a width that can be indexed, and it is missing."""
    model = await store.embedding_model_get(connection)
    if model is None or model.dimensions > MAX_INDEXED_DIMENSIONS or not await store.vectors_exist(connection):
        return False
    if await store.vector_index_is_valid(connection) is not None:
        return False
    return await store.vector_count(connection) >= INDEX_FROM_ROWS


async def build_index_after(connection: Connection) -> bool:
    """Build the vector index when there are enough rows and it is missing; return whether it was built.

    Vectors wider than pgvector can index are left to a scan of all.
    """
    model = await store.embedding_model_get(connection)
    version = await vector_version(connection)
    if model is None or version is None or not await lacks_index(connection):
        return False
    rows = await store.vector_count(connection)
    using = f"hnsw (embedding vector_cosine_ops) WITH ({HNSW_OPTIONS})"
    if version < FIRST_HNSW:
        using = f"ivfflat (embedding vector_cosine_ops) WITH (lists = {ivfflat_lists(rows)})"
    megabytes = build_megabytes(rows, model.dimensions)
    try:
        return await _create_index(connection, using, megabytes)
    except DiskFull:
        # Parallel workers share memory through /dev/shm, of which a container often has little.
        return await _create_index(connection, using, megabytes, workers=0)


def build_megabytes(rows: int, dimensions: int) -> int:
    """Return the memory in which the index over so many vectors is built, within reason."""
    needed = int(rows * dimensions * 4 * BUILD_MEMORY_FACTOR / 2**20)
    return min(max(needed, LEAST_BUILD_MEGABYTES), MOST_BUILD_MEGABYTES)


def ivfflat_lists(rows: int) -> int:
    """Return the number of lists pgvector recommends: https://github.com/pgvector/pgvector#ivfflat."""
    return max(rows // 1000, 10) if rows <= 10**6 else int(rows**0.5)


async def _make_ready_in(transaction: Connection, model: EmbeddingModel) -> bool:
    await store.embedding_model_set_in(transaction, model)
    version = await vector_version(transaction)
    if version is None:
        return False
    await _create_table_in(transaction, model.dimensions)
    await _set_search_settings_in(transaction, version)
    await store.file_forget(transaction)  # what was indexed before pgvector came has no vectors
    return True


async def _create_index(connection: Connection, using: str, megabytes: int, *, workers: int | None = None) -> bool:
    """Create the index unless another run does; rows that come meanwhile wait, and join it.

    Args:
        workers: parallel workers; None leaves it to the server.
    """
    with translated("building the vector index"):
        return await _create_index_once(connection, using, megabytes, workers)


async def _create_index_once(connection: Connection, using: str, megabytes: int, workers: int | None) -> bool:
    async with connection.transaction():
        is_mine = await store.vectors_try_lock_in(connection)
        if not is_mine or await store.vector_index_is_valid(connection) is not None:
            return False
        await connection.execute(f"SET LOCAL maintenance_work_mem = '{megabytes}MB'")
        if workers is not None:
            await connection.execute(f"SET LOCAL max_parallel_maintenance_workers = {workers}")
        with timed("codebase.vector_index_build"):
            await connection.execute(
                f"CREATE INDEX embeddings_by_direction ON codebase.embeddings USING {using}",
                timeout=BUILD_TIMEOUT.total_seconds(),
            )
    with timed("codebase.analyze_after_load"):
        await connection.execute(ANALYZE_AFTER_LOAD)
    return True


async def _create_table_in(transaction: Connection, dimensions: int) -> None:
    await transaction.execute(
        f"""
        CREATE TABLE codebase.embeddings (
            segment_id  integer   NOT NULL,
            position    smallint  NOT NULL,
            embedding   vector({int(dimensions)}) NOT NULL,
            PRIMARY KEY (segment_id, position)
        )
        """
    )


async def _set_search_settings_in(transaction: Connection, version: tuple[int, ...]) -> None:
    database = quote_identifier(await transaction.fetchval("SELECT current_database()"))
    for setting, value, since in SEARCH_SETTINGS:
        if version >= since:
            await transaction.execute(f"ALTER DATABASE {database} SET {setting} = '{value}'")
