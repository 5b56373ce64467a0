"""The one line a call leaves in the log, and what it adds to the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from fastmcp import Client
from mcp.types import Implementation
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from moorage.core.access import system_user
from moorage.core.mcp.records import system_of
from moorage.core.telemetry.metrics import REGISTRY
from tests.support.tiny_tools import add, tiny_server

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def line_of(
    tool: str, arguments: dict[str, object], meta: dict[str, str] | None = None
) -> MutableMapping[str, Any]:
    with capture_logs() as lines:
        async with Client(tiny_server().fastmcp, mode="2026-07-28") as client:
            await client.call_tool_mcp(tool, arguments, meta=meta)
    (line,) = [line for line in lines if line["event"] == "call.finished"]
    return line


def counted(registry: CollectorRegistry, tool: str, outcome: str) -> float:
    return registry.get_sample_value("moorage_tool_calls_total", {"tool": tool, "outcome": outcome}) or 0


async def test_a_call_leaves_one_line_with_the_facts() -> None:
    line = await line_of("add", {"left": 1, "project_name": "boats"})
    assert isinstance(line.pop("duration_ms"), float)
    assert len(str(line.pop("request_id"))) == 32
    assert line == {
        "event": "call.finished",
        "log_level": "info",
        "tool": "add",
        "system": "support",
        "caller": system_user().name,
        "project": "boats",
        "rpc_id": "1",
        "outcome": "ok",
        "error_code": None,
        "transport": "memory",
        "protocol": "2026-07-28",
        "client": "mcp",
    }


async def test_a_failed_call_is_written_down_with_its_code() -> None:
    line = await line_of("refuse", {})
    assert (line["outcome"], line["error_code"]) == ("error", "tiny.stale_sum")


async def test_arguments_are_not_written_down() -> None:
    assert "987" not in str(await line_of("add", {"left": "hunter987"}))


async def test_the_name_that_a_client_gives_itself_cannot_fill_the_log() -> None:
    named = Implementation(name="n" * 1_000_000, version="1")
    with capture_logs() as lines:
        async with Client(tiny_server().fastmcp, mode="2026-07-28", client_info=named) as client:
            await client.call_tool_mcp("add", {"left": 1})
    assert [len(line["client"]) for line in lines if line["event"] == "call.finished"] == [64]


async def test_the_callers_trace_is_written_down() -> None:
    """https://www.w3.org/TR/trace-context/#traceparent-header"""
    line = await line_of("add", {"left": 1}, {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert line["trace_id"] == TRACE


async def test_calls_are_counted_by_outcome() -> None:
    before = counted(REGISTRY, "add", "error")
    await line_of("add", {})
    assert counted(REGISTRY, "add", "error") == before + 1


async def test_a_crash_leaves_its_traceback_under_the_request_id() -> None:
    with capture_logs() as lines:
        async with Client(tiny_server().fastmcp, mode="2026-07-28") as client:
            result = await client.call_tool_mcp("crash", {})
    crashed, finished = lines
    assert crashed["event"] == "call.crashed"
    assert isinstance(crashed["exc_info"], ZeroDivisionError)
    assert crashed["request_id"] == finished["request_id"]
    assert crashed["request_id"] in result.content[0].text


async def test_a_cancelled_call_is_written_down_as_cancelled() -> None:
    server = tiny_server()
    with capture_logs() as lines:
        async with Client(server.fastmcp, mode="2026-07-28") as client:
            running = asyncio.create_task(client.call_tool_mcp("wait", {"seconds": 30}))
            while not server.fastmcp.in_flight._count:
                await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await server.wait_for_calls()
    assert [line["outcome"] for line in lines if line["event"] == "call.finished"] == ["cancelled"]


def test_a_tool_belongs_to_the_system_it_is_defined_in() -> None:
    async def search() -> None: ...

    search.__module__ = "moorage.codebase.tools"
    assert system_of(search) == "codebase"
    assert system_of(add) == "support"
