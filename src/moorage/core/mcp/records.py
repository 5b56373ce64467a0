"""What is written down about a call: one canonical log line, two metrics, and facts on its span."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import structlog

from moorage.core.mcp.calls import RunningCall
from moorage.core.shape import Tool
from moorage.core.telemetry.metrics import TOOL_CALL_SECONDS, TOOL_CALLS
from moorage.core.telemetry.traces import describe_current_span

log = structlog.get_logger()

Outcome = Literal["ok", "error", "cancelled"]


@dataclass
class CallRecord:
    """How a call ended; "ok" until somebody says otherwise."""

    outcome: Outcome = "ok"
    error_code: str | None = None

    def fail(self, code: str) -> None:
        self.outcome, self.error_code = "error", code


@contextmanager
def recorded(tool: Tool, call: RunningCall, given: Mapping[str, Any]) -> Generator[CallRecord]:
    """Write the call down when it ends, however it ends. Of the arguments only the project's name is kept."""
    record, started = CallRecord(), perf_counter()
    try:
        yield record
    except asyncio.CancelledError:
        record.outcome = "cancelled"
        raise
    finally:
        _write(tool, call, given.get("project_name"), record, perf_counter() - started)


def _write(tool: Tool, call: RunningCall, project: object, record: CallRecord, seconds: float) -> None:
    TOOL_CALLS.labels(tool.name, record.outcome).inc()
    TOOL_CALL_SECONDS.labels(tool.name).observe(seconds)
    facts = {
        "tool": tool.name,
        "system": system_of(tool.function),
        "project": project if isinstance(project, str) else None,
        "outcome": record.outcome,
    }
    describe_current_span(failed_with=record.error_code, **facts)
    log.info(
        "call.finished",
        **facts,
        error_code=record.error_code,
        duration_ms=round(seconds * 1000, 3),
        transport=call.transport,
        protocol=call.protocol_version,
        client=call.client,
        request_id=call.request_id,
        trace_id=call.trace_id,
    )


def system_of(function: Callable[..., Any]) -> str:
    """Return the system a tool belongs to: the package it is defined in, `moorage.<system>.tools`."""
    package, _, rest = function.__module__.partition(".")
    return rest.partition(".")[0] or package
