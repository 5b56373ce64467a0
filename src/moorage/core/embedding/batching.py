"""Texts in batches that a model can take, and the vectors of the batches in the order of the texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from moorage.core.embedding.embedder import FloatArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of the texts, and where in the sequence each of them stands."""

    positions: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def batches(texts: Sequence[str], *, batch_size: int, batch_characters: int, text_characters: int) -> Iterator[Batch]:
    """Yield the texts in batches, in order, without the blank ones: models refuse those or make noise of them.

    Args:
        batch_size: at most this many texts in a batch.
        batch_characters: at most this many characters in a batch, unless a single text has more.
        text_characters: a longer text is cut off here.
    """
    batch, characters = Batch(), 0
    for position, whole in enumerate(texts):
        text = _encodable(whole[:text_characters])
        if not text.strip():
            continue
        if batch.texts and (len(batch.texts) == batch_size or characters + len(text) > batch_characters):
            yield batch
            batch, characters = Batch(), 0
        batch.positions.append(position)
        batch.texts.append(text)
        characters += len(text)
    if batch.texts:
        yield batch


def _encodable(text: str) -> str:
    """Return `text` with a question mark for each lone surrogate, which neither JSON nor a tokenizer can carry."""
    return text.encode(errors="replace").decode()


def in_order(parts: Iterable[tuple[Batch, FloatArray]], *, texts: int, dimensions: int) -> FloatArray:
    """Return the vectors of all batches, shape (texts, dimensions); a text in none of them has the zero vector."""
    vectors = np.zeros((texts, dimensions), dtype=np.float32)
    for batch, part in parts:
        vectors[batch.positions] = part
    return vectors
