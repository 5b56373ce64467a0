"""One search in a project's database: candidates by words, by meaning and by name, put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from moorage.codebase import lexical, store
from moorage.codebase.lexical import SegmentPosting, WordScores
from moorage.codebase.models import ChunkDetails, ChunkFilter, Place
from moorage.codebase.query import Query
from moorage.codebase.ranking import Ranked, rank
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.vectors import FloatArray

CANDIDATES = 120  # by words
NEAREST_CANDIDATES = 60  # by meaning
NAMED_CANDIDATES = 50
# Behind a filter the best chunks may all be refused: how many more are looked at each time, and how many at most.
FILTERED_STEP = 4_000
FILTERED_MOST = 40_000
# In a small project no word is too common to count.
FEW_CHUNKS = 1_000


@dataclass(frozen=True)
class Found:
    """Ranked candidates, and what is needed to explain them.

    Attributes:
        by_meaning: whether vectors took part.
    """

    ranked: list[Ranked]
    postings: Sequence[SegmentPosting]
    by_meaning: bool


@dataclass
class Search:
    """One search; a chunk that is replaced between two of its statements is simply not among the results."""

    connection: Connection
    query: Query
    chunk_filter: ChunkFilter
    vector: FloatArray | None
    _postings: Sequence[SegmentPosting] = field(default=())

    async def run(self) -> Found:
        """Return the candidates in order; a few hundred at most."""
        scores = await self._word_scores()
        nearest = await self._nearest()
        details = await self._details(scores, [*nearest, *await self._named()])
        word_scores = {each.place: scores.of(*each.place) for each in details}
        return Found(rank(self.query, details, word_scores), self._postings, by_meaning=bool(nearest))

    async def _word_scores(self) -> WordScores:
        words, repositories = list(self.query.weights), self.chunk_filter.repository_ids
        self._postings = await store.posting_find(
            self.connection, words, repositories, few=FEW_CHUNKS, share=lexical.COMMON_SHARE
        ) or await store.posting_find(self.connection, words, repositories, few=FEW_CHUNKS, share=1.0)
        return lexical.score(self.query.weights, self._postings)

    async def _nearest(self) -> list[Place]:
        if self.vector is None:
            return []
        return await store.chunk_nearest(
            self.connection, self.vector, chunk_filter=self.chunk_filter, limit=NEAREST_CANDIDATES
        )

    async def _details(self, scores: WordScores, others: Sequence[Place]) -> list[ChunkDetails]:
        """Return the candidates that still exist and pass the filter: the best by words, and others."""
        best = scores.best(CANDIDATES)
        places = dict.fromkeys([*(Place(segment, position) for segment, position, _ in best), *others])
        details = await self._details_of(list(places))
        if len(details) < len(places) and len(best) == CANDIDATES:
            details += await self._details_further_down(scores, CANDIDATES - len(details))
        return details

    async def _details_of(self, places: Sequence[Place]) -> list[ChunkDetails]:
        return await store.chunk_details(self.connection, places, self.chunk_filter, vector=self.vector)

    async def _details_further_down(self, scores: WordScores, wanted: int) -> list[ChunkDetails]:
        """Look behind the best chunks by words for those that a filter lets pass."""
        details: list[ChunkDetails] = []
        for looked_at in range(CANDIDATES, FILTERED_MOST, FILTERED_STEP):
            best = scores.best(FILTERED_STEP, skip=looked_at)
            places = [Place(segment, position) for segment, position, _ in best]
            details += await self._details_of(places)
            if len(details) >= wanted or len(best) < FILTERED_STEP:
                break
        return details[: max(wanted, 0)]

    async def _named(self) -> list[Place]:
        """Return the definitions of the one name that the query is; a sentence has none worth asking for."""
        if len(self.query.names) != 1:
            return []
        (name,) = self.query.names
        return await store.chunk_by_symbol(self.connection, name, limit=NAMED_CANDIDATES)
