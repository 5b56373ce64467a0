"""Settings of the embedding model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class EmbeddingSettings(BaseModel):
    """Which model turns texts into vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedder: Literal["builtin", "fastembed", "openai"] = Field("builtin", description="Who embeds.")
    api_key: SecretStr | None = Field(None, description="Key of the endpoint.")
