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

CANDIDATES = 120
NAMED_CANDIDATES = 50
# Behind a filter the best chunks may all be refused: how many more are looked at each time, and how many at most.
FILTERED_STEP = 4_000
FILTERED_MOST = 40_000
# In a small project no word is too common to count.
FEW_CHUNKS = 1_000
EF_SEARCH = 150


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
    """One search inside one read-only transaction, so that all its parts see the same state."""

    transaction: Connection
    query: Query
    chunk_filter: ChunkFilter
    vector: FloatArray | None
    _postings: Sequence[SegmentPosting] = field(default=())

    async def run(self) -> Found:
        """Return the candidates in order; a few hundred at most."""
        scores = await self._word_scores()
        distances = await self._nearest()
        details = await self._details(scores, [*distances, *await self._named()])
        distances |= await self._distances([each.place for each in details if each.place not in distances])
        word_scores = {each.place: scores.of(*each.place) for each in details}
        ranked = rank(self.query, details, word_scores, distances)
        return Found(ranked, self._postings, by_meaning=bool(distances))

    async def _word_scores(self) -> WordScores:
        sizes = await store.segment_sizes(self.transaction, self.chunk_filter.repository_ids)
        words, segment_ids, total = list(self.query.weights), list(sizes), sum(sizes.values())
        most = max(int(total * lexical.COMMON_SHARE), FEW_CHUNKS)
        self._postings = await store.posting_find(
            self.transaction, words, segment_ids, most=most
        ) or await store.posting_find(self.transaction, words, segment_ids, most=total)
        return lexical.score(self.query.weights, self._postings, sizes)

    async def _nearest(self) -> dict[Place, float]:
        if self.vector is None:
            return {}
        await store.tune_search_in(self.transaction, ef_search=EF_SEARCH)
        return await store.chunk_nearest(
            self.transaction, self.vector, chunk_filter=self.chunk_filter, limit=CANDIDATES
        )

    async def _details(self, scores: WordScores, others: Sequence[Place]) -> list[ChunkDetails]:
        """Return the candidates that still exist and pass the filter: the best by words, and others."""
        best = scores.best(CANDIDATES)
        places = dict.fromkeys([*(Place(segment, position) for segment, position, _ in best), *others])
        details = await store.chunk_details(self.transaction, list(places), self.chunk_filter)
        if len(details) < len(places) and len(best) == CANDIDATES:
            details += await self._details_further_down(scores, CANDIDATES - len(details))
        return details

    async def _details_further_down(self, scores: WordScores, wanted: int) -> list[ChunkDetails]:
        """Look behind the best chunks by words for those that a filter lets pass."""
        details: list[ChunkDetails] = []
        for looked_at in range(CANDIDATES, FILTERED_MOST, FILTERED_STEP):
            best = scores.best(FILTERED_STEP, skip=looked_at)
            places = [Place(segment, position) for segment, position, _ in best]
            details += await store.chunk_details(self.transaction, places, self.chunk_filter)
            if len(details) >= wanted or len(best) < FILTERED_STEP:
                break
        return details[: max(wanted, 0)]

    async def _named(self) -> list[Place]:
        """Return the definitions of the one name that the query is; a sentence has none worth asking for."""
        if len(self.query.names) != 1:
            return []
        (name,) = self.query.names
        return await store.chunk_by_symbol(self.transaction, name, limit=NAMED_CANDIDATES)

    async def _distances(self, places: Sequence[Place]) -> dict[Place, float]:
        """Return the distances of chunks that words or names have found."""
        if self.vector is None or not places:
            return {}
        return await store.chunk_distances(self.transaction, self.vector, places)
