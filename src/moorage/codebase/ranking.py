"""From candidates to an order: scores of words and meaning, fused, then what the shape of code adds.

Scores are fused, not ranks: a rank forgets how sure the word side was. Word scores are divided by the best among the
candidates, so both sides speak of the same range.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isnan
from typing import NamedTuple
from uuid import UUID

from moorage.codebase.models import ChunkDetails, Place
from moorage.codebase.query import Query

# The weights of the ranking and where each comes from. "Settings of an experiment on public repositories" means the
# table in docs/benchmarks.md.
MEANING_WEIGHT = 0.5  # for the built-in hashing model, whose vectors repeat much of what the words say
DEFINES_BONUS = 0.35  # a chunk that defines a name the query spells out
PATH_BONUS = 0.10  # at most, for words of the query in the file's path
TEST_FACTOR = 0.5  # tests and examples stand behind product code, unless the query asks for them
SAME_FILE_FACTOR = 0.97  # for each further chunk of a file, so that one file does not fill the page

_TEST_PATH = re.compile(
    r"(^|/)(tests?|testing|__tests__|specs?|fixtures?|examples?|samples?|benchmarks?|e2e)/"
    r"|(^|/)(test_[^/]*|[^/]*[_.-](test|tests|spec)\.[^/]+|[^/]*Tests?\.[a-z]+|conftest\.py)$"
)


class Ranked(NamedTuple):
    """A candidate with its score and the parts of it.

    Attributes:
        words: share of the best word score among the candidates, 0 to 1.
        meaning: cosine similarity; None when vectors took no part.
        notes: what else moved the score.
    """

    chunk: ChunkDetails
    score: float
    words: float
    meaning: float | None
    notes: tuple[str, ...]


def rank(query: Query, candidates: Sequence[ChunkDetails], word_scores: Mapping[Place, float]) -> list[Ranked]:
    """Order candidates by their fused score, best first; equal scores by path and line."""
    best = max(word_scores.values(), default=0.0) or 1.0
    files = {each.file_path: _of_file(query, each.file_path) for each in candidates}
    scored = [_scored(query, each, word_scores[each.place] / best, files[each.file_path]) for each in candidates]
    return _spread(sorted(scored, key=_order))


@lru_cache(maxsize=1 << 16)
def is_test_path(path: str) -> bool:
    """Tell whether a path is that of a test, a fixture or an example."""
    return _TEST_PATH.search(path) is not None


def _of_file(query: Query, path: str) -> tuple[float, bool]:
    """Return the share of the query's names that a path contains, and whether the file stands behind product code."""
    lowered = path.lower()
    share = sum(map(lowered.__contains__, query.names)) / (len(query.names) or 1)
    return share, not query.wants_tests and is_test_path(path)


def _scored(query: Query, chunk: ChunkDetails, words: float, of_file: tuple[float, bool]) -> Ranked:
    share, is_behind = of_file
    meaning = None if chunk.distance is None or isnan(chunk.distance) else 1.0 - chunk.distance
    score = words + PATH_BONUS * share
    if meaning is not None and meaning > 0:
        score += MEANING_WEIGHT * meaning
    notes = ("path",) if share else ()
    if chunk.symbol_name and chunk.symbol_name.lower() in query.names:
        score += DEFINES_BONUS
        notes += ("defines",)
    if is_behind:
        score *= TEST_FACTOR
        notes += ("test",)
    return Ranked(chunk, score, words, meaning, notes)


def _spread(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Lower each further chunk of a file a little and order again."""
    seen: Counter[tuple[UUID, str]] = Counter()
    spread = []
    for each in ranked:
        file = (each.chunk.repository_id, each.chunk.file_path)
        further = seen[file]
        seen[file] += 1
        spread.append(each._replace(score=each.score * SAME_FILE_FACTOR**further) if further else each)
    return sorted(spread, key=_order)


def _order(ranked: Ranked) -> tuple[float, str, int]:
    return (-ranked.score, ranked.chunk.file_path, ranked.chunk.start_line)
