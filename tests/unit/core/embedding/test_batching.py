from __future__ import annotations

import numpy as np

from moorage.core.embedding.batching import Batch, batches, in_order


def batched(texts: list[str], *, size: int = 100, characters: int = 1_000, text: int = 1_000) -> list[list[str]]:
    found = batches(texts, batch_size=size, batch_characters=characters, text_characters=text)
    return [batch.texts for batch in found]


def test_batches_are_bounded_by_count() -> None:
    assert batched(list("abcde"), size=2) == [["a", "b"], ["c", "d"], ["e"]]


def test_batches_are_bounded_by_characters() -> None:
    assert batched(["aaa", "bb", "cccc", "d"], characters=5) == [["aaa", "bb"], ["cccc", "d"]]


def test_a_text_larger_than_a_batch_has_one_of_its_own() -> None:
    assert batched(["a", "bbbbbbb", "c"], characters=5) == [["a"], ["bbbbbbb"], ["c"]]


def test_a_long_text_is_cut_off() -> None:
    assert batched(["abcdef", "gh"], text=3) == [["abc", "gh"]]


def test_blank_texts_are_in_no_batch() -> None:
    assert batched(["", " \n", "a", "\t"]) == [["a"]]
    assert batched(["", " "]) == []


def test_lone_surrogates_are_replaced() -> None:
    assert batched(["a\udc80b"]) == [["a?b"]]


def test_vectors_return_to_the_places_of_their_texts() -> None:
    found = in_order(
        [
            (Batch([2], ["c"]), np.full((1, 2), 3, dtype=np.float32)),
            (Batch([0], ["a"]), np.full((1, 2), 1, dtype=np.float32)),
        ],
        texts=3,
        dimensions=2,
    )
    assert found.tolist() == [[1, 1], [0, 0], [3, 3]]
