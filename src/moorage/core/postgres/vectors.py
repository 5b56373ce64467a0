"""Vectors on the wire, and which index the installed pgvector can build.

Vectors are written by COPY in PostgreSQL's binary format, laid out by numpy for a whole batch at once: per-value
encoding in Python costs more than everything else in the write path together.
"""

from __future__ import annotations

import asyncpg
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": signature, flags, header extension; trailer.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"


async def vector_version(connection: asyncpg.Connection) -> tuple[int, ...] | None:
    """Return the version of pgvector in this database, or None where the extension is missing."""
    text = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    return None if text is None else tuple(int(part) for part in text.split("."))


async def load_vectors(connection: asyncpg.Connection) -> None:
    """Make the server know pgvector's settings in this session, so that roles without superuser may set them.

    Nothing happens where the database lacks the extension.
    """
    if await vector_version(connection) is not None:
        await connection.execute("SELECT CAST('[0]' AS vector)")


def vector_text(vector: FloatArray) -> str:
    """Return a vector as the text that `CAST(... AS vector)` reads."""
    return "[" + ",".join(map(str, vector.tolist())) + "]"


def copy_of_vectors(segment_id: int, first_position: int, vectors: FloatArray) -> bytes:
    """Return a binary COPY of the columns (segment_id int4, position int2, embedding vector).

    Args:
        first_position: the position of the first vector; the others follow.
        vectors: shape (n, dimensions), n at most 32,768 - first_position.
    """
    count, dimensions = vectors.shape
    rows = np.zeros(count, dtype=_row_type(dimensions))
    rows["fields"] = 3
    rows["segment_bytes"], rows["segment_id"] = 4, segment_id
    rows["position_bytes"], rows["position"] = 2, first_position + np.arange(count)
    rows["vector_bytes"], rows["dimensions"] = 4 + 4 * dimensions, dimensions
    rows["vector"] = vectors
    return _HEADER + rows.tobytes() + _TRAILER


def _row_type(dimensions: int) -> np.dtype:
    return np.dtype(
        [
            ("fields", ">i2"),
            ("segment_bytes", ">i4"),
            ("segment_id", ">i4"),
            ("position_bytes", ">i4"),
            ("position", ">i2"),
            ("vector_bytes", ">i4"),
            ("dimensions", ">i2"),
            ("unused", ">i2"),  # pgvector's vector_recv wants it zero
            ("vector", ">f4", (dimensions,)),
        ]
    )
