"""Saved queries as tools: two for any number of them, or one for each."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import READS, Call, Tool
from moorage.databases.arguments import DatabaseArgument
from moorage.databases.definitions import Database
from moorage.databases.execution.answers import written
from moorage.databases.saved.service import SavedService
from moorage.databases.saved.signatures import signature_of
from moorage.databases.saved_queries import QueryParameter, ReadyQuery
from moorage.databases.sources.choosing import is_among

SHOWN_QUERIES = 100
_MAY_WRITE = {"read_only": False, "destructive": True, "idempotent": False}


class SavedTools:
    """The door: arguments in, query run, answer out.

    Args:
        marks_data: whether rows are told apart from what this program says.
    """

    def __init__(self, service: SavedService, *, marks_data: bool = False) -> None:
        self._service = service
        self._marks_data = marks_data

    def saved(self) -> list[Tool]:
        reads = {**READS, "structured": False}
        writes = {**_MAY_WRITE, "open_world": True, "structured": False, "is_for_readers": True}
        return [
            Tool(self.list_saved, title="List saved queries", **reads),
            Tool(self.run_saved, title="Run a saved query", **writes),
        ]

    def each(self) -> list[Tool]:
        """Return a tool for each query there is now."""
        return [self._tool(each) for each in self._service.queries.values()]

    async def list_saved(
        self, pattern: Annotated[str, Field(description="Part of a name or description.", max_length=100)] = ""
    ) -> str:
        """List the queries that the operator has written, with their parameters; prefer them to SQL of your own."""
        found, seen = await self._service.list(pattern), await self._service.seen()
        left_out = len(found) - SHOWN_QUERIES
        more = [f"{left_out} more: give a part of the name"] if left_out > 0 else []
        lines = [_line(each, seen) for each in found[:SHOWN_QUERIES]]
        return "\n".join([f"saved queries: {len(found)}", *lines, *more])

    async def run_saved(
        self,
        name: Annotated[str, Field(description="As list_saved has it.", max_length=100)],
        arguments: Annotated[dict[str, Any], Field(description="Values by parameter.")] = {},  # noqa: B006
        database_id: DatabaseArgument = None,
        call: Call | None = None,
    ) -> str:
        """Run a saved query by its name; returns columns and rows as run_query does."""
        found = await self._service.find(name)
        given = {**arguments} if database_id is None else {**arguments, "database_id": database_id}
        return await self._run(found, _bound(self._function(found), given), call)

    def _tool(self, found: ReadyQuery) -> Tool:
        hints = dict(_MAY_WRITE) if found.query.writes else {**READS}
        title = found.name.replace("_", " ").capitalize()
        hints |= {"open_world": True, "structured": False}
        return Tool(self._function(found), title=title, is_shown=partial(self._service.is_shown, found.name), **hints)

    def _function(self, found: ReadyQuery) -> Callable[..., Awaitable[str]]:
        """Return a function whose signature is that of the query."""

        async def run(**arguments: Any) -> str:
            now = await self._service.find(found.name)
            return await self._run(now, arguments, arguments.get("call"))

        signature = signature_of(found.query)
        run.__name__ = run.__qualname__ = f"query_{found.name}"
        run.__doc__ = found.query.description
        run.__signature__ = signature  # ty: ignore[missing-attribute]
        run.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
        run.__annotations__["return"] = str
        return run

    async def _run(self, found: ReadyQuery, arguments: dict[str, Any], call: Call | None) -> str:
        confirm = call.confirm if call is not None and call.can_confirm else None
        answer = await self._service.run(found, arguments, arguments.get("database_id"), confirm)
        return written(answer, is_marked=self._marks_data)


def _bound(function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    from moorage.core.mcp.arguments import read_arguments

    return read_arguments(function).bind(given)


def _line(found: ReadyQuery, seen: Sequence[Database]) -> str:
    query = found.query
    places = [place for place in query.databases if any(is_among(each, [place]) for each in seen)]
    where = f" in {', '.join(places)}" if places else ""
    kind = "; it writes" if query.writes else ""
    parameters = ", ".join(map(_described, query.parameters))
    return f"{found.name}({parameters}){where}: {query.description}{kind}"


def _described(parameter: QueryParameter) -> str:
    choice = f" of {'|'.join(map(str, parameter.enum))}" if parameter.enum else ""
    default = "" if parameter.is_required else f" = {_shown(parameter.default)}"
    remark = f" ({parameter.description})" if parameter.description else ""
    return f"{parameter.name}: {parameter.type}{choice}{default}{remark}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
