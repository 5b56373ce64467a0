"""Running SQL as a tool."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Call, Tool
from moorage.databases.arguments import DatabaseArgument
from moorage.databases.execution.answers import written
from moorage.databases.execution.running import Request, Runner
from moorage.databases.execution.writing import Format
from moorage.databases.sources.catalog import Catalog


class QueryTools:
    """The door: arguments in, statement run, answer out.

    Args:
        marks_data: whether rows are told apart from what this program says.
    """

    def __init__(self, catalog: Catalog, runner: Runner, *, marks_data: bool = False) -> None:
        self._catalog = catalog
        self._runner = runner
        self._marks_data = marks_data

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
        parameters: list[Any] | None = None,
        max_rows: Annotated[int | None, Field(ge=1)] = None,
        max_bytes: Annotated[int | None, Field(ge=1_000)] = None,
        timeout_seconds: Annotated[float | None, Field(gt=0)] = None,
        format: Format = Format.JSON,  # noqa: A002  (the name a caller would guess)
        commit: Annotated[bool, Field(description="Keep what is written; else it is a preview.")] = False,
        next: Annotated[str | None, Field(description="Of an answer that was cut: read on.")] = None,  # noqa: A002
        call: Call | None = None,
    ) -> str:
        """Run one SQL statement; returns columns and rows, cut at limits with a notice."""
        named = self._runner.database_of(next) if next and database_id is None else database_id
        request = Request(sql, parameters or (), max_rows, max_bytes, timeout_seconds, format, commit, next)
        confirm = call.confirm if call is not None and call.can_confirm else None
        answer = await self._runner.run(await self._catalog.find(named), request, confirm)
        return written(answer, is_marked=self._marks_data)
