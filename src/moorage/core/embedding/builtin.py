"""The embedder that ships with the package: words hashed into 256 dimensions. No download, no key, no GPU.

A text is the sum of its words, a word the sum of a few signed dimensions that a hash picks for the word itself and
for its trigrams of letters (Weinberger et al., "Feature hashing for large scale multitask learning", 2009;
subword units as in Bojanowski et al., "Enriching word vectors with subword information", 2017). So it knows
likeness of spelling, not of meaning: `authenticate` is near `authentication`, and far from `login`.

The vectors are the same in every process and on every platform, to the rounding of float32. Whatever changes them
changes `MODEL` too.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, islice
from threading import Lock
from typing import Final

import numpy as np

from moorage.core.embedding.embedder import FloatArray, unit_length
from moorage.core.embedding.word_weights import word_weight
from moorage.core.words import words

MODEL: Final = "moorage-hash-1"
DIMENSIONS: Final = 256

_WORD_FEATURES: Final = 4
_TRIGRAMS: Final = 12
"""Trigrams that count, from the front; longer words are rare, and gain nothing by more."""

_FEATURES: Final = _WORD_FEATURES + _TRIGRAMS
_TRIGRAM_WEIGHT: Final = 1.5
"""What the trigrams of a word weigh beside the word itself; flat from 1 to 2, measured as in `word_weights`."""

_REPETITION_WEIGHT: Final = 0.5
"""How much the logarithm of a word's count adds to its weight; measured with it."""

_SLICE: Final = 256
"""Texts encoded at once: enough for numpy to pay off, few enough that another thread soon gets its turn."""

_REMEMBERED_WORDS: Final = 100_000
"""Words whose features are remembered, in about 25 MB."""


class BuiltinEmbedder:
    """Signed feature hashing of words and of their trigrams; several thousand chunks a second on one core."""

    model = MODEL
    dimensions = DIMENSIONS
    runs_in_workers = True

    def __init__(self) -> None:
        self._vocabulary = _Vocabulary()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[BuiltinEmbedder], tuple[()]]:
        """Travel to a worker process without what was remembered here."""
        return BuiltinEmbedder, ()

    async def open(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        return await asyncio.to_thread(self.encode, texts)

    async def embed_query(self, text: str) -> FloatArray:
        return (await self.embed([text]))[0]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(texts), _SLICE):
            with self._lock:
                vectors[start : start + _SLICE] = self._sums(texts[start : start + _SLICE])
        return unit_length(vectors)

    def _sums(self, texts: Sequence[str]) -> FloatArray:
        """Return the unscaled vectors of a few texts, shape (len(texts), DIMENSIONS)."""
        word_ids = self._vocabulary.ids([words(text) for text in texts])
        text_of_word = np.repeat(np.arange(len(texts)), [len(ids) for ids in word_ids])
        pairs = text_of_word << 32 | np.fromiter(chain.from_iterable(word_ids), np.int64, len(text_of_word))
        distinct, counts = np.unique(pairs, return_counts=True)
        rows, ids = distinct >> 32, distinct & 0xFFFFFFFF
        cells = rows[:, None] * DIMENSIONS + self._vocabulary.dimensions[ids]
        weights = self._vocabulary.weights[ids] * (1 + _REPETITION_WEIGHT * np.log(counts))[:, None]
        sums = np.bincount(cells.ravel(), weights.ravel(), minlength=len(texts) * DIMENSIONS)
        return sums.reshape(len(texts), DIMENSIONS).astype(np.float32)


class _Vocabulary:
    """The features of every word met so far, a row a word; forgets everything when it is full.

    Attributes:
        dimensions: which dimensions a word adds to, shape (rows, _FEATURES).
        weights: how much it adds there, sign included; 0 fills the row of a word with few trigrams.
    """

    def __init__(self) -> None:
        self._forget()

    def ids(self, words_of_texts: Sequence[Sequence[str]]) -> list[list[int]]:
        """Return the row of every word. Rows stay good until the next call."""
        if len(self._rows) > _REMEMBERED_WORDS:
            self._forget()
        found = [list(map(self._rows.__getitem__, each)) for each in words_of_texts]
        self._describe_new_words()
        return found

    def _forget(self) -> None:
        self._rows = _Rows()
        self.dimensions = np.zeros((0, _FEATURES), dtype=np.int64)
        self.weights = np.zeros((0, _FEATURES), dtype=np.float32)

    def _describe_new_words(self) -> None:
        new = list(islice(self._rows, len(self.weights), None))
        if not new:
            return
        features = [_features(word) for word in new]
        self.dimensions = np.concatenate([self.dimensions, np.array([each[0] for each in features], np.int64)])
        self.weights = np.concatenate([self.weights, np.array([each[1] for each in features], np.float32)])


class _Rows(dict[str, int]):
    """Words by row; a new word gets the next row."""

    def __missing__(self, word: str) -> int:
        self[word] = row = len(self)
        return row


def _features(word: str) -> tuple[list[int], list[float]]:
    """Return the dimensions and weights of a word, both filled up to _FEATURES."""
    marked = f"<{word}>"
    trigrams = [marked[at : at + 3] for at in range(min(len(word), _TRIGRAMS))] if len(word) > 2 else []  # noqa: PLR2004
    weight = word_weight(word)
    hashes = [*_word_hashes(word), *map(_trigram_hash, trigrams)]
    own, shared = weight / math.sqrt(_WORD_FEATURES), weight * _TRIGRAM_WEIGHT / math.sqrt(len(trigrams) or 1)
    sizes = [own] * _WORD_FEATURES + [shared] * len(trigrams)
    padding = _FEATURES - len(hashes)
    dimensions = [(each >> 1) % DIMENSIONS for each in hashes]
    weights = [size if each & 1 else -size for each, size in zip(hashes, sizes, strict=True)]
    return dimensions + [0] * padding, weights + [0.0] * padding


def _word_hashes(word: str) -> tuple[int, ...]:
    digest = blake2b(word.encode(errors="replace"), digest_size=2 * _WORD_FEATURES).digest()
    return struct.unpack(f"<{_WORD_FEATURES}H", digest)


@lru_cache(maxsize=65_536)
def _trigram_hash(trigram: str) -> int:
    return int.from_bytes(blake2b(trigram.encode(errors="replace"), digest_size=2).digest(), "little")
