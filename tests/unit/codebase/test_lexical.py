"""Search by words, from the words of chunks to their scores."""

from __future__ import annotations

import pytest

from moorage.codebase.lexical import ChunkWords, SegmentPosting, build_postings, score


def search(query: str, *segments: list[str]) -> dict[tuple[int, int], float]:
    """Return the score of each chunk that has one; a segment is a list of texts, its words divided by spaces."""
    total = sum(map(len, segments))
    postings = [
        SegmentPosting(number, len(texts), each.word, each.positions, each.body, each.names, total)
        for number, texts in enumerate(segments, 1)
        for each in build_postings([ChunkWords(text.split(), []) for text in texts])
        if each.word in query.split()
    ]
    best = score(dict.fromkeys(query.split(), 1.0), postings).best(100)
    return {(segment, position): value for segment, position, value in best}


def order(query: str, *segments: list[str]) -> list[tuple[int, int]]:
    return list(search(query, *segments))


def test_only_chunks_with_a_word_of_the_query_are_found():
    assert order("quay", ["quay and pier", "pier"], ["crane"]) == [(1, 0)]


def test_chunks_are_found_in_every_segment_at_their_place():
    assert set(order("quay", ["pier", "quay"], ["quay", "crane", "quay"])) == {(1, 1), (2, 0), (2, 2)}


def test_a_rare_word_counts_for_more_than_a_common_one():
    assert order("the quay", ["the pier", "the crane", "the mole", "quay wall"])[0] == (1, 3)


def test_a_word_that_is_repeated_counts_for_more_but_less_each_time():
    once, twice, many = (search("quay", [text, "pier"])[1, 0] for text in ("quay", "quay quay", "quay " * 30))
    assert once < twice < many < 4 * once


def test_a_short_chunk_with_the_word_stands_before_a_long_one():
    assert order("quay", ["quay " + "water " * 300, "quay pier"]) == [(1, 1), (1, 0)]


def test_a_chunk_with_both_words_stands_before_chunks_with_one():
    assert order("quay pier", ["quay", "pier quay", "pier"])[0] == (1, 1)


def test_a_name_that_a_chunk_defines_counts_for_more_than_a_word_in_its_text():
    (posting,) = build_postings([ChunkWords(["quay"], []), ChunkWords(["quay"], ["quay"])])
    found = SegmentPosting(1, 2, posting.word, posting.positions, posting.body, posting.names, 2)
    assert [position for _, position, _ in score({"quay": 1.0}, [found]).best(2)] == [1, 0]


@pytest.mark.parametrize("chunks", [[], [ChunkWords([], [])]])
def test_chunks_without_words_have_no_postings(chunks: list[ChunkWords]):
    assert build_postings(chunks) == []


def test_nothing_is_found_without_postings():
    assert search("quay") == {}
    assert score({"quay": 1.0}, []).of(1, 0) == 0.0


def test_positions_beyond_a_byte_are_kept():
    assert order("quay", ["pier"] * 300 + ["quay"]) == [(1, 300)]
