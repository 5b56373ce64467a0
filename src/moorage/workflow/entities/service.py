"""What is done with entities, as use cases."""

from __future__ import annotations

from typing import Any

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.documents import Document
from moorage.workflow.entities.calls import WriteCalls
from moorage.workflow.entities.conditions import refuse_deleted, refuse_unmet_in, refuse_unnamed
from moorage.workflow.entities.deleting import Family, lock_family_in, refuse_claimed_below, refuse_parents_in
from moorage.workflow.entities.edits import Edit, parse_edit
from moorage.workflow.entities.models import (
    ChangedEntity,
    Condition,
    DeletedEntity,
    Entity,
    LockedEntity,
    Mode,
    Operation,
    WrittenEntity,
)
from moorage.workflow.entities.references import find_entity
from moorage.workflow.entities.writing import (
    changed_entity,
    insert,
    lock_one_in,
    new_entity,
    refuse_old_type,
    update_in,
)
from moorage.workflow.errors import InvalidEntity, TransitionRefused
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import EntityType


class EntityService:
    """Create, read and change entities; what the caller saw is named in every write.

    All writes raise TypeChanged when types change faster than they can be read, KeyReused, and what
    `find_writable` raises.
    """

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, settings: WorkflowSettings) -> None:
        self._connections = connections
        self._catalog = catalog
        self._max_bytes = settings.max_document_bytes
        self._calls = WriteCalls(connections, catalog)

    async def get(self, project_name: str, entity_id: str) -> Entity:
        """Return an entity by id or key, deleted or not.

        Raises:
            EntityNotFound, InvalidInput.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            return await find_entity(connection, entity_id)

    async def create(
        self, project_name: str, schema_name: str, data: Document, *, idempotency_key: str | None = None
    ) -> WrittenEntity:
        """Make an entity; defaults that its type states are filled in.

        Raises:
            TypeNotFound, InvalidEntity, InvalidInput, TransitionRefused, EntityExists.
        """

        async def write(connection: Connection, project: Project) -> WrittenEntity:
            entity_type = await self._catalog.get(project, connection, schema_name)
            new = new_entity(entity_type, data, max_bytes=self._max_bytes)
            entity = (await insert(connection, [new], actor=current_caller().name))[0]
            return WrittenEntity(project_name=project.name, entity=entity)

        if idempotency_key is None:
            return await self._calls.at_once(project_name, write)
        return await self._calls.in_transaction(
            project_name,
            WrittenEntity,
            write,
            key=idempotency_key,
            tool="create_entity",
            arguments={"schema_name": schema_name, "data": data},
        )

    async def update(
        self,
        project_name: str,
        entity_id: str,
        data: Any,
        *,
        mode: Mode = "replace",
        expected_version: int | None = None,
        force: bool = False,
        claim_token: int | None = None,
        idempotency_key: str | None = None,
    ) -> WrittenEntity:
        """Change an entity that is still as the caller saw it.

        An edit that changes nothing writes nothing: the answer has the version there is, and is marked `unchanged`.

        Args:
            data: the whole data, a merge patch, or a list of operations, by the mode.

        Raises:
            VersionRequired, StaleVersion, Claimed, ClaimLost, EntityDeleted, EntityNotFound, EntityExists.
            InvalidEntity, InvalidInput, InvalidPatch, PatchFailed, TransitionRefused.
        """
        condition = Condition(expected_version, force, claim_token)
        refuse_unnamed(condition)
        edit = parse_edit(mode, data, max_bytes=self._max_bytes)

        async def write(connection: Connection, project: Project) -> WrittenEntity:
            locked = await lock_one_in(connection, entity_id)
            refuse_deleted(locked)
            await refuse_unmet_in(connection, locked, condition, edit)
            entity_type = await self._type_of(connection, project, locked)
            return await _written_in(connection, project, self._edited(locked, entity_type, edit))

        return await self._calls.in_transaction(
            project_name,
            WrittenEntity,
            write,
            key=idempotency_key,
            tool="update_entity",
            arguments={"entity_id": entity_id, "data": data, "mode": mode, "condition": condition.__dict__},
        )

    async def delete(
        self,
        project_name: str,
        entity_id: str,
        *,
        expected_version: int | None = None,
        force: bool = False,
        claim_token: int | None = None,
        with_children: bool = False,
        idempotency_key: str | None = None,
    ) -> DeletedEntity:
        """Delete an entity, until it is restored or purged; what is deleted already is answered `unchanged`.

        Args:
            with_children: everything below it as well, whatever its versions; claims on it are respected.

        Raises:
            VersionRequired, StaleVersion, Claimed, ClaimLost, EntityNotFound, InvalidInput.
            HasChildren: without `with_children`.
        """
        condition = Condition(expected_version, force, claim_token)
        refuse_unnamed(condition)

        async def write(connection: Connection, project: Project) -> DeletedEntity:
            family = await self._family(connection, entity_id, with_children=with_children)
            if family.root.entity.deleted_at is not None:
                return DeletedEntity(project_name=project.name, entity=family.root.entity, unchanged=True)
            await refuse_unmet_in(connection, family.root, condition)
            refuse_claimed_below(family, condition)
            await refuse_parents_in(connection, [each.entity.id for each in family.members])
            changes = [await self._deletion(connection, project, each) for each in family.members]
            entity, *children = await update_in(connection, changes, actor=current_caller().name)
            return DeletedEntity(project_name=project.name, entity=entity, children=[each.key for each in children])

        return await self._calls.in_transaction(
            project_name,
            DeletedEntity,
            write,
            key=idempotency_key,
            tool="delete_entity",
            arguments={"entity_id": entity_id, "with_children": with_children, "condition": condition.__dict__},
        )

    async def restore(
        self,
        project_name: str,
        entity_id: str,
        *,
        expected_version: int | None = None,
        force: bool = False,
        idempotency_key: str | None = None,
    ) -> WrittenEntity:
        """Undo a deletion; what is not deleted is answered `unchanged`.

        Raises:
            VersionRequired, StaleVersion, EntityNotFound, EntityExists, InvalidInput.
            InvalidEntity: the data does not satisfy the type as it is now.
        """
        condition = Condition(expected_version, force)
        refuse_unnamed(condition)

        async def write(connection: Connection, project: Project) -> WrittenEntity:
            locked = await lock_one_in(connection, entity_id)
            if locked.entity.deleted_at is None:
                return WrittenEntity(project_name=project.name, entity=locked.entity, unchanged=True)
            await refuse_unmet_in(connection, locked, condition)
            entity_type = await self._type_of(connection, project, locked)
            data = entity_type.brought_forward(locked.entity.data, locked.entity.schema_version)
            change = changed_entity(locked.entity, Operation.RESTORE, entity_type, data, max_bytes=self._max_bytes)
            return await _written_in(connection, project, change)

        return await self._calls.in_transaction(
            project_name,
            WrittenEntity,
            write,
            key=idempotency_key,
            tool="restore_entity",
            arguments={"entity_id": entity_id, "condition": condition.__dict__},
        )

    async def _family(self, connection: Connection, entity_id: str, *, with_children: bool) -> Family:
        """Lock what is deleted: an entity, alone or with all that is below it."""
        if with_children:
            return await lock_family_in(connection, entity_id)
        return Family(await lock_one_in(connection, entity_id), [])

    def _edited(self, locked: LockedEntity, entity_type: EntityType, edit: Edit) -> ChangedEntity:
        before = locked.entity
        data = edit.applied_to_entity(before, entity_type)
        try:
            return changed_entity(before, Operation.UPDATE, entity_type, data, max_bytes=self._max_bytes)
        except (InvalidEntity, TransitionRefused) as error:
            if edit.mode == "replace" and (left_out := ", ".join(sorted(before.data.keys() - data.keys()))):
                error.hint += f" Mode replace removes what is left out ({left_out[:200]}); mode merge keeps it."
            raise

    async def _deletion(self, connection: Connection, project: Project, locked: LockedEntity) -> ChangedEntity:
        entity_type = await self._type_of(connection, project, locked)
        return changed_entity(locked.entity, Operation.DELETE, entity_type, locked.entity.data)

    async def _type_of(self, connection: Connection, project: Project, locked: LockedEntity) -> EntityType:
        """Return the type of a locked entity as it is now, which cannot change until the transaction ends."""
        entity_type = await self._catalog.get(project, connection, locked.entity.schema_name)
        refuse_old_type(locked, entity_type)
        return entity_type


async def _written_in(transaction: Connection, project: Project, change: ChangedEntity) -> WrittenEntity:
    if not change.is_change:
        return WrittenEntity(project_name=project.name, entity=change.before, unchanged=True)
    entity = (await update_in(transaction, [change], actor=current_caller().name))[0]
    return WrittenEntity(project_name=project.name, entity=entity)
