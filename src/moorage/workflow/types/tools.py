"""Types as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import SchemaName
from moorage.workflow.types.models import StoredType, TypeRules
from moorage.workflow.types.service import TypeService


class TypeTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: TypeService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        writes = {"read_only": False, "destructive": False, "open_world": False}
        return [Tool(self.register_entity_type, title="Register a type of entities", idempotent=False, **writes)]

    async def register_entity_type(
        self,
        schema_name: SchemaName,
        schema_definition: Annotated[
            dict[str, Any] | None, Field(description="JSON Schema of its data; leave out for a ready-made type.")
        ] = None,
        description: Annotated[str | None, Field(description="What it is for.", max_length=2000)] = None,
        rules: Annotated[TypeRules | None, Field(description="State field, transitions, priority, indexes.")] = None,
        project_name: ProjectArgument = None,
    ) -> StoredType:
        """Define a type of work items by JSON Schema, or take a ready-made one by its name (task, bug, ...)."""
        return await self._service.register(
            await self._resolve(project_name), schema_name, schema_definition, description=description, rules=rules
        )
