"""What is exchanged with files and other programs, as use cases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.entities.models import Entity
from moorage.workflow.exchange import store
from moorage.workflow.exchange.archive.exporting import export_folder
from moorage.workflow.exchange.archive.restoring import restore_folder
from moorage.workflow.exchange.importing import Importer
from moorage.workflow.exchange.models import ExportedFolder, ExportedText, ExportFormat, OnProgress, RestoredFolder
from moorage.workflow.exchange.texts import Board, JsonLines, Sheet, TextWriter, fill
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.service import TypeService

PAGE = 500


def _untold(_total: int) -> None:
    """Tell nobody how far it is."""


class ExchangeService:
    """Import from other programs, export, and bring an export back.

    Args:
        after_change: told of a project whose types have changed.
    """

    def __init__(
        self,
        connections: ProjectConnectionManager,
        catalog: TypeCatalog,
        types: TypeService,
        settings: WorkflowSettings,
        *,
        after_change: Callable[[Project], Awaitable[None]],
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._after_change = after_change
        self._max_bytes = settings.max_document_bytes
        self.import_text = Importer(connections, catalog, types, settings).run

    async def export_text(
        self, project_name: str, schema_name: str, export_format: ExportFormat, *, max_characters: int | None = None
    ) -> ExportedText:
        """Return the entities of a type as text, in the order in which they were made, without the deleted ones.

        Args:
            max_characters: about so many, in whole entities, and at least one; None is all.

        Raises:
            TypeNotFound, and those of the project.
        """
        project = await self._connections.find_project(project_name)
        async with (
            self._connections.connection_to(project) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            entity_type = await self._catalog.get(project, connection, schema_name)
            total = await store.entity_count(connection, schema_name)
            writer = await _writer(connection, entity_type, export_format)
            count = await fill(writer, _entities(connection, schema_name), max_characters=max_characters)
        return ExportedText(
            project_name=project.name,
            format=export_format,
            schema_name=schema_name,
            text=writer.text(),
            entities=count,
            total=total,
            truncated=count < total,
        )

    async def export_folder(
        self, project_name: str, folder: Path, *, on_progress: OnProgress = _untold
    ) -> ExportedFolder:
        """Write everything of a project into a folder, one file an entity.

        Raises:
            InvalidInput: the folder holds something else, or cannot be written. Those of the project.
        """
        return await export_folder(self._connections, project_name, folder, on_progress=on_progress)

    async def restore_folder(
        self, project_name: str, folder: Path, *, dry_run: bool = False, on_progress: OnProgress = _untold
    ) -> RestoredFolder:
        """Bring an export back as it was: with its ids, keys, versions, times and names.

        Raises:
            InvalidImport, LinkRefused, and those of the project.
        """
        restored = await restore_folder(
            self._connections,
            project_name,
            folder,
            max_bytes=self._max_bytes,
            dry_run=dry_run,
            on_progress=on_progress,
        )
        if restored.types and not dry_run:
            await self._after_change(await self._connections.find_project(project_name))
        return restored


async def _writer(connection: Connection, entity_type: EntityType, export_format: ExportFormat) -> TextWriter:
    match export_format:
        case "csv":
            return Sheet(entity_type, await store.field_names(connection, entity_type.name))
        case "markdown":
            return Board(entity_type)
        case "json":
            return JsonLines()


async def _entities(connection: Connection, schema_name: str) -> AsyncIterator[Entity]:
    after: Entity | None = None
    while page := await store.entity_page(connection, schema_name, after=after, limit=PAGE):
        for each in page:
            yield each
        after = page[-1]
