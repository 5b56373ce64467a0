"""The statements about queries: one function each, connection in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from moorage.core.embedding.embedder import FloatArray
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.core.telemetry.statements import timed
from moorage.workflow.querying.statements import ComposedStatement

_statements = load_statements("moorage.workflow.querying")
# https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c, array_send: dimensions, flags,
# type, length and lower bound of the one dimension; then each value behind its length, four bytes each.
_ARRAY_HEADER_BYTES = 20


async def run(connection: Connection, composed: ComposedStatement) -> list[Row]:
    """Run a composed statement, planned for these very values.

    A statement that the driver keeps is soon planned for any values. For one that finds nothing that plan goes through
    everything in the order asked for.
    """
    with timed(composed.name):
        prepared = await connection.prepare(composed.sql, name="")
        return await prepared.fetch(*composed.values)


async def embedding_read(connection: Connection, composed: ComposedStatement) -> tuple[list[UUID], FloatArray]:
    """Return ids and their vectors, shape (ids, dimensions)."""
    rows = await run(connection, composed)
    if not rows:
        return [], np.zeros((0, 0), dtype=np.float32)
    raw = b"".join(row["embedding"][_ARRAY_HEADER_BYTES:] for row in rows)
    values = np.frombuffer(raw, dtype=">f4")[1::2].astype(np.float32)  # behind each length its value
    return [row["id"] for row in rows], values.reshape(len(rows), -1)


async def embedding_stale(connection: Executor, *, model: str, schema_name: str | None, limit: int) -> Sequence[Row]:
    """Return id, version, title and data of entities without a vector of this model and their version."""
    return await _statements.embedding_stale(connection, model=model, schema_name=schema_name, limit=limit)


async def embedding_upsert(
    connection: Executor, entities: Sequence[tuple[UUID, int]], vectors: FloatArray, *, model: str
) -> None:
    """Write the vectors of entities, given as (id, version)."""
    await _statements.embedding_upsert(
        connection,
        ids=[each for each, _ in entities],
        versions=[version for _, version in entities],
        embeddings=["{" + ",".join(map(str, vector.tolist())) + "}" for vector in vectors],
        model=model,
    )


async def vectors_comparable(connection: Executor) -> bool:
    """Tell whether pgvector is there."""
    return await _statements.vectors_comparable(connection)


async def index_list(connection: Executor, *, beginning: str) -> dict[str, bool]:
    """Return the indexes of entities whose names begin so, and whether each is complete."""
    rows = await _statements.index_list(connection, beginning=beginning)
    return {row["name"]: row["is_complete"] for row in rows}


async def type_has_entities(connection: Executor, schema_name: str) -> bool:
    """Tell whether there are entities of the type, deleted ones included."""
    return await _statements.type_has_entities(connection, schema_name=schema_name)


async def index_try_lock(connection: Executor, key: int) -> bool:
    """Take the right to build, for as long as the connection is open; False when another session has it."""
    return await _statements.index_try_lock(connection, key=key)
