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

CANDIDATES = 200
NAMED_CANDIDATES = 50
# Behind a filter the best chunks may all be refused: how many more are looked at each time, and how many at most.
FILTERED_STEP = 4_000
FILTERED_MOST = 40_000
EF_SEARCH = 200


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
        details = await self._details_by_words(scores)
        known = {each.place for each in details}
        others = [place for place in [*distances, *await self._named()] if place not in known]
        details += await store.chunk_details(self.transaction, others, self.chunk_filter)
        await self._add_distances(details, distances)
        word_scores = {each.place: scores.of(*each.place) for each in details}
        ranked = rank(self.query, details, word_scores, distances)
        return Found(ranked, self._postings, by_meaning=bool(distances))

    async def _word_scores(self) -> WordScores:
        sizes = await store.segment_sizes(self.transaction, self.chunk_filter.repository_ids)
        wanted, segment_ids = list(self.query.weights), list(sizes)
        counts = await store.word_counts(self.transaction, wanted, segment_ids)
        decisive = lexical.decisive_words(counts, sum(sizes.values()))
        self._postings = await store.posting_find(self.transaction, decisive, segment_ids)
        return lexical.score(self.query.weights, self._postings, sizes)

    async def _nearest(self) -> dict[Place, float]:
        if self.vector is None:
            return {}
        await store.tune_search_in(self.transaction, ef_search=EF_SEARCH)
        return await store.chunk_nearest(
            self.transaction, self.vector, chunk_filter=self.chunk_filter, limit=CANDIDATES
        )

    async def _details_by_words(self, scores: WordScores) -> list[ChunkDetails]:
        """Return the best chunks by words that still exist and pass the filter."""
        details: list[ChunkDetails] = []
        looked_at, step = 0, CANDIDATES
        while len(details) < CANDIDATES and looked_at < FILTERED_MOST:
            best = scores.best(step, skip=looked_at)
            places = [Place(segment_id, position) for segment_id, position, _ in best]
            details += await store.chunk_details(self.transaction, places, self.chunk_filter)
            looked_at += step
            if len(best) < step or len(details) == len(best):
                break
            step = FILTERED_STEP
        return details[:CANDIDATES]

    async def _named(self) -> list[Place]:
        """Return the definitions of names the query spells out; a sentence has none worth asking for."""
        if len(self.query.names) != 1:
            return []
        (name,) = self.query.names
        return await store.chunk_by_symbol(self.transaction, name, limit=NAMED_CANDIDATES)

    async def _add_distances(self, details: Sequence[ChunkDetails], distances: dict[Place, float]) -> None:
        """Add the distance of chunks that words or names have found."""
        if self.vector is None:
            return
        missing = [each.place for each in details if each.place not in distances]
        distances |= await store.chunk_distances(self.transaction, self.vector, missing)
