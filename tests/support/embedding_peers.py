"""Stand-ins for what embedders talk to: an OpenAI-compatible endpoint and the package FastEmbed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType
from typing import Any
from zlib import crc32

import httpx2
import numpy as np
import pytest

WIDTH = 8


def vector_of(text: str, *, width: int = WIDTH) -> list[float]:
    """Return a vector that differs from text to text, not of unit length, as some models give."""
    return np.random.default_rng(crc32(text.encode())).normal(size=width).tolist()


@dataclass
class Endpoint:
    """An endpoint that answers as OpenAI does, items in reverse, after the answers in `first` are used up."""

    width: int = WIDTH
    first: list[httpx2.Response | Exception] = field(default_factory=list)
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.first:
            answer = self.first.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return httpx2.Response(200, json={"data": self._items(json.loads(request.content))})

    def _items(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        width = body.get("dimensions", self.width)
        items = [
            {"object": "embedding", "index": index, "embedding": vector_of(text, width=width)}
            for index, text in enumerate(body["input"])
        ]
        return items[::-1]

    @property
    def inputs(self) -> list[list[str]]:
        """The texts of every request but the first, which is the probe of `open`."""
        return [json.loads(request.content)["input"] for request in self.requests[1:]]

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self)


class PoolingType(StrEnum):
    CLS = "CLS"
    MEAN = "MEAN"
    LAST_TOKEN = "LAST_TOKEN"


@dataclass
class FastEmbedPackage:
    """What `fastembed` offers of its API: models by name, generators of arrays, ValueError for what it cannot do."""

    models: list[str] = field(default_factory=lambda: ["BAAI/bge-small-en-v1.5"])
    custom_models: list[dict[str, Any]] = field(default_factory=list)
    runs: list[list[str]] = field(default_factory=list)
    loads: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fails_to_load: str | None = None

    def installed(self, monkeypatch: pytest.MonkeyPatch) -> FastEmbedPackage:
        """Put the package where imports find it."""
        module, description = ModuleType("fastembed"), ModuleType("fastembed.common.model_description")
        module.TextEmbedding = self._text_embedding()  # ty: ignore[missing-attribute]
        description.PoolingType = PoolingType  # ty: ignore[missing-attribute]
        description.ModelSource = dict  # ty: ignore[missing-attribute]
        monkeypatch.setitem(sys.modules, "fastembed", module)
        monkeypatch.setitem(sys.modules, "fastembed.common", ModuleType("fastembed.common"))
        monkeypatch.setitem(sys.modules, "fastembed.common.model_description", description)
        return self

    def _text_embedding(self) -> Callable[..., Any]:
        package = self

        class TextEmbedding:
            def __init__(self, model_name: str, **options: Any) -> None:
                package.loads.append((model_name, options))
                if package.fails_to_load:
                    raise ValueError(package.fails_to_load)

            @staticmethod
            def list_supported_models() -> list[dict[str, Any]]:
                return [{"model": name} for name in package.models]

            @staticmethod
            def add_custom_model(**description: Any) -> None:
                package.models.append(description["model"])
                package.custom_models.append(description)

            def passage_embed(self, texts: list[str]) -> Iterator[np.ndarray]:
                package.runs.append(texts)
                return (np.array(vector_of(text), dtype=np.float32) for text in texts)

            def query_embed(self, texts: list[str]) -> Iterator[np.ndarray]:
                return (np.array(vector_of(f"query: {text}"), dtype=np.float32) for text in texts)

        return TextEmbedding
