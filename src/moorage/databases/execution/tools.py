"""Running SQL as a tool."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Tool
from moorage.databases.arguments import DatabaseArgument
from moorage.databases.execution.answers import as_json
from moorage.databases.execution.running import Request, Runner
from moorage.databases.sources.catalog import Catalog


class QueryTools:
    """The door: arguments in, statement run, answer out."""

    def __init__(self, catalog: Catalog, runner: Runner) -> None:
        self._catalog = catalog
        self._runner = runner

    def core(self) -> list[Tool]:
        return [
            Tool(
                self.run_query,
                title="Run SQL",
                read_only=False,
                destructive=True,
                idempotent=False,
                open_world=True,
                structured=False,
            )
        ]

    async def run_query(
        self,
        sql: Annotated[str, Field(description="One statement; $1, $2 for parameters.")] = "",
        database_id: DatabaseArgument = None,
        parameters: Annotated[list[Any] | None, Field(description="Values of $1, $2, ...")] = None,
        max_rows: Annotated[int | None, Field(description="At most so many rows.", ge=1)] = None,
    ) -> str:
        """Run one SQL statement and return columns and rows as JSON, cut at a limit with a notice."""
        database = await self._catalog.find(database_id)
        return as_json(await self._runner.run(database, Request(sql, parameters or (), max_rows)))
