"""Entities as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import ClaimToken, EntityId, ExpectedVersion, Force, IdempotencyKey, SchemaName
from moorage.workflow.entities.models import Mode, Receipt
from moorage.workflow.entities.service import EntityService


class EntityTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: EntityService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        writes = {"read_only": False, "open_world": False}
        return [
            Tool(self.create_entity, title="Create an entity", destructive=False, idempotent=False, **writes),
            Tool(self.update_entity, title="Update an entity", destructive=False, idempotent=False, **writes),
            Tool(self.delete_entity, title="Delete an entity", destructive=True, idempotent=True, **writes),
            Tool(self.restore_entity, title="Restore an entity", destructive=False, idempotent=True, **writes),
        ]

    async def create_entity(
        self,
        schema_name: SchemaName,
        data: Annotated[dict[str, Any], Field(description="Its fields, as the type's JSON Schema has them.")],
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> Receipt:
        """Create a work item of a type (task, bug, decision, ...); returns its id, key and version 1."""
        written = await self._service.create(
            await self._resolve(project_name), schema_name, data, idempotency_key=idempotency_key
        )
        return Receipt.of(written)

    async def update_entity(
        self,
        entity_id: EntityId,
        data: Annotated[
            dict[str, Any] | list[dict[str, Any]], Field(description="New data, merge patch or operations, by mode.")
        ],
        mode: Annotated[
            Mode, Field(description="replace: data is whole; merge: RFC 7396, null removes; patch: RFC 6902 list.")
        ] = "replace",
        expected_version: ExpectedVersion = None,
        force: Force = False,
        claim_token: ClaimToken = None,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> Receipt:
        """Change a work item; needs the version you read, and is refused with the conflict if others wrote since."""
        written = await self._service.update(
            await self._resolve(project_name),
            entity_id,
            data,
            mode=mode,
            expected_version=expected_version,
            force=force,
            claim_token=claim_token,
            idempotency_key=idempotency_key,
        )
        return Receipt.of(written)

    async def delete_entity(
        self,
        entity_id: EntityId,
        expected_version: ExpectedVersion = None,
        force: Force = False,
        claim_token: ClaimToken = None,
        with_children: Annotated[bool, Field(description="Delete everything below it too.")] = False,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> Receipt:
        """Delete a work item that is still at the version you read; restore_entity undoes it."""
        written = await self._service.delete(
            await self._resolve(project_name),
            entity_id,
            expected_version=expected_version,
            force=force,
            claim_token=claim_token,
            with_children=with_children,
            idempotency_key=idempotency_key,
        )
        return Receipt.of(written)

    async def restore_entity(
        self,
        entity_id: EntityId,
        expected_version: ExpectedVersion = None,
        force: Force = False,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> Receipt:
        """Undo the deletion of a work item; get_entity shows the version to name."""
        written = await self._service.restore(
            await self._resolve(project_name),
            entity_id,
            expected_version=expected_version,
            force=force,
            idempotency_key=idempotency_key,
        )
        return Receipt.of(written)
