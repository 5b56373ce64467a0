"""What can be done with many databases."""

from __future__ import annotations

from moorage.databases.connectors.connections import Connections
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.running import Request, Runner
from moorage.databases.policy.guard import Guard
from moorage.databases.sources.catalog import Catalog


class DatabasesService:
    """The use cases, each given to the part that does it."""

    def __init__(self, catalog: Catalog, connections: Connections, guard: Guard) -> None:
        self.catalog = catalog
        self.connections = connections
        self.runner = Runner(connections, guard)

    async def run_query(self, database_id: str | None, request: Request) -> Answer:
        """Run a statement in the database named, or in the default one."""
        return await self.runner.run(await self.catalog.find(database_id), request)
