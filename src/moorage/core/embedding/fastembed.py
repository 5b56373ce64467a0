"""ONNX models in this process, through the optional package FastEmbed: any model it knows, or a folder.

A model that FastEmbed knows is downloaded when it is first opened, which can take minutes. A text longer than the
model's context is cut off by FastEmbed itself. Source: https://qdrant.github.io/fastembed/
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from moorage.core.embedding.batching import batches, in_order
from moorage.core.embedding.embedder import FloatArray, unit_length
from moorage.core.embedding.errors import EmbedderNotOpen, ModelNotLoaded, ModelUnknown, PackageMissing
from moorage.core.embedding.model_folder import register_folder
from moorage.core.embedding.settings import EmbeddingSettings

DEFAULT_MODEL: Final = "BAAI/bge-small-en-v1.5"


class FastEmbedEmbedder:
    """A model run by FastEmbed, in a thread. A model from a folder is recorded under the folder's name."""

    runs_in_workers = False

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        self._name = settings.model or DEFAULT_MODEL
        self._folder = Path(self._name) if Path(self._name).is_dir() else None
        self._session: Any = None
        self._dimensions = 0
        self._opening = asyncio.Lock()

    @property
    def model(self) -> str:
        return f"fastembed:{self._folder.resolve().name if self._folder else self._name}"

    @property
    def dimensions(self) -> int:
        self._opened()
        return self._dimensions

    async def open(self) -> None:
        async with self._opening:
            if self._session is None:
                self._session, self._dimensions = await asyncio.to_thread(self._load)

    async def close(self) -> None:
        self._session = None

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        return await self._run(self._opened().passage_embed, texts)

    async def embed_query(self, text: str) -> FloatArray:
        return (await self._run(self._opened().query_embed, [text]))[0]

    async def _run(self, method: Callable[[list[str]], Iterable[FloatArray]], texts: Sequence[str]) -> FloatArray:
        settings = self._settings
        parts = [
            (batch, await asyncio.to_thread(_vectors, method, batch.texts))
            for batch in batches(
                texts,
                batch_size=settings.batch_size,
                batch_characters=settings.batch_characters,
                text_characters=settings.text_characters,
            )
        ]
        return in_order(parts, texts=len(texts), dimensions=self._dimensions)

    def _opened(self) -> Any:
        if self._session is None:
            raise EmbedderNotOpen(f"{self.model} was used while it was not open", hint="Await open() first.")
        return self._session

    def _load(self) -> tuple[Any, int]:
        """Return the model and the width of its vectors, which only a vector tells for certain."""
        package = _package()
        if self._folder is None:
            _check_known(package, self._name)
        try:
            if self._folder is None:
                session = package.TextEmbedding(self._name, cache_dir=_text(self._settings.cache_folder))
            else:
                registered = register_folder(package.TextEmbedding, self._folder)
                session = package.TextEmbedding(registered, specific_model_path=str(self._folder))
            return session, _vectors(session.passage_embed, ["moorage"]).shape[1]
        except ModelNotLoaded:
            raise
        except Exception as error:  # FastEmbed, its tokenizer, its runtime and its hub each raise their own kinds
            raise ModelNotLoaded(
                f"The model {self._name} could not be loaded: {error}",
                hint="Check the network for the first download, or name the folder of a downloaded ONNX model.",
                model=self._name,
            ) from error


def _package() -> Any:
    try:
        return importlib.import_module("fastembed")
    except ImportError as error:
        raise PackageMissing(
            "The embedder fastembed needs the package fastembed, which is not installed",
            hint='pip install "moorage[fastembed]"',
        ) from error


def _check_known(package: Any, name: str) -> None:
    known = [description["model"] for description in package.TextEmbedding.list_supported_models()]
    if name.lower() not in map(str.lower, known):
        raise ModelUnknown(
            f"FastEmbed knows no model {name}, and it is no folder either",
            hint="Name one of details.known, or the folder of an ONNX model.",
            model=name,
            known=sorted(known),
        )


def _vectors(method: Callable[[list[str]], Iterable[FloatArray]], texts: list[str]) -> FloatArray:
    return unit_length(np.stack(list(method(texts))).astype(np.float32))


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
