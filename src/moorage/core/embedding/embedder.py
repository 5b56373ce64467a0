"""What every embedder promises; `tests/contracts/test_embedders.py` holds all of them to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Embedder(Protocol):
    """A model that turns texts into vectors of unit length, to be compared by their inner product.

    Importing and constructing one costs nothing; `open` loads or probes. The same text gives the same vector,
    whatever else is in the call, to the rounding of float32. A blank text has the zero vector.
    Every failure is one of `moorage.core.embedding.errors`.
    """

    @property
    def model(self) -> str:
        """The name recorded with an index: vectors of two names are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """The width of every vector. Known after `open`; before it, EmbedderNotOpen may be raised."""
        ...

    @property
    def runs_in_workers(self) -> bool:
        """Whether this is a WorkerEmbedder, to be sent to worker processes."""
        ...

    async def open(self) -> None:
        """Get ready to embed; raises when the embedder cannot work. Opening twice is harmless."""
        ...

    async def close(self) -> None:
        """Let go of what `open` holds; it may be opened again. Closing twice is harmless."""
        ...

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of passages, in the order of `texts`: float32, shape (len(texts), dimensions)."""
        ...

    async def embed_query(self, text: str) -> FloatArray:
        """Return the vector of a question, which some models treat unlike a passage: shape (dimensions,)."""
        ...


class WorkerEmbedder(Embedder, Protocol):
    """An embedder that is cheap to pickle and bound by the processor: indexing calls it inside its workers."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Do what `embed` does, at once and in this thread. Needs no `open`; safe from several threads."""
        ...


EmbedderT = TypeVar("EmbedderT", bound=Embedder)


@asynccontextmanager
async def opened(embedder: EmbedderT) -> AsyncGenerator[EmbedderT]:
    """Open `embedder`, and close it when the block is left."""
    await embedder.open()
    try:
        yield embedder
    finally:
        await embedder.close()


def unit_length(vectors: FloatArray) -> FloatArray:
    """Return `vectors`, shape (n, dimensions), each scaled to length 1. A zero vector stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
