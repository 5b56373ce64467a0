"""Running SQL as a tool."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from moorage.core.shape import Call, Tool
from moorage.databases.arguments import Absent, DatabaseArgument, ParametersArgument, StatementArgument
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
                is_for_readers=True,
                only_reads_now=lambda: self._catalog.is_only_read,
            )
        ]

    async def run_query(
        self,
        sql: StatementArgument = "",
        database_id: DatabaseArgument = None,
        parameters: ParametersArgument = None,
        max_rows: Annotated[PositiveInt | Absent, Field(description="Default 200.")] = None,
        max_bytes: Annotated[Annotated[int, Field(ge=1_000)] | Absent, Field(description="Default 50000.")] = None,
        timeout_seconds: Annotated[PositiveFloat | Absent, Field(description="To lower it.")] = None,
        format: Annotated[Format, Field(description="Of rows.")] = Format.JSON,  # noqa: A002  (as callers guess)
        commit: Annotated[bool, Field(description="Keep writes; else a preview.")] = False,
        next: Annotated[str | Absent, Field(description="Of a cut answer: read on.")] = None,  # noqa: A002
        call: Call | None = None,
    ) -> str:
        """Run SQL; returns columns and rows, cut at limits with a notice."""
        named = self._runner.database_of(next) if next and database_id is None else database_id
        request = Request(sql, parameters or (), max_rows, max_bytes, timeout_seconds, format, commit, next or None)
        confirm = call.confirm if call is not None and call.can_confirm else None
        answer = await self._runner.run(await self._catalog.find(named), request, confirm)
        return written(answer, is_marked=self._marks_data)
