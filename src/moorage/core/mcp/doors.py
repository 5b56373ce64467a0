"""A tool as the protocol library serves it: arguments in, a result or a failure out, one log line."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import structlog
from pydantic import PrivateAttr, TypeAdapter

from moorage.core.access import Caller, acting_as, allow, count_call
from moorage.core.errors import Internal, MoorageError
from moorage.core.mcp.arguments import Arguments
from moorage.core.mcp.calls import CallsInFlight, RunningCall, current_call
from moorage.core.mcp.confirming import AnswerAwaited
from moorage.core.mcp.records import CallRecord, recorded
from moorage.core.mcp.results import result_of, result_of_failure
from moorage.core.mcp.schemas import published
from moorage.core.mcp.sdk import FastMCPTool, ToolAnnotations, ToolResult
from moorage.core.shape import Tool

log = structlog.get_logger()


@dataclass(frozen=True)
class ToolDoor:
    """One tool between the protocol and its function."""

    tool: Tool
    arguments: Arguments
    in_flight: CallsInFlight

    async def serve(self, given: Mapping[str, Any]) -> ToolResult:
        """Run the tool. Every failure comes back as a result; only cancellation passes through."""
        call = current_call()
        with acting_as(call.caller), self.in_flight.one(), recorded(self.tool, call, given) as record:
            try:
                return result_of(await self._run(given, call))
            except AnswerAwaited as question:
                return question.as_result()
            except MoorageError as error:
                record.fail(error.code)
                return result_of_failure(error)
            except Exception as error:  # noqa: BLE001  (the border: whatever happens inside, the caller gets an answer)
                return self._crash(error, call, record)

    async def is_shown_to(self, caller: Caller) -> bool:
        """Whether the tool is there at all for this caller, who may lack the scope for it."""
        shown = self.tool.is_shown
        if isinstance(shown, bool):
            return shown
        with acting_as(caller):
            return await shown()

    async def _run(self, given: Mapping[str, Any], call: RunningCall) -> Any:
        count_call(call.caller)
        allow(self.tool.scope, f"the tool {self.tool.name}")
        bound = self.arguments.bind(given)
        if self.arguments.call_parameter:
            bound[self.arguments.call_parameter] = call
        return await self.tool.function(**bound)

    def _crash(self, error: Exception, call: RunningCall, record: CallRecord) -> ToolResult:
        record.fail(Internal.code)
        log.error("call.crashed", tool=self.tool.name, request_id=call.request_id, exc_info=error)
        return result_of_failure(
            Internal(
                f"{self.tool.name} failed for a reason of ours, not of your arguments.",
                hint="Trying again may help; if not, give the request id to whoever runs this server.",
                request_id=call.request_id,
            )
        )


class ServedTool(FastMCPTool):
    """The door in the shape FastMCP lists and calls."""

    _door: ToolDoor = PrivateAttr()

    @property
    def door(self) -> ToolDoor:
        return self._door

    def to_mcp_tool(self, **overrides: Any) -> Any:
        """Leave out the library's own metadata: nobody reads it, and every client pays for it."""
        hints = _hints(self._door.tool)
        return super().to_mcp_tool(**{"_meta": self.meta, "annotations": hints, **overrides})

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        return await self._door.serve(arguments)


def served(door: ToolDoor) -> ServedTool:
    """Return the tool with its schemas, its description and all four hints."""
    tool = door.tool
    result = ServedTool(
        name=tool.name,
        title=tool.title,
        description=inspect.getdoc(tool.function),
        parameters=door.arguments.schema,
        output_schema=_output_schema(tool),
    )
    result._door = door  # noqa: SLF001  (pydantic takes private attributes only after construction)
    return result


def _output_schema(tool: Tool) -> dict[str, Any] | None:
    """Prose has none: with one, clients would show the text wrapped and escaped.

    What comes back as a whole is told in the tool's own description.
    """
    if not tool.structured:
        return None
    returned = get_type_hints(tool.function, include_extras=True)["return"]
    schema = published(TypeAdapter(returned).json_schema(mode="serialization"))
    return {key: each for key, each in schema.items() if key != "description"}


def _hints(tool: Tool) -> ToolAnnotations:
    now = tool.only_reads_now
    only_reads = tool.read_only or (now() if callable(now) else now)
    return ToolAnnotations(
        read_only_hint=only_reads,
        destructive_hint=tool.destructive and not only_reads,
        idempotent_hint=tool.idempotent or only_reads,
        open_world_hint=tool.open_world,
    )
