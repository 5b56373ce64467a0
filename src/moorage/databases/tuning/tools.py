"""Plans, health, workload and indexes as tools."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from moorage.core.shape import Tool
from moorage.databases.arguments import DatabaseArgument
from moorage.databases.sources.catalog import Catalog
from moorage.databases.tuning.plans.explaining import Explainer


class TuningTools:
    """The door: arguments in, question asked, findings out."""

    def __init__(self, catalog: Catalog, explainer: Explainer) -> None:
        self._catalog = catalog
        self._explainer = explainer

    def core(self) -> list[Tool]:
        reads = {"read_only": True, "destructive": False, "idempotent": True, "structured": False}
        return [Tool(self.explain_query, title="Explain SQL", open_world=True, **reads)]

    async def explain_query(
        self,
        sql: str,
        database_id: DatabaseArgument = None,
        parameters: list[Any] | None = None,
        analyze: Annotated[bool, Field(description="Run it (reads only).")] = False,
        format: Literal["text", "json"] = "text",  # noqa: A002  (the caller's word)
    ) -> str:
        """Show how a statement would run: steps, costs, warnings. Writes are planned, never run."""
        database = await self._catalog.find(database_id)
        explanation = await self._explainer.explain(database, sql, parameters, analyze=analyze)
        return explanation.as_text() if format == "text" else explanation.as_json()
