"""Looking into databases as tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from moorage.core.shape import READS, Tool
from moorage.databases.arguments import Absent, DatabaseArgument
from moorage.databases.exploring.listing import Detail
from moorage.databases.exploring.patterns import read_kinds, read_pattern
from moorage.databases.exploring.service import ExploringService, Search

MAX_NAME = 300
# More than there is anywhere; not told in the schema, which every client pays for.
MAX_OFFSET = 1_000_000_000


def _listed(given: Any) -> Any:
    """Take a list for what it means where a text with commas is described, which is fewer words to every client."""
    return ",".join(map(str, given)) if isinstance(given, list) else given


class ExploringTools:
    """The door: arguments in, catalogue looked into, text out."""

    def __init__(self, service: ExploringService) -> None:
        self._service = service

    def core(self) -> list[Tool]:
        hints = {**READS, "open_world": True, "structured": False}
        return [
            Tool(self.search_objects, title="Search objects", **hints),
            Tool(self.get_table_schema, title="Get table schema", **hints),
        ]

    async def search_objects(
        self,
        pattern: Annotated[str, Field(description="Part of a name; * is any.", max_length=MAX_NAME)] = "*",
        database_id: Annotated[
            str | Absent, BeforeValidator(_listed), Field(description="Ids with commas, tag:NAME, or *.")
        ] = None,
        kinds: Annotated[
            str | Absent, BeforeValidator(_listed), Field(description="table, view, column, index, ...")
        ] = None,
        schema: Annotated[str | Absent, Field(description="Only there.")] = None,
        detail: Annotated[Detail, Field(description="How much of each.")] = Detail.NAMES,
        offset: Annotated[int, Field(description="For further ones.", ge=0)] = 0,
    ) -> str:
        """Find tables, columns, functions by name, before you write SQL."""
        names = [] if database_id is None else [each.strip() for each in database_id.split(",")]
        search = Search(read_pattern(pattern), read_kinds(kinds or ""), schema, detail, offset=min(offset, MAX_OFFSET))
        return await self._service.search_objects(names, search)

    async def get_table_schema(
        self,
        table: Annotated[str, Field(description="Name or schema.name.", max_length=MAX_NAME)],
        database_id: DatabaseArgument = None,
        schema: Annotated[str | Absent, Field(description="Its schema.")] = None,
    ) -> str:
        """Show a table or view as SQL, with keys, indexes, comments, rows, size."""
        return await self._service.get_table_schema(database_id, table, schema)
