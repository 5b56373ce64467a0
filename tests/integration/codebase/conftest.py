"""Code search over a real PostgreSQL, a project and a small repository a test."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.core.embedding.builtin import BuiltinEmbedder
from tests.unit.codebase.repositories import ISOLATED


@pytest.fixture(autouse=True)
def own_git_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ISOLATED.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def serving(connections, tmp_path: Path):
    """Open services as other processes would have them: `async with serving(embedder) as codebase`."""

    @asynccontextmanager
    async def opened(embedder=None, **settings) -> AsyncGenerator[CodebaseService]:
        service = CodebaseService(
            connections, embedder or BuiltinEmbedder(), CodebaseSettings(**settings), tmp_path / "clones"
        )
        try:
            yield service
        finally:
            await service.close()

    return opened


@pytest.fixture
async def codebase(serving) -> AsyncGenerator[CodebaseService]:
    async with serving() as service:
        yield service
