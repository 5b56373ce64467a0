"""Many databases at once as tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PositiveInt

from moorage.core.shape import READS, Tool
from moorage.databases.arguments import Absent
from moorage.databases.everywhere.comparing import SchemaComparison
from moorage.databases.everywhere.running import Everywhere
from moorage.databases.execution.requests import Request
from moorage.databases.execution.writing import Format

ROWS_OF_EACH = 50


class EverywhereTools:
    """The door: arguments in, databases asked, text out.

    Args:
        marks_data: whether rows are told apart from what this program says.
    """

    def __init__(self, everywhere: Everywhere, comparison: SchemaComparison, *, marks_data: bool = False) -> None:
        self._everywhere = everywhere
        self._comparison = comparison
        self._marks_data = marks_data

    def tools(self) -> list[Tool]:
        hints = {**READS, "open_world": True, "structured": False}
        return [
            Tool(self.run_everywhere, title="Run SQL on many databases", **hints),
            Tool(self.compare_schemas, title="Compare two schemas", **hints),
        ]

    async def run_everywhere(
        self,
        sql: Annotated[str, Field(description="One statement that reads.")],
        databases: Annotated[
            list[str], Field(description="Ids, tag:NAME, or * for all.", min_length=1, max_length=200)
        ],
        parameters: Annotated[list[Any] | Absent, Field(description="Values of $1, $2, ...")] = None,
        max_rows: Annotated[PositiveInt, Field(description="Of each database.")] = ROWS_OF_EACH,
        max_bytes: Annotated[
            Annotated[int, Field(ge=1_000)] | Absent, Field(description="Of all; default 50000.")
        ] = None,
        format: Annotated[Format, Field(description="Of rows.")] = Format.JSON,  # noqa: A002  (as callers guess)
    ) -> str:
        """Run one read on many databases at once: one table with database_id first, and who failed, with why.

        Use it to compare or to add up; aggregate in SQL, because all answers share one limit of size. A database that
        fails or hangs does not keep the others' answers from you.
        """
        request = Request(sql, parameters or (), max_rows, max_bytes, format=format)
        gathered = await self._everywhere.run(databases, request)
        return gathered.as_text(is_marked=self._marks_data)

    async def compare_schemas(
        self,
        left_database: Annotated[str, Field(description="Its id.")],
        right_database: Annotated[str, Field(description="Its id.")],
        schema: Annotated[str | Absent, Field(description="Only this one.")] = None,
    ) -> str:
        """Compare what two databases are made of: tables, columns, types, constraints, indexes, views, functions.

        One line a difference: - only left, + only right, ~ not the same. Data is not compared.
        """
        return await self._comparison.compare(left_database, right_database, schema)
