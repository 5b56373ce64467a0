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
from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain, islice
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt

from moorage.core.embedding.embedder import FloatArray, unit_length
from moorage.core.embedding.word_weights import word_weight
from moorage.core.words import words

MODEL: Final = "moorage-hash-1"
DIMENSIONS: Final = 256

_WORD_FEATURES: Final = 4
_TRIGRAMS: Final = 12
"""Trigrams that count, from the front; longer words are rare, and gain nothing by more."""

_SHORTEST_WITH_TRIGRAMS: Final = 3
_FEATURES: Final = _WORD_FEATURES + _TRIGRAMS
_TRIGRAM_WEIGHT: Final = 1.5
"""What the trigrams of a word weigh beside the word itself; flat from 1 to 2, measured as in `word_weights`."""

_REPETITION_WEIGHT: Final = 0.5
"""How much the logarithm of a word's count adds to its weight; measured with it."""

_SLICE: Final = 256
"""Texts encoded at once: enough for numpy to pay off, few enough that another thread soon gets its turn."""

_REMEMBERED_WORDS: Final = 100_000
"""Words whose features are remembered, in about 20 MB."""

IntArray = npt.NDArray[np.int64]


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
        self.dimensions = np.zeros((0, _FEATURES), dtype=np.uint8)
        self.weights = np.zeros((0, _FEATURES), dtype=np.float32)

    def _describe_new_words(self) -> None:
        new = list(islice(self._rows, len(self.weights), None))
        if not new:
            return
        hashes = np.concatenate([_word_hashes(new), _trigram_hashes(new)], axis=1)
        weights = _feature_weights(new) * np.where(hashes & 1, 1, -1)
        self.dimensions = np.concatenate([self.dimensions, (hashes >> 1).astype(np.uint8)])
        self.weights = np.concatenate([self.weights, weights.astype(np.float32)])


class _Rows(dict[str, int]):
    """Words by row; a new word gets the next row."""

    def __missing__(self, word: str) -> int:
        self[word] = row = len(self)
        return row


def _word_hashes(spellings: Sequence[str]) -> IntArray:
    """Return the hashes of whole words, shape (len(spellings), _WORD_FEATURES), 16 bits each."""
    encoded = (word.encode(errors="surrogatepass") for word in spellings)
    digests = b"".join(blake2b(each, digest_size=2 * _WORD_FEATURES).digest() for each in encoded)
    return np.frombuffer(digests, dtype="<u2").astype(np.int64).reshape(-1, _WORD_FEATURES)


def _trigram_hashes(spellings: Sequence[str]) -> IntArray:
    """Return the hashes of the trigrams of `<word>`, shape (len(spellings), _TRIGRAMS), 16 bits each.

    A row of a word with fewer trigrams is filled up with hashes that mean nothing.
    """
    marked = "".join(f"<{word}>" for word in spellings) + " " * _TRIGRAMS
    letters = np.frombuffer(marked.encode("utf-32-le", errors="surrogatepass"), dtype="<u4").astype(np.uint64)
    hashes = _mixed(letters[:-2] | letters[1:-1] << np.uint64(21) | letters[2:] << np.uint64(42))
    lengths = np.array([len(word) + 2 for word in spellings])
    starts = np.cumsum(lengths) - lengths
    return hashes[starts[:, None] + np.arange(_TRIGRAMS)]


def _mixed(keys: npt.NDArray[np.uint64]) -> IntArray:
    """Return 16 well mixed bits of each key.

    Source: the finalizer of SplitMix64, https://prng.di.unimi.it/splitmix64.c
    """
    keys = (keys ^ keys >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ keys >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return (keys >> np.uint64(48)).astype(np.int64)


def _feature_weights(spellings: Sequence[str]) -> FloatArray:
    """Return the sizes of features, shape (len(spellings), _FEATURES): first the word's own, then its trigrams'."""
    lengths = np.array([len(word) for word in spellings])
    trigrams = np.where(lengths >= _SHORTEST_WITH_TRIGRAMS, np.minimum(lengths, _TRIGRAMS), 0)
    sizes = np.full((len(spellings), _FEATURES), 1 / math.sqrt(_WORD_FEATURES), dtype=np.float32)
    sizes[:, _WORD_FEATURES:] = (_TRIGRAM_WEIGHT / np.sqrt(np.maximum(trigrams, 1)))[:, None]
    sizes[:, _WORD_FEATURES:] *= np.arange(_TRIGRAMS) < trigrams[:, None]
    return sizes * np.array([word_weight(word) for word in spellings], dtype=np.float32)[:, None]
