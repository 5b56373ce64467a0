"""Import and export as MCP tools: texts only, for a caller over the network names no files of this machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moorage.core.shape import READS, WRITES, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import IdempotencyKey, SchemaName
from moorage.workflow.exchange.models import ExportedText, ExportFormat, ImportFormat, ImportReport
from moorage.workflow.exchange.service import ExchangeService

MAX_TEXT_CHARACTERS = 4_000_000


class ExchangeTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: ExchangeService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def exchange(self) -> list[Tool]:
        """The tools that bring entities in and out as texts."""
        return [
            Tool(self.import_entities, title="Import entities", **WRITES),
            Tool(self.export_entities, title="Export entities", **READS),
        ]

    async def import_entities(
        self,
        format: Annotated[  # noqa: A002 - the argument's name to its callers
            ImportFormat,
            Field(
                description="github: issues as JSON; beads: JSONL; csv: a row an entity; markdown: - [ ] task lists."
            ),
        ],
        text: Annotated[str, Field(description="What to import.", min_length=1, max_length=MAX_TEXT_CHARACTERS)],
        schema_name: Annotated[
            str | None,
            Field(description="The type of everything; csv needs it, others have task, bug or epic.", max_length=63),
        ] = None,
        source: Annotated[
            str | None,
            Field(description="Where it is from, so that ids of two sources are told apart.", max_length=200),
        ] = None,
        dry_run: Annotated[bool, Field(description="Only say what would be made.")] = False,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> ImportReport:
        """Import issues or tasks of other programs with links, comments and URLs: all of them or none.

        What was imported before is not made again, and stays as it is now. The answer counts what was made and names
        every field for which a type has no room. Try it with dry_run first.
        """
        return await self._service.import_text(
            await self._resolve(project_name),
            text,
            format,
            schema_name=schema_name,
            source=source,
            dry_run=dry_run,
            idempotency_key=idempotency_key,
        )

    async def export_entities(
        self,
        schema_name: SchemaName,
        format: Annotated[  # noqa: A002 - the argument's name to its callers
            ExportFormat, Field(description="csv: a table; markdown: a board by state; json: an entity a line.")
        ] = "csv",
        max_characters: Annotated[
            int,
            Field(
                description="About so many, in whole entities; `truncated` says when more are there.", ge=1, le=200_000
            ),
        ] = 20_000,
        project_name: ProjectArgument = None,
    ) -> ExportedText:
        """Return the entities of a type as one text, oldest first; use query_entities to find some of them."""
        return await self._service.export_text(
            await self._resolve(project_name), schema_name, format, max_characters=max_characters
        )
