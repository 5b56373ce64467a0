"""Search by words: BM25 over a chunk's text and over the names it defines, as postings that live in PostgreSQL.

A segment is a batch of chunks that was written at once. For each word a segment holds one posting: the positions of
the chunks with that word, and two impacts for each, the word's BM25 weight without its rarity, in one byte. Rarity is
multiplied in when a query is scored, from the counts of all segments, so that indexing never rewrites old segments.
Scoring is arithmetic on whole arrays: a few milliseconds for a hundred thousand chunks.

Source of the formula: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Saturation and length normalisation, and the length that counts as average, for the two fields. The average is fixed
# rather than measured, so that a chunk's impacts do not depend on what else is indexed.
BODY_K1, BODY_B, BODY_AVERAGE = 2.0, 0.75, 160.0
NAMES_K1, NAMES_B, NAMES_AVERAGE = 1.2, 0.5, 6.0
NAMES_WEIGHT = 1.0

# A word in more chunks than this share is left out of a query that has rarer words: it decides nothing and costs most.
COMMON_SHARE = 0.25
MAX_CHUNKS_PER_SEGMENT = 1 << 15  # positions are PostgreSQL's int2


@dataclass(frozen=True, slots=True)
class ChunkWords:
    """The words of one chunk, each as often as it occurs, by field."""

    body: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Posting:
    """Where one word occurs in one segment.

    Attributes:
        positions: little-endian uint16, ascending, one a chunk.
        body, names: uint8 impacts in the order of `positions`; 255 is the field's highest, 0 is absence.
    """

    word: str
    positions: bytes
    body: bytes
    names: bytes


class SegmentPosting(NamedTuple):
    """A posting as it comes back from the store.

    Attributes:
        segment_chunks, all_chunks: how many chunks its segment, and all segments searched, have ever held.
    """

    segment_id: int
    segment_chunks: int
    word: str
    positions: bytes
    body: bytes
    names: bytes
    all_chunks: int


Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class WordScores:
    """The score of every chunk of the segments searched.

    Attributes:
        starts: where each segment's chunks begin in `scores`, by segment id.
        scores: float32, 0 where no word of the query occurs.
    """

    starts: Mapping[int, int]
    scores: Scores

    def best(self, limit: int, *, skip: int = 0) -> list[tuple[int, int, float]]:
        """Return (segment id, position, score) of the best chunks, best first, without those that score 0."""
        wanted = min(limit + skip, self.scores.size)
        if wanted == 0:
            return []
        top = np.argpartition(-self.scores, wanted - 1)[:wanted]
        top = top[np.lexsort((top, -self.scores[top]))][skip:]
        top = top[self.scores[top] > 0]
        segments = np.searchsorted(self._borders, top, side="right") - 1
        positions = top - self._borders[segments]
        ids = np.fromiter(self.starts, dtype=np.int64, count=len(self.starts))[segments]
        return list(zip(ids.tolist(), positions.tolist(), self.scores[top].tolist(), strict=True))

    def of(self, segment_id: int, position: int) -> float:
        """Return one chunk's score; 0 for a segment that was not searched."""
        start = self.starts.get(segment_id)
        return 0.0 if start is None else float(self.scores[start + position])

    @property
    def _borders(self) -> npt.NDArray[np.int64]:
        return np.fromiter(self.starts.values(), dtype=np.int64, count=len(self.starts))


def build_postings(chunks: Sequence[ChunkWords]) -> list[Posting]:
    """Return the postings of a segment whose chunk at position i is `chunks[i]`."""
    ids: dict[str, int] = {}
    body = _impacts([chunk.body for chunk in chunks], ids, k1=BODY_K1, b=BODY_B, average=BODY_AVERAGE)
    names = _impacts([chunk.names for chunk in chunks], ids, k1=NAMES_K1, b=NAMES_B, average=NAMES_AVERAGE)
    keys = np.union1d(body.keys, names.keys)
    word_ids, positions = np.divmod(keys, len(chunks) or 1)
    columns = (positions.astype("<u2").tobytes(), body.at(keys).tobytes(), names.at(keys).tobytes())
    borders = [*np.flatnonzero(np.diff(word_ids, prepend=-1)).tolist(), len(keys)]
    words = list(ids)
    return [
        Posting(words[word_id], columns[0][2 * start : 2 * end], columns[1][start:end], columns[2][start:end])
        for word_id, start, end in zip(word_ids[borders[:-1]].tolist(), borders, borders[1:], strict=False)
    ]


