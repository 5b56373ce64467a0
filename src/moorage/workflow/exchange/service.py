"""What is exchanged with files and other programs, as use cases."""

from __future__ import annotations

from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.exchange.importing import Importer
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.service import TypeService


class ExchangeService:
    """Import from other programs, export, and bring an export back."""

    def __init__(
        self,
        connections: ProjectConnectionManager,
        catalog: TypeCatalog,
        types: TypeService,
        settings: WorkflowSettings,
    ) -> None:
        self._connections = connections
        self.import_text = Importer(connections, catalog, types, settings).run
