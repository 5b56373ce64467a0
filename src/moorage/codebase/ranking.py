"""From candidates to an order: scores of words and meaning, fused, then what the shape of code adds.

Scores are fused, not ranks: a rank forgets how sure the word side was. Word scores are divided by the best among the
candidates, so both sides speak of the same range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isnan
from typing import NamedTuple

from moorage.codebase.models import ChunkDetails, Place
from moorage.codebase.query import Query

# The weights of the ranking. Each was set by an experiment on 512 queries over six public repositories: commit messages
# to the files they changed, documentation to its function. A bonus for words in the path, and lowering the further
# chunks of a file, did not help there and are not here.
MEANING_WEIGHT = 1.0  # .569 at 0.2, .576 at 0.5, .585 at 1.0, with the built-in hashing model
DEFINES_BONUS = 0.1  # a chunk that defines one of the names in the query: .576 at 0.35, .584 at 0.1
NAMED_BONUS = 1.0  # a chunk that defines the very name the query is: its definition comes first
MEANING_FLOOR = 0.25  # a chunk with no word of the query and less likeness than this is no answer at all
TEST_FACTOR = 0.5  # tests and examples stand behind product code, unless the query asks for them

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
    """Order the candidates that answer the query by their fused score, best first; equal scores by path and line."""
    best = max(word_scores.values(), default=0.0) or 1.0
    ranked = [_scored(query, each, word_scores[each.place] / best) for each in candidates]
    ranked = [each for each in ranked if each.words > 0 or (each.meaning or 0.0) >= MEANING_FLOOR]
    return sorted(ranked, key=lambda each: (-each.score, each.chunk.file_path, each.chunk.start_line))


@lru_cache(maxsize=1 << 16)
def is_test_path(path: str) -> bool:
    """Tell whether a path is that of a test, a fixture or an example."""
    return _TEST_PATH.search(path) is not None


def _scored(query: Query, chunk: ChunkDetails, words: float) -> Ranked:
    meaning = None if chunk.distance is None or isnan(chunk.distance) else 1.0 - chunk.distance
    score = words
    if meaning is not None and meaning > 0:
        score += MEANING_WEIGHT * meaning
    notes: tuple[str, ...] = ()
    if chunk.symbol_name and chunk.symbol_name.lower() in query.names:
        score += NAMED_BONUS if len(query.names) == 1 else DEFINES_BONUS
        notes += ("defines",)
    if not query.wants_tests and is_test_path(chunk.file_path):
        score *= TEST_FACTOR
        notes += ("test",)
    return Ranked(chunk, score, words, meaning, notes)
