"""Entities by meaning: their texts as vectors, which are brought up to date when somebody asks.

A write never waits for a vector. A query first embeds what has changed since, newest first, for a bounded time; what
is left is said in the answer, and done by the queries after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np

from moorage.core.embedding.embedder import Embedder, FloatArray
from moorage.core.postgres.queries import Row
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.querying import store
from moorage.workflow.querying.models import Distance

EMBEDDED_AT_ONCE = 512
EMBEDDING_SECONDS = 3.0
# What models read of a text is no longer.
MAX_CHARACTERS = 8_000
# Without pgvector the vectors of so many entities are read and compared here, the newest first.
COMPARED_HERE = 20_000


class Meanings:
    """Keeps the vectors of entities, one model at a time."""

    def __init__(self, connections: ProjectConnectionManager, embedder: Embedder) -> None:
        self._connections = connections
        self._embedder = embedder

    async def vector_of(self, text: str) -> FloatArray:
        """Return the vector of a question."""
        await self._embedder.open()
        return await self._embedder.embed_query(text)

    @property
    def model(self) -> str:
        return self._embedder.model

    async def bring_up_to_date(self, project: Project, schema_name: str | None) -> bool:
        """Embed what has changed; return whether everything has its vector now."""
        end = asyncio.get_running_loop().time() + EMBEDDING_SECONDS
        while True:
            stale = await self._stale(project, schema_name)
            if not stale:
                return True
            if project.is_read_only or asyncio.get_running_loop().time() > end:
                return False
            await self._embed(project, stale)

    async def _stale(self, project: Project, schema_name: str | None) -> Sequence[Row]:
        async with self._connections.connection_to(project) as connection:
            return await store.embedding_stale(
                connection, model=self.model, schema_name=schema_name, limit=EMBEDDED_AT_ONCE
            )

    async def _embed(self, project: Project, rows: Sequence[Row]) -> None:
        """Embed without holding a connection: a model may take its time."""
        vectors = await self._embedder.embed([text_of(row["title"], row["data"]) for row in rows])
        async with self._connections.connection_to(project) as connection:
            versions = [(row["id"], row["version"]) for row in rows]
            await store.embedding_upsert(connection, versions, vectors, model=self.model)


def text_of(title: str, data: dict[str, Any]) -> str:
    """Return what an entity says: its title, and every text in its data."""
    return "\n".join(dict.fromkeys([title, *_texts_in(data)]))[:MAX_CHARACTERS]


def nearest(
    ids: Sequence[UUID], vectors: FloatArray, question: FloatArray, *, after: Distance | None, limit: int
) -> list[Distance]:
    """Return the nearest by negative inner product, then by id, beyond the place `after`."""
    if not ids:
        return []
    distances = -(vectors @ question).astype(np.float64)
    ordered = sorted(zip(distances.tolist(), ids, strict=True))
    return [each for each in ordered if after is None or each > after][:limit]


def _texts_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts_in(each)
        case list():
            for each in value:
                yield from _texts_in(each)
