"""How SQL over many databases is put together for the doors."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from moorage.core.shape import Opened, chosen_tools
from moorage.databases.opening import open_databases
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.projects import RegistryDatabases
from moorage.databases.tools import tools_by_profile
from moorage.projects.ground import Ground


class DatabasesSystem:
    """SQL over many databases as a system."""

    name = "databases"
    purpose = (
        "Databases: list_databases shows what there is, search_objects and get_table_schema what is in it, run_query"
        " reads it with SQL."
    )

    @asynccontextmanager
    async def open_alone(self, settings: DatabasesSettings, *, home: Path) -> AsyncGenerator[Opened]:
        """Open it without registry and projects, for somebody who asks databases of others only."""
        async with open_databases(settings, home=home) as service:
            yield Opened(service)

    @asynccontextmanager
    async def open(self, ground: Ground, settings: DatabasesSettings) -> AsyncGenerator[Opened]:
        projects = RegistryDatabases(ground.connections, settings.sql.project_policy)
        async with open_databases(
            settings,
            projects if settings.sql.include_projects else None,
            home=ground.home,
            registry=ground.connections,
        ) as service:
            tools = chosen_tools(tools_by_profile(service), settings.sql.tools)
            yield Opened(service, tools=tools, checks=[service.catalog.check])


SYSTEM = DatabasesSystem()
