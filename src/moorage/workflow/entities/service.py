"""What is done with entities, as use cases."""

from __future__ import annotations

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import Entity, Operation, WrittenEntity
from moorage.workflow.entities.references import find_entity, parse_ref, refuse_missing
from moorage.workflow.entities.writing import changed_entity, insert, lock_in, new_entity, refuse_old_type, update_in
from moorage.workflow.errors import StaleVersion
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog


class EntityService:
    """Create, read and change entities; what the caller saw is named in every write."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, settings: WorkflowSettings) -> None:
        self._connections = connections
        self._catalog = catalog
        self._settings = settings

    async def create(self, project_name: str, schema_name: str, data: Document) -> WrittenEntity:
        """Make an entity.

        Raises:
            TypeNotFound, InvalidEntity, InvalidInput, TransitionRefused, and those of the project.
        """
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:

            async def act() -> Entity:
                entity_type = await self._catalog.get(project, connection, schema_name)
                new = new_entity(entity_type, data, max_bytes=self._settings.max_document_bytes)
                return (await insert(connection, [new], actor=current_caller().name))[0]

            entity = await self._catalog.with_current(project, act)
        return WrittenEntity(project_name=project.name, entity=entity)

    async def get(self, project_name: str, entity_id: str) -> Entity:
        """Return an entity by id or key, deleted or not."""
        async with self._connections.get_project_connection(project_name) as connection:
            return await find_entity(connection, entity_id)

    async def update(
        self, project_name: str, entity_id: str, data: Document, *, expected_version: int
    ) -> WrittenEntity:
        """Change an entity that is still at the version the caller saw."""
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:

            async def act() -> Entity:
                async with connection.transaction():
                    return await self._update_in(connection, project, entity_id, data, expected_version)

            entity = await self._catalog.with_current(project, act)
        return WrittenEntity(project_name=project.name, entity=entity)

    async def _update_in(
        self, transaction: Connection, project: Project, entity_id: str, data: Document, expected_version: int
    ) -> Entity:
        ref = parse_ref(entity_id)
        locked = (await lock_in(transaction, [ref])).get(ref)
        if locked is None:
            refuse_missing([entity_id])
        assert locked is not None
        entity_type = await self._catalog.get(project, transaction, locked.entity.schema_name)
        refuse_old_type(locked, entity_type)
        if locked.entity.version != expected_version:
            raise StaleVersion(f"{locked.entity.key} is at version {locked.entity.version}", hint="Get it again.")
        change = changed_entity(locked.entity, Operation.UPDATE, entity_type, data)
        return (await update_in(transaction, [change], actor=current_caller().name))[0]
