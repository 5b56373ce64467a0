"""What can be done with many databases."""

from __future__ import annotations

from moorage.databases.audit.opening import Audit
from moorage.databases.connectors.connections import Connections
from moorage.databases.everywhere.comparing import SchemaComparison
from moorage.databases.everywhere.running import Everywhere
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.running import Confirm, Request, Runner
from moorage.databases.exploring.service import ExploringService
from moorage.databases.managing.service import ManagingService
from moorage.databases.policy.guard import Guard
from moorage.databases.saved.service import SavedService
from moorage.databases.settings import SqlSettings
from moorage.databases.sources.catalog import Catalog
from moorage.databases.tuning.service import TuningService


class DatabasesService:
    """The use cases, each given to the part that does it."""

    def __init__(
        self,
        catalog: Catalog,
        connections: Connections,
        guard: Guard,
        audit: Audit,
        settings: SqlSettings,
        managing: ManagingService,
    ) -> None:
        self.catalog = catalog
        self.connections = connections
        self.settings = settings
        self.powers = guard.powers
        self.runner = Runner(connections, guard, audit.recorder, settings)
        self.audit = audit.service
        self.managing = managing
        self.exploring = ExploringService(catalog, connections, settings)
        self.everywhere = Everywhere(catalog, self.runner, settings)
        self.comparison = SchemaComparison(catalog, connections)
        self.saved = SavedService(catalog, self.runner)
        self.tuning = TuningService(catalog, connections, guard, audit.recorder)

    async def run_query(self, database_id: str | None, request: Request, confirm: Confirm | None = None) -> Answer:
        """Run a statement in the database named, or in the default one; see `Runner.run`."""
        return await self.runner.run(await self.catalog.find(database_id), request, confirm)
