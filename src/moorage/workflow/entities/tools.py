"""Entities as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import EntityId, SchemaName
from moorage.workflow.entities.models import WrittenEntity
from moorage.workflow.entities.service import EntityService


class EntityTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: EntityService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        writes = {"read_only": False, "destructive": False, "open_world": False}
        return [
            Tool(self.create_entity, title="Create an entity", idempotent=False, **writes),
            Tool(self.update_entity, title="Update an entity", idempotent=False, **writes),
        ]

    async def create_entity(
        self,
        schema_name: SchemaName,
        data: Annotated[dict[str, Any], Field(description="Its fields, as the type's JSON Schema has them.")],
        project_name: ProjectArgument = None,
    ) -> WrittenEntity:
        """Create a work item of a type (task, bug, decision, ...); returns its id, key and version 1."""
        return await self._service.create(await self._resolve(project_name), schema_name, data)

    async def update_entity(
        self,
        entity_id: EntityId,
        data: Annotated[dict[str, Any], Field(description="The new data, whole.")],
        expected_version: Annotated[int, Field(description="The version you read.", ge=1)],
        project_name: ProjectArgument = None,
    ) -> WrittenEntity:
        """Change a work item that is still at the version you read."""
        return await self._service.update(
            await self._resolve(project_name), entity_id, data, expected_version=expected_version
        )
