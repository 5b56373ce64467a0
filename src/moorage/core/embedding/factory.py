"""An embedder from its settings."""

from __future__ import annotations

from moorage.core.embedding.embedder import Embedder
from moorage.core.embedding.settings import EmbeddingSettings


def make_embedder(settings: EmbeddingSettings) -> Embedder:
    """Return the configured embedder, not yet open. What it needs is imported here and nowhere earlier."""
    match settings.embedder:
        case "builtin":
            from moorage.core.embedding.builtin import BuiltinEmbedder

            return BuiltinEmbedder()
        case "fastembed":
            from moorage.core.embedding.fastembed import FastEmbedEmbedder

            return FastEmbedEmbedder(settings)
        case "openai":
            from moorage.core.embedding.openai import OpenAIEmbedder

            return OpenAIEmbedder(settings)
