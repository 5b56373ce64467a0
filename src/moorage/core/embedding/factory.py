"""An embedder from its settings."""

from __future__ import annotations

from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.embedding.embedder import Embedder
from moorage.core.embedding.settings import EmbeddingSettings


def make_embedder(_settings: EmbeddingSettings) -> Embedder:
    return BuiltinEmbedder()
