"""How projects are put together for the doors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from moorage.core.errors import MoorageError
from moorage.core.shape import Check, Opened
from moorage.projects.ground import Ground
from moorage.projects.models import RESERVED_NAME
from moorage.projects.tools import ProjectTools


class ProjectsSystem:
    """The registry of projects as a system."""

    name = "projects"
    purpose = "Projects: each has its own database; every other tool works inside one, named by project_name."

    @asynccontextmanager
    async def open(self, ground: Ground, _settings: Any) -> AsyncGenerator[Opened]:
        async def connections() -> Sequence[Check]:
            health = await ground.connections.health_check()
            return [Check(f"connection to {name}", ok, required=name == RESERVED_NAME) for name, ok in health.items()]

        async def project(name: str) -> Sequence[Check]:
            try:
                async with ground.connections.get_project_connection(name) as connection:
                    await connection.fetchval("SELECT 1")
            except MoorageError as error:
                return [Check(f"project {name}", ok=False, detail=error.message)]
            return [Check(f"project {name}", ok=True, detail="reachable, its own, schemas complete and current")]

        yield Opened(
            ground.projects,
            tools=ProjectTools(ground.projects).tools(),
            checks=[connections],
            project_checks=[project],
        )


SYSTEM = ProjectsSystem()
