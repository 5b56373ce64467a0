"""The built-in embedder behind a gate, so that a test stops an index run between two of its batches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.embedding.embedder import FloatArray


class GatedEmbedder:
    """Works in the main process, one call a batch; waits at the gate from call number `hold_at` on.

    Attributes:
        reached: set when a call waits at the gate.
        gate: set it to let the calls through.
    """

    runs_in_workers = False

    def __init__(self, *, hold_at: int = 1, model: str = "moorage-hash-1") -> None:
        self.model = model
        self.dimensions = BuiltinEmbedder.dimensions
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()
        self.texts = 0
        self._hold_at = hold_at
        self._calls = 0
        self._builtin = BuiltinEmbedder()

    async def open(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        self._calls += 1
        self.texts += len(texts)
        if self._calls >= self._hold_at:
            self.reached.set()
            await self.gate.wait()
        return await self._builtin.embed(texts)

    async def embed_query(self, text: str) -> FloatArray:
        return await self._builtin.embed_query(text)
