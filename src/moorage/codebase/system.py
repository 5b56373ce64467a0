"""How code search is put together for the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from moorage.codebase.diagnosing import CodebaseDiagnoses
from moorage.codebase.metering import metered
from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.codebase.tools import CodebaseTools
from moorage.codebase.watching import watch
from moorage.core.shape import Opened
from moorage.projects.ground import Ground


class CodebaseSystem:
    """Semantic code search as a system."""

    name = "codebase"
    purpose = (
        "Code search: search_code finds where something is done by meaning, words and names;"
        " index_repository makes a folder or git URL searchable."
    )

    @asynccontextmanager
    async def open(self, ground: Ground, settings: CodebaseSettings) -> AsyncGenerator[Opened]:
        service = CodebaseService(ground.connections, ground.embedder, settings, ground.home / "clones")
        watching = None
        if settings.watch and ground.projects.default is not None:
            watching = asyncio.create_task(watch(service, ground.projects.default))
        try:
            with metered(service.runs):
                yield Opened(
                    service,
                    tools=CodebaseTools(service, ground.projects.resolve).tools(),
                    diagnoses=CodebaseDiagnoses(ground.connections).all,
                )
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await service.close()


SYSTEM = CodebaseSystem()
