from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.embedding.factory import make_embedder
from moorage.core.embedding.fastembed import FastEmbedEmbedder
from moorage.core.embedding.openai import OpenAIEmbedder
from moorage.core.embedding.settings import EmbeddingSettings


@pytest.mark.parametrize(
    ("name", "kind"), [("builtin", BuiltinEmbedder), ("fastembed", FastEmbedEmbedder), ("openai", OpenAIEmbedder)]
)
def test_settings_make_the_embedder_they_name(name: str, kind: type) -> None:
    assert type(make_embedder(EmbeddingSettings.model_validate({"embedder": name}))) is kind


def test_the_default_needs_nothing() -> None:
    assert type(make_embedder(EmbeddingSettings())) is BuiltinEmbedder


def test_a_key_for_another_embedder_does_no_harm() -> None:
    assert type(make_embedder(EmbeddingSettings(api_key="sk-in-the-environment"))) is BuiltinEmbedder


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "some/model"},
        {"embedder": "fastembed", "dimensions": 8},
        {"embedder": "openai", "base_url": "ftp://host/v1"},
        {"embedder": "openai", "base_url": "https://user:sk-secret@host/v1"},
        {"embedder": "openai", "base_url": "https://host/v1?key=sk-secret"},
        {"embedder": "openai", "api_key": "sk-secret\r\nHost: elsewhere"},
        {"embedder": "openai", "api_key": "sk-secret-ключ"},
    ],
)
def test_settings_that_cannot_work_are_refused_without_showing_a_secret(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        EmbeddingSettings.model_validate(wrong)
    assert "sk-secret" not in str(caught.value)


def test_a_key_loses_the_line_end_of_the_file_it_came_from() -> None:
    key = EmbeddingSettings(embedder="openai", api_key="sk-key\n").api_key
    assert key is not None
    assert key.get_secret_value() == "sk-key"


def test_the_builtin_embedder_imports_no_other() -> None:
    code = (
        "import sys; from moorage.core.embedding.factory import make_embedder; "
        "from moorage.core.embedding.settings import EmbeddingSettings; make_embedder(EmbeddingSettings()); "
        "sys.exit(any(name in sys.modules for name in ('httpx2', 'fastembed')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
