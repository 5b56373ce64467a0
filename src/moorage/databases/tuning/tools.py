"""Plans, health, workload and indexes as tools."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from moorage.core.shape import Tool
from moorage.databases.arguments import Absent, DatabaseArgument, ParametersArgument, StatementArgument
from moorage.databases.tuning.health.report import report
from moorage.databases.tuning.service import TuningService
from moorage.databases.tuning.workload.top import Measure

# What is asked about is somebody else's database: its names and texts are not ours.
_READS = {"read_only": True, "destructive": False, "idempotent": True, "open_world": True, "structured": False}


class TuningTools:
    """The door: arguments in, question asked, findings out."""

    def __init__(self, service: TuningService) -> None:
        self._service = service

    def core(self) -> list[Tool]:
        return [
            Tool(self.explain_query, title="Explain SQL", **_READS),
            Tool(self.database_health, title="Health of databases", **_READS),
        ]

    def tuning(self) -> list[Tool]:
        return [
            Tool(self.top_queries, title="Busiest statements", **_READS),
            Tool(self.advise_indexes, title="Advice on indexes", **_READS),
        ]

    async def explain_query(
        self,
        sql: StatementArgument,
        database_id: DatabaseArgument = None,
        parameters: ParametersArgument = None,
        analyze: Annotated[bool, Field(description="Run it (reads only).")] = False,
        format: Annotated[Literal["text", "json"], Field(description="Of the plan.")] = "text",  # noqa: A002  (as callers guess)
    ) -> str:
        """Show how a statement would run: steps, costs, warnings. Writes are planned, never run."""
        explanation = await self._service.explain_query(database_id, sql, parameters, analyze=analyze)
        return explanation.as_text() if format == "text" else explanation.as_json()

    async def database_health(
        self,
        database_id: Annotated[str | Absent, Field(description="Ids with commas, tag:NAME, or *.")] = None,
    ) -> str:
        """Examine databases: what is wrong or soon will be, the worst first, and what to do."""
        names = [] if database_id is None else [each.strip() for each in database_id.split(",")]
        return report(await self._service.database_health(names))

    async def top_queries(
        self,
        database_id: DatabaseArgument = None,
        by: Annotated[Measure, Field(description="What is most.")] = "total_time",
        limit: Annotated[int, Field(description="So many.", ge=1, le=50)] = 10,
    ) -> str:
        """List the statements that take most of a database, without values: share, calls, time, rows, blocks.

        From pg_stat_statements; where that is not installed, what runs now. Then explain_query, or advise_indexes.
        """
        return (await self._service.top_queries(database_id, by=by, limit=limit)).as_text()

    async def advise_indexes(
        self,
        database_id: DatabaseArgument = None,
        sql: Annotated[str | Absent, Field(description="One statement; left out, the busiest ones.")] = None,
        parameters: ParametersArgument = None,
    ) -> str:
        """Find indexes that would help, as CREATE INDEX statements to show to a person. Builds and drops nothing.

        Tried with hypothetical indexes where hypopg is installed: costs before and after; else by statistics.
        """
        return (await self._service.advise_indexes(database_id, sql, parameters)).as_text()
