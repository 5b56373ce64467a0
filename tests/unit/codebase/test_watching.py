"""Watching goes on whatever interrupts it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from moorage.codebase import watching
from moorage.core.postgres.errors import ServerUnavailable


class RestartingService:
    """Answers as a service does whose PostgreSQL is away for a moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = 0
        self.indexed = asyncio.Event()

    async def list_repositories(self, _project: str) -> SimpleNamespace:
        self.asked += 1
        if self.asked == 1:
            raise ServerUnavailable("PostgreSQL is restarting")
        return SimpleNamespace(repositories=[SimpleNamespace(repo_path=str(self.folder))])

    async def index_repository(self, _project: str, _repo_path: str, **_options: object) -> SimpleNamespace:
        self.indexed.set()
        return SimpleNamespace(status="completed", files_done=1)


async def test_watching_goes_on_after_postgresql_was_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "LOOK_FOR_REPOSITORIES_MILLISECONDS", 50)
    service = RestartingService(tmp_path)
    task = asyncio.create_task(watching.watch(service, "app"))  # ty: ignore[invalid-argument-type]
    try:
        async with asyncio.timeout(30):
            number = 0
            while not service.indexed.is_set():  # a file is written until one is seen: the watch may not have begun
                (tmp_path / f"{(number := number + 1)}.py").write_text("x = 1\n")
                assert not task.done()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(service.indexed.wait(), 0.2)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
