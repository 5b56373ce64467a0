"""A folder with an ONNX model, as `optimum-cli export onnx` and the model hubs lay it out, made known to FastEmbed."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any, Final

from moorage.core.embedding.errors import ModelNotLoaded

_MODEL_FILES: Final = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx", "model_quantized.onnx")

_WIDTH_KEYS: Final = ("hidden_size", "dim", "d_model")
"""What the architectures call the width of their last layer in config.json."""

_POOLING_KEYS: Final = {
    "pooling_mode_cls_token": "CLS",
    "pooling_mode_mean_tokens": "MEAN",
    "pooling_mode_lasttoken": "LAST_TOKEN",
}
"""Sentence Transformers' 1_Pooling/config.json, and FastEmbed's names for the same."""


def register_folder(text_embedding: Any, folder: Path) -> str:
    """Make the model in `folder` known to FastEmbed's class `TextEmbedding`; return its name there.

    Raises:
        ModelNotLoaded: the folder lacks a file, or asks for a pooling that FastEmbed does not have.
    """
    name = str(folder.resolve())
    if name in {description["model"] for description in text_embedding.list_supported_models()}:
        return name
    described = importlib.import_module("fastembed.common.model_description")
    text_embedding.add_custom_model(
        model=name,
        pooling=described.PoolingType(_pooling(folder)),
        normalization=True,
        sources=described.ModelSource(url=folder.resolve().as_uri()),  # never asked: the files are there
        dim=_width(folder),
        model_file=_model_file(folder),
    )
    return name


def _model_file(folder: Path) -> str:
    for candidate in _MODEL_FILES:
        if (folder / candidate).is_file():
            return candidate
    raise _incomplete(folder, f"has none of {', '.join(_MODEL_FILES)}")


def _width(folder: Path) -> int:
    config = _read(folder, "config.json")
    for key in _WIDTH_KEYS:
        if isinstance(config.get(key), int):
            return config[key]
    raise _incomplete(folder, f"has a config.json without {' or '.join(_WIDTH_KEYS)}")


def _pooling(folder: Path) -> str:
    """Return FastEmbed's name of the pooling; the mean, as in Sentence Transformers, where nothing is said."""
    if not (folder / "1_Pooling" / "config.json").is_file():
        return "MEAN"
    config = _read(folder, "1_Pooling/config.json")
    wanted = [key for key, is_wanted in config.items() if key.startswith("pooling_mode_") and is_wanted is True]
    if len(wanted) != 1 or wanted[0] not in _POOLING_KEYS:
        raise _incomplete(folder, f"asks for a pooling that is not supported: {', '.join(wanted) or 'none'}")
    return _POOLING_KEYS[wanted[0]]


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _incomplete(folder, f"has no readable {name}") from error


def _incomplete(folder: Path, lack: str) -> ModelNotLoaded:
    return ModelNotLoaded(
        f"The model folder {folder} {lack}",
        hint="Export the model to ONNX with its tokenizer files, or name a model that FastEmbed knows.",
        folder=str(folder),
    )
