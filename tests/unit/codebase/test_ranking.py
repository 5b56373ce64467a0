"""The order of candidates: words and meaning together, then the shape of code."""

from __future__ import annotations

from uuid import UUID

import pytest

from moorage.codebase.models import ChunkDetails, Place
from moorage.codebase.query import parse_query
from moorage.codebase.ranking import is_test_path, rank

REPOSITORY = UUID(int=1)


def make_chunk(
    number: int, path: str, *, symbol: str | None = None, start_line: int = 1, distance: float | None = None
) -> ChunkDetails:
    place = Place(1, number)
    lines = (start_line, start_line)
    return ChunkDetails(UUID(int=number), REPOSITORY, place, path, "python", *lines, symbol, None, None, distance)


def order(query: str, chunks: list[ChunkDetails], words: list[float]) -> list[int]:
    """Return the numbers of the chunks in their order, given the word score of each."""
    scores = {chunk.place: score for chunk, score in zip(chunks, words, strict=True)}
    return [each.chunk.place.position for each in rank(parse_query(query), chunks, scores)]


def test_more_of_the_words_stands_before_less():
    chunks = [make_chunk(1, "a.py"), make_chunk(2, "b.py")]
    assert order("ship", chunks, [1.0, 3.0]) == [2, 1]


def test_nearer_in_meaning_stands_before_farther_when_words_are_equal():
    chunks = [make_chunk(1, "a.py", distance=0.9), make_chunk(2, "b.py", distance=0.1)]
    assert order("ship", chunks, [1.0, 1.0]) == [2, 1]


def test_the_definition_of_the_name_asked_for_stands_before_its_uses():
    chunks = [make_chunk(1, "a.py"), make_chunk(2, "b.py", symbol="Ship")]
    assert order("ship", chunks, [1.0, 0.9]) == [2, 1]


def test_a_test_stands_behind_unless_the_query_wants_tests():
    chunks = [make_chunk(1, "tests/test_hull.py"), make_chunk(2, "hull.py")]
    assert order("keel", chunks, [1.0, 0.8]) == [2, 1]
    assert order("keel test", chunks, [1.0, 0.8]) == [1, 2]


def test_equal_scores_are_ordered_by_path_and_line():
    chunks = [make_chunk(1, "b.py"), make_chunk(2, "a.py", start_line=9), make_chunk(3, "c.py", start_line=2)]
    assert order("ship", chunks, [1.0, 1.0, 1.0]) == [2, 1, 3]


def test_no_candidates_give_no_order():
    assert order("ship", [], []) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True), ("src/test_a.py", True), ("pkg/a_test.go", True), ("a.spec.ts", True),
        ("examples/x.rs", True), ("src/contest.py", False), ("latest/a.py", False), ("src/attestation.py", False),
    ],
)  # fmt: skip
def test_paths_of_tests_are_known_by_folder_and_name(path: str, *, expected: bool):
    assert is_test_path(path) is expected
