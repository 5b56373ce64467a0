"""Plans, health, workload and indexes as tools."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from moorage.core.shape import Tool
from moorage.databases.arguments import DatabaseArgument
from moorage.databases.tuning.health.report import report
from moorage.databases.tuning.service import TuningService


class TuningTools:
    """The door: arguments in, question asked, findings out."""

    def __init__(self, service: TuningService) -> None:
        self._service = service

    def core(self) -> list[Tool]:
        reads = {"read_only": True, "destructive": False, "idempotent": True, "structured": False}
        return [
            Tool(self.explain_query, title="Explain SQL", open_world=True, **reads),
            Tool(self.database_health, title="Health of databases", open_world=True, **reads),
        ]

    async def explain_query(
        self,
        sql: str,
        database_id: DatabaseArgument = None,
        parameters: list[Any] | None = None,
        analyze: Annotated[bool, Field(description="Run it (reads only).")] = False,
        format: Literal["text", "json"] = "text",  # noqa: A002  (the caller's word)
    ) -> str:
        """Show how a statement would run: steps, costs, warnings. Writes are planned, never run."""
        explanation = await self._service.explain_query(database_id, sql, parameters, analyze=analyze)
        return explanation.as_text() if format == "text" else explanation.as_json()

    async def database_health(
        self,
        database_id: Annotated[str | None, Field(description='An id, ids with commas, "tag:x", or "*".')] = None,
    ) -> str:
        """Examine databases: what is wrong or soon will be, the worst first, with what to do."""
        return report(await self._service.database_health(database_id))
