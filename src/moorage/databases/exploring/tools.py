"""Looking into databases as tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from moorage.core.shape import Tool
from moorage.databases.arguments import Absent, DatabaseArgument
from moorage.databases.exploring.explorer import Explorer, Search
from moorage.databases.exploring.listing import Detail
from moorage.databases.exploring.patterns import read_kinds, read_pattern
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.choosing import choose

MAX_NAME = 300


def _listed(given: Any) -> Any:
    """Take a list for what it means where a text with commas is described, which is fewer words to every client."""
    return ",".join(map(str, given)) if isinstance(given, list) else given


class ExploringTools:
    """The door: arguments in, catalogue looked into, text out."""

    def __init__(self, catalog: Catalog, explorer: Explorer) -> None:
        self._catalog = catalog
        self._explorer = explorer

    def core(self) -> list[Tool]:
        hints = {"read_only": True, "destructive": False, "idempotent": True, "open_world": True, "structured": False}
        return [
            Tool(self.search_objects, title="Search objects", **hints),
            Tool(self.get_table_schema, title="Get table schema", **hints),
        ]

    async def search_objects(
        self,
        pattern: Annotated[
            str, Field(description="Part of a name or comment; * is any text.", max_length=MAX_NAME)
        ] = "*",
        database_id: Annotated[
            str | Absent, BeforeValidator(_listed), Field(description="One or more with commas, tag:NAME, or *.")
        ] = None,
        kinds: Annotated[
            str, BeforeValidator(_listed), Field(description="table, view, column, index, ... with commas.")
        ] = "",
        schema: Annotated[str | Absent, Field(description="Only there.")] = None,
        detail: Annotated[Detail, Field(description="How much of each.")] = Detail.NAMES,
        offset: Annotated[int, Field(description="For further ones.", ge=0)] = 0,
    ) -> str:
        """Find tables, columns, functions, ... by name; look here before you write SQL."""
        databases = await choose(self._catalog, database_id)
        search = Search(read_pattern(pattern), read_kinds(kinds), schema, detail, offset=offset)
        return await self._explorer.search(databases, search)

    async def get_table_schema(
        self,
        table: Annotated[str, Field(description="Its name, or schema.name.", max_length=MAX_NAME)],
        database_id: DatabaseArgument = None,
        schema: Annotated[str | Absent, Field(description="Its schema.")] = None,
    ) -> str:
        """Show one table or view as SQL, with keys, indexes, comments, rows and size."""
        return await self._explorer.describe_table(await self._catalog.find(database_id), table, schema)
