"""Settings of the embedder; which of them apply depends on `embedder`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class EmbeddingSettings(BaseModel):
    """Who turns texts into vectors, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    embedder: Literal["builtin", "fastembed", "openai"] = Field(
        "builtin",
        description="builtin needs nothing else; fastembed runs a model in this process (an extra package); "
        "openai asks an OpenAI-compatible endpoint.",
    )
    model: str | None = Field(
        None,
        min_length=1,
        description="fastembed: a name it knows, or the folder of an ONNX model; default BAAI/bge-small-en-v1.5. "
        "openai: the endpoint's name; default text-embedding-3-small.",
    )
    dimensions: int | None = Field(
        None, ge=1, le=16_000, description="openai: width to ask for, in numbers a vector; default the model's own."
    )
    base_url: str = Field(
        "https://api.openai.com/v1", description="openai: the address that /embeddings is appended to."
    )
    api_key: SecretStr | None = Field(None, description="openai: sent as a bearer token; local servers need none.")
    batch_size: int = Field(64, ge=1, le=2048, description="Most texts in one request or one run of the model.")
    batch_characters: int = Field(200_000, ge=1, description="Most characters in one request or run.")
    text_characters: int = Field(
        8_000,
        ge=1,
        description="Characters read of one text; the rest is cut off. OpenAI's models take 8,192 tokens.",
    )
    concurrency: int = Field(4, ge=1, le=64, description="openai: requests under way at a time.")
    timeout_seconds: float = Field(60.0, gt=0, description="openai: patience with one request, in seconds.")
    attempts: int = Field(5, ge=1, le=20, description="openai: how often one request is tried, the first included.")
    cache_folder: Path | None = Field(
        None, description="fastembed: where downloaded models are kept; default FastEmbed's own, a temporary folder."
    )

    @field_validator("base_url")
    @classmethod
    def _is_plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("expected http://host/path or https://host/path")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("expected no user, password, query or fragment; a key goes into api_key")
        return value.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse what HTTP would refuse later, with the key in the text of its error."""
        if value is None:
            return None
        key = value.get_secret_value().strip()
        if not (key.isascii() and key.isprintable()):
            raise ValueError("expected printable ASCII characters only")
        return SecretStr(key) if key else None

    @model_validator(mode="after")
    def _says_nothing_in_vain(self) -> Self:
        """Refuse a model that would not be used: whoever names one does not want the default instead."""
        if self.embedder == "builtin" and self.model is not None:
            raise ValueError("the builtin embedder has one model; set embedder to fastembed or openai to name another")
        if self.embedder != "openai" and self.dimensions is not None:
            raise ValueError("only the openai embedder takes dimensions; the width of other models is fixed")
        return self
