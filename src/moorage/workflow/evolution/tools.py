"""Changes of types as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Call, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import FITS_VERSION, Rules, SchemaName
from moorage.workflow.evolution.migration import OnProgress
from moorage.workflow.evolution.models import Evolution, EvolvedType, MigratedType, TypeHistory
from moorage.workflow.evolution.service import EvolutionService
from moorage.workflow.types.agreement import parse_rules
from moorage.workflow.types.steps import Steps


class EvolutionTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: EvolutionService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def types(self) -> list[Tool]:
        """The tools for those who look after types."""
        hints = {"idempotent": True, "open_world": False}
        reads = {"read_only": True, "destructive": False, **hints}
        writes = {"read_only": False, "destructive": False, **hints}
        return [
            # Steps may remove what entities have.
            Tool(self.evolve_entity_type, title="Change a type of entities", **{**writes, "destructive": True}),
            Tool(self.migrate_entities, title="Go on with a migration", **writes),
            Tool(self.entity_type_history, title="Versions of a type", **reads),
        ]

    async def evolve_entity_type(
        self,
        schema_name: SchemaName,
        schema_definition: Annotated[
            dict[str, Any] | None, Field(description="The new JSON Schema, whole; leave out to keep it.")
        ] = None,
        steps: Annotated[
            Steps | None,
            Field(
                description="Applied in order to each entity; fields are like owner, address.city, tests.*.status (each"
                " element). Left out: newly required properties get their defaults."
            ),
        ] = None,
        rules: Rules = None,
        description: Annotated[str | None, Field(description="Leave out to keep it.", max_length=2000)] = None,
        expected_version: Annotated[
            int | None,
            Field(description="The type's version that you read; only a dry run goes without.", ge=1),
            FITS_VERSION,
        ] = None,
        dry_run: Annotated[bool, Field(description="Only tell what it would do, and which entities fail.")] = False,
        accept_failing: Annotated[
            bool, Field(description="Change it though it is breaking, or leaves entities behind.")
        ] = False,
        project_name: ProjectArgument = None,
        call: Call | None = None,
    ) -> EvolvedType:
        """Change a type's JSON Schema or rules, and bring its entities forward by declarative steps; the rest stays.

        Call it with dry_run first: it says whether the change is compatible, and names the entities that would fail.
        Repeating a call is safe: it finds the type changed, and goes on with the migration.
        """
        name = await self._resolve(project_name)
        asked = Evolution(schema_definition, description, None if rules is None else parse_rules(rules), steps)
        if dry_run:
            return await self._service.try_out(name, schema_name, asked)
        return await self._service.evolve(
            name,
            schema_name,
            asked,
            expected_version=expected_version,
            accept_failing=accept_failing,
            on_progress=_progress_to(call),
        )

    async def migrate_entities(
        self, schema_name: SchemaName, project_name: ProjectArgument = None, call: Call | None = None
    ) -> MigratedType:
        """Go on with a migration of a type's entities that stands still, or failed and has been mended since."""
        name = await self._resolve(project_name)
        return await self._service.migrate(name, schema_name, on_progress=_progress_to(call))

    async def entity_type_history(
        self,
        schema_name: SchemaName,
        version: Annotated[
            int | None,
            Field(description="Only this one, with its JSON Schema and rules.", ge=1),
            FITS_VERSION,
        ] = None,
        project_name: ProjectArgument = None,
    ) -> TypeHistory:
        """List the versions of a type, newest first: what changed, who changed it, and how its migration went."""
        return await self._service.history(await self._resolve(project_name), schema_name, version)


def _progress_to(call: Call | None) -> OnProgress | None:
    """Pass the progress of a migration on to the caller of a tool."""
    if call is None:
        return None

    async def tell(done: int, total: int) -> None:
        await call.progress(done, total, "entities brought forward")

    return tell
