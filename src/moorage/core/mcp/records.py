"""What is written down about a call: one canonical log line, metrics, and facts on its span.

Every other line that is logged meanwhile, by whatever module, carries the call's ids, its door, tool, caller and
project.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, get_args

import structlog

from moorage.core.access import current_caller
from moorage.core.errors import Internal
from moorage.core.mcp.calls import RunningCall
from moorage.core.shape import Tool
from moorage.core.telemetry.metrics import TOOL_CALL_SECONDS, TOOL_CALLS, TOOL_ERRORS
from moorage.core.telemetry.subjects import about
from moorage.core.telemetry.traces import describe_current_span

log = structlog.get_logger()

Outcome = Literal["ok", "error", "cancelled"]

SHOWN_NAME_CHARACTERS = 64
"""Names of projects and clients are shorter; what a caller gives in their place may be anything."""


@dataclass
class CallRecord:
    """How a call ended; "ok" until somebody says otherwise."""

    outcome: Outcome = "ok"
    error_code: str | None = None

    def fail(self, code: str) -> None:
        self.outcome, self.error_code = "error", code


@contextmanager
def recorded(tool: Tool, call: RunningCall, given: Mapping[str, Any]) -> Generator[CallRecord]:
    """Write the call down when it ends, however it ends.

    Of the arguments only the project's name is kept: the one that was found, else the one that was given.
    """
    record, started = CallRecord(), perf_counter()
    project = _name_in(given.get("project_name"))
    ids = {"request_id": call.request_id, "trace_id": call.trace_id, "rpc_id": call.rpc_id}
    door = {"transport": call.transport, "client": _name_in(call.client)}
    with about(**ids, **door, tool=tool.name, caller=current_caller().name, project=project) as facts:
        try:
            yield record
        except asyncio.CancelledError:
            record.outcome = "cancelled"
            raise
        finally:
            _write(tool, facts, record, perf_counter() - started, protocol=call.protocol_version)


def _name_in(given: object) -> str | None:
    return given[:SHOWN_NAME_CHARACTERS] if isinstance(given, str) else None


def _write(tool: Tool, facts: Mapping[str, Any], record: CallRecord, seconds: float, *, protocol: str | None) -> None:
    _count(tool, record, seconds)
    own = {"system": system_of(tool.function), "outcome": record.outcome}
    shown = {name: facts.get(name) for name in ("tool", "project", "caller")}
    describe_current_span(failed_with=record.error_code, **shown, **own)
    log.info(
        "call.finished",
        **facts,
        **own,
        error_code=record.error_code,
        duration_ms=round(seconds * 1000, 3),
        protocol=protocol,
    )


def announce(tool: Tool) -> None:
    """Show the metrics of a tool at 0: an increase is seen only from a value that was there before."""
    TOOL_CALL_SECONDS.labels(tool.name)
    TOOL_ERRORS.labels(tool.name, Internal.code)
    for outcome in get_args(Outcome):
        TOOL_CALLS.labels(tool.name, outcome)


def _count(tool: Tool, record: CallRecord, seconds: float) -> None:
    TOOL_CALLS.labels(tool.name, record.outcome).inc()
    TOOL_CALL_SECONDS.labels(tool.name).observe(seconds)
    if record.error_code:
        TOOL_ERRORS.labels(tool.name, record.error_code).inc()


def system_of(function: Callable[..., Any]) -> str:
    """Return the system a tool belongs to: the package it is defined in, `moorage.<system>.tools`."""
    package, _, rest = function.__module__.partition(".")
    return rest.partition(".")[0] or package