def shifted(postings: Sequence[Posting], by: int) -> list[Posting]:
    """Return the same postings for chunks that begin at position `by` of a segment instead of 0."""
    positions = np.frombuffer(b"".join(each.positions for each in postings), dtype="<u2") + np.uint16(by)
    ends = np.cumsum([len(each.positions) for each in postings]).tolist()
    moved = positions.astype("<u2").tobytes()
    return [
        Posting(each.word, moved[end - len(each.positions) : end], each.body, each.names)
        for each, end in zip(postings, ends, strict=True)
    ]


def score(query: Mapping[str, float], postings: Sequence[SegmentPosting]) -> WordScores:
    """Score the chunks of every segment that has a word of the query.

    Args:
        query: the words and their weights.
        postings: of these words, ordered by segment.
    """
    if not postings:
        return WordScores({}, np.zeros(0, dtype=np.float32))
    sizes = {each.segment_id: each.segment_chunks for each in postings}
    ends = np.cumsum(list(sizes.values()))
    starts = dict(zip(sizes, (ends - list(sizes.values())).tolist(), strict=True))
    columns = _Columns.of(postings, starts)
    words = {word: index for index, word in enumerate(dict.fromkeys(each.word for each in postings))}
    word_of_entry = np.repeat([words[each.word] for each in postings], columns.counts)
    weights = np.array([query[word] for word in words])
    total = int(postings[0].all_chunks)
    body = columns.body * _rarity(columns.body, word_of_entry, weights, total)[word_of_entry]
    names = columns.names * _rarity(columns.names, word_of_entry, weights, total)[word_of_entry]
    entry_scores = body * ((BODY_K1 + 1) / 255) + names * (NAMES_WEIGHT * (NAMES_K1 + 1) / 255)
    scores = np.bincount(columns.slots, weights=entry_scores, minlength=int(ends[-1]))
    return WordScores(starts, scores.astype(np.float32))


def words_in(postings: Sequence[SegmentPosting], segment_id: int, position: int) -> list[str]:
    """Return which of the postings' words occur in one chunk, in the order of the postings."""
    here = (each for each in postings if each.segment_id == segment_id)
    return [each.word for each in here if position in np.frombuffer(each.positions, dtype="<u2")]


@dataclass(frozen=True)
class _Columns:
    """All postings of a query end to end: a slot in the scores and two impacts for each entry."""

    counts: npt.NDArray[np.int64]
    slots: npt.NDArray[np.int64]
    body: npt.NDArray[np.uint8]
    names: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, postings: Sequence[SegmentPosting], starts: Mapping[int, int]) -> _Columns:
        counts = np.array([len(each.body) for each in postings])
        positions = np.frombuffer(b"".join(each.positions for each in postings), dtype="<u2")
        starts_of_entries = np.repeat([starts[each.segment_id] for each in postings], counts)
        return cls(
            counts,
            positions + starts_of_entries,
            np.frombuffer(b"".join(each.body for each in postings), dtype=np.uint8),
            np.frombuffer(b"".join(each.names for each in postings), dtype=np.uint8),
        )


@dataclass(frozen=True)
class _Impacts:
    """Impacts of one field: `keys` ascending, each word id × number of chunks + position."""

    keys: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint8]

    def at(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return the impacts of `keys`, a superset of ours; 0 where we have none."""
        result = np.zeros(len(keys), dtype=np.uint8)
        result[np.searchsorted(keys, self.keys)] = self.values
        return result


def _impacts(
    documents: Sequence[Sequence[str]], ids: dict[str, int], *, k1: float, b: float, average: float
) -> _Impacts:
    """Number new words into `ids` and weigh each word of each document."""
    lengths = np.fromiter(map(len, documents), dtype=np.int64, count=len(documents))
    words = [word for document in documents for word in document]
    for word in dict.fromkeys(words):
        ids.setdefault(word, len(ids))
    word_ids = np.fromiter(map(ids.__getitem__, words), dtype=np.int64, count=len(words))
    positions = np.repeat(np.arange(len(documents)), lengths)
    keys, occurrences = np.unique(word_ids * len(documents) + positions, return_counts=True)
    norm = k1 * (1 - b + b * lengths[keys % (len(documents) or 1)] / average)
    values = np.ceil(255 * occurrences / (occurrences + norm))
    return _Impacts(keys, np.minimum(values, 255).astype(np.uint8))


def _rarity(
    impacts: npt.NDArray[np.uint8], word_of_entry: npt.NDArray[np.int64], weights: npt.NDArray, total: int
) -> npt.NDArray[np.float64]:
    """Return the inverse document frequency of each word in a field, times its weight in the query."""
    found = np.bincount(word_of_entry, weights=impacts > 0, minlength=len(weights))
    return weights * np.log1p((total - found + 0.5) / (found + 0.5))
