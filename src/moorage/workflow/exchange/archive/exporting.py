"""Writing everything of a project into a folder, as it was at one moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.exchange.archive import store
from moorage.workflow.exchange.archive.folders import DEPLOYMENTS, TYPES, FolderWriter
from moorage.workflow.exchange.archive.models import ArchivedDeployment, ArchivedEntity
from moorage.workflow.exchange.models import ExportedFolder, OnProgress

PAGE = 200


async def export_folder(
    connections: ProjectConnectionManager, project_name: str, folder: Path, *, on_progress: OnProgress
) -> ExportedFolder:
    """Write the export of a project; see `folders` for what becomes of what is there.

    Args:
        on_progress: told of the number of entities with each that is written.

    Raises:
        InvalidInput: the folder is not fit. Those of the project.
    """
    async with (
        connections.get_project_connection(project_name) as connection,
        # Everything is read as of one moment, and nothing that others write meanwhile.
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        with FolderWriter(folder) as writer:
            return await _export(connection, writer, project_name, folder, on_progress)


async def _export(
    connection: Connection, writer: FolderWriter, project_name: str, folder: Path, on_progress: OnProgress
) -> ExportedFolder:
    total, entities, deployments = await store.entity_count(connection), 0, 0
    types = await store.type_all(connection)
    for each in types:
        writer.write(f"{TYPES}/{each.schema_name}.json", each)
    async for entity in _all_entities(connection):
        writer.write(f"{entity.schema_name}/{entity.key}.json", entity)
        entities += 1
        on_progress(total)
    async for deployment in _all_deployments(connection):
        writer.write(f"{DEPLOYMENTS}/{deployment.id}.json", deployment)
        deployments += 1
    changed, removed = writer.finish()
    return ExportedFolder(
        project_name=project_name,
        folder=str(folder),
        entities=entities,
        types=len(types),
        deployments=deployments,
        changed=changed,
        removed=removed,
    )


async def _all_entities(connection: Connection) -> AsyncIterator[ArchivedEntity]:
    after: UUID | None = None
    while page := await store.entity_page(connection, after=after, limit=PAGE):
        for each in page:
            yield each
        after = page[-1].id


async def _all_deployments(connection: Connection) -> AsyncIterator[ArchivedDeployment]:
    after: UUID | None = None
    while page := await store.deployment_page(connection, after=after, limit=PAGE):
        for each in page:
            yield each
        after = page[-1].id
