"""Types as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import READS, WRITES, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import Rules, SchemaName
from moorage.workflow.types.agreement import parse_rules
from moorage.workflow.types.models import DeletedType, RegisteredType, ShownType, TypeList
from moorage.workflow.types.service import TypeService


class TypeTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: TypeService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        return [Tool(self.register_entity_type, title="Register a type of entities", **WRITES)]

    def types(self) -> list[Tool]:
        """The tools for those who look after types."""
        return [
            Tool(self.list_entity_types, title="List types of entities", **READS),
            Tool(self.get_entity_type, title="Show a type of entities", **READS),
            Tool(self.delete_entity_type, title="Delete a type of entities", **{**WRITES, "destructive": True}),
        ]

    async def register_entity_type(
        self,
        schema_name: SchemaName,
        schema_definition: Annotated[
            dict[str, Any] | None, Field(description="JSON Schema of its data; leave out for a ready-made type.")
        ] = None,
        description: Annotated[str | None, Field(description="What it is for.", max_length=2000)] = None,
        rules: Rules = None,
        project_name: ProjectArgument = None,
    ) -> RegisteredType:
        """Define a type of work items by JSON Schema, or take a ready-made one by its name alone.

        Ready-made: task, bug, epic, decision, risk, test_run, deployment, vendor. Returns its fields.
        """
        given = None if rules is None else parse_rules(rules)
        return await self._service.register(
            await self._resolve(project_name), schema_name, schema_definition, description=description, rules=given
        )

    async def list_entity_types(self, project_name: ProjectArgument = None) -> TypeList:
        """List the types of work items with their fields and counts, and the ready-made types not registered yet."""
        return await self._service.list(await self._resolve(project_name))

    async def get_entity_type(self, schema_name: SchemaName, project_name: ProjectArgument = None) -> ShownType:
        """Show one type of work items whole: JSON Schema, states and transitions, indexes, version, counts."""
        return await self._service.show(await self._resolve(project_name), schema_name)

    async def delete_entity_type(self, schema_name: SchemaName, project_name: ProjectArgument = None) -> DeletedType:
        """Delete a type that has no work items, deleted ones included; there is no way back."""
        return await self._service.delete(await self._resolve(project_name), schema_name)
