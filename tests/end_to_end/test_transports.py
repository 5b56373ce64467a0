"""Stdio, streamable HTTP and SSE, as clients use them and as they end."""

from __future__ import annotations

import asyncio
import signal
from time import monotonic

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport

from tests.support.processes import (
    COMMAND,
    INITIALIZE,
    MODERN_META,
    REPOSITORY,
    RunningServer,
    call,
    notification,
    running,
)

BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
LONG = 600.0


def text_of(answer: dict) -> str:
    return answer["result"]["content"][0]["text"]


async def address_of(server: RunningServer) -> str:
    return (await server.line(server.process.stdout)).strip()


async def post(url: str, message: dict, timeout: float = 20) -> httpx2.Response:
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": message["method"],
        "mcp-name": message["params"]["name"],
    }
    async with httpx2.AsyncClient(timeout=timeout) as client:
        return await client.post(url, json=message, headers=headers)


@pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])
async def test_a_client_calls_a_tool_over_stdio(era: str) -> None:
    transport = StdioTransport(COMMAND[0], [*COMMAND[1:], "stdio"], cwd=str(REPOSITORY), keep_alive=False)
    async with Client(transport, mode=era) as client:
        assert (await client.call_tool_mcp("add", {"left": 1})).structured_content == {"total": 2, "note": None}


@pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])
@pytest.mark.parametrize("path", ["/mcp", "/tiny/mcp"])
async def test_a_client_calls_a_tool_over_http_and_hears_of_its_progress(path: str, era: str) -> None:
    heard: list[float] = []

    async def hear(done: float, _total: float | None, _message: str | None) -> None:
        heard.append(done)

    async with (
        running("http") as server,
        Client(await address_of(server) + path, mode=era, progress_handler=hear) as client,
    ):
        result = await client.call_tool_mcp("wait", {"seconds": 0.02, "steps": 2})
    assert result.content[0].text == "waited"
    assert heard == [1, 2]


@pytest.mark.parametrize("path", ["/sse", "/tiny/sse"])
@pytest.mark.parametrize("era", ["2026-07-28", "legacy"], ids=["2026-07-28", "2025-11-25"])
async def test_a_client_calls_a_tool_over_sse(path: str, era: str) -> None:
    async with running("http") as server, Client(SSETransport(await address_of(server) + path), mode=era) as client:
        result = await client.call_tool_mcp("add", {"left": 1})
    assert result.structured_content == {"total": 2, "note": None}


async def test_an_answer_over_http_is_plain_json_when_there_is_nothing_to_stream() -> None:
    async with running("http") as server:
        answer = await post(await address_of(server) + "/mcp", call(1, "add", left=1))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]


async def test_answers_over_http_do_not_wait_for_the_network() -> None:
    """Nagle's algorithm and delayed acknowledgements together cost 40 ms an answer."""
    async with running("http") as server, httpx2.AsyncClient() as client:
        url = await address_of(server) + "/health/live"
        durations = []
        for _ in range(10):
            started = monotonic()
            await client.get(url)
            durations.append(monotonic() - started)
    assert min(durations[1:]) < 0.04


async def test_nothing_but_the_protocol_reaches_standard_output() -> None:
    async with running("stdio") as server:
        server.send(call(1, "chatter"), call(2, "add", left=1))
        server.stdin.close()
        status, answers = await server.ends()
    assert status == 0
    assert sorted(answer["id"] for answer in answers) == [1, 2]


async def test_requests_before_the_end_of_input_get_their_answers() -> None:
    async with running("stdio") as server:
        server.send(INITIALIZE, notification("notifications/initialized"))
        modern = call(1, "wait", seconds=0.3)
        del modern["params"]["_meta"]
        server.send(modern)
        server.stdin.close()
        status, answers = await server.ends()
    assert (status, [answer["id"] for answer in answers]) == (0, [0, 1])


async def test_the_end_of_input_ends_a_call_that_would_never_end() -> None:
    async with running("stdio") as server:
        server.send(call(1, "wait", seconds=LONG))
        await server.says("waiting 0")
        server.stdin.close()
        await server.says("cancelled")
        status, _ = await server.ends()
    assert status == 0


async def test_a_cancelled_request_over_stdio_stops_the_tool() -> None:
    async with running("stdio") as server:
        server.send(call(1, "wait", seconds=LONG))
        await server.says("waiting 0")
        server.send(notification("notifications/cancelled", requestId=1))
        await server.says("cancelled")
        server.send(call(2, "add", left=1))
        assert (await server.answer())["id"] == 2


async def test_a_client_that_hangs_up_over_http_stops_the_tool() -> None:
    async with running("http") as server:
        url = await address_of(server) + "/mcp"
        with pytest.raises(httpx2.ReadTimeout):
            await post(url, call(1, "wait", seconds=LONG), timeout=0.5)
        await server.says("cancelled")


async def test_a_message_that_is_not_json_does_not_end_the_service() -> None:
    async with running("stdio") as server:
        server.stdin.write(b"{nonsense\n")
        server.send(call(1, "add", left=1))
        assert (await server.answer())["id"] == 1


async def test_a_request_that_cannot_be_read_is_answered_by_its_id() -> None:
    """The SDK drops a line that is no Unicode, and its client would wait for ever."""
    async with running("stdio") as server:
        server.send(call(7, "\ud800"), {"id": "8", "method": 5}, call(9, "add", left=1))
        answers = {each["id"]: each for each in [await server.answer() for _ in range(3)]}
    assert [(number, "error" in answers[number]) for number in (7, "8", 9)] == [(7, True), ("8", True), (9, False)]


async def test_a_message_larger_than_a_pipe_arrives_whole() -> None:
    async with running("stdio") as server:
        server.send(call(1, "add", left=1, project_name="x" * 300_000))
        server.stdin.close()
        _, answers = await server.ends()
    assert len(answers[0]["result"]["structuredContent"]["note"]) == 300_000


@BOTH_SIGNALS
async def test_a_signal_ends_an_idle_stdio_server_at_once(number: signal.Signals) -> None:
    async with running("stdio") as server:
        server.send(call(1, "add", left=1))
        await server.answer()
        started = monotonic()
        server.process.send_signal(number)
        assert (await server.ends())[0] == 0
    assert monotonic() - started < 5


@BOTH_SIGNALS
async def test_a_call_that_runs_when_the_signal_comes_is_still_answered_over_stdio(number: signal.Signals) -> None:
    async with running("stdio") as server:
        server.send(call(1, "wait", seconds=0.5))
        await server.says("waiting 0")
        server.process.send_signal(number)
        status, answers = await server.ends()
    assert (status, [text_of(answer) for answer in answers]) == (0, ["waited"])


@BOTH_SIGNALS
async def test_a_call_that_runs_when_the_signal_comes_is_still_answered_over_http(number: signal.Signals) -> None:
    async with running("http") as server:
        url = await address_of(server) + "/mcp"
        running_call = asyncio.create_task(post(url, call(1, "wait", seconds=0.5)))
        await server.says("waiting 0")
        server.process.send_signal(number)
        assert text_of((await running_call).json()) == "waited"
        assert (await server.ends())[0] == 0


async def test_a_call_over_stdio_that_outlives_the_grace_is_cancelled() -> None:
    async with running("stdio", "0.2") as server:
        server.send(call(1, "wait", seconds=LONG))
        await server.says("waiting 0")
        server.process.send_signal(signal.SIGTERM)
        await server.says("cancelled")
        assert (await server.ends())[0] == 0


async def test_a_call_over_http_that_outlives_the_grace_is_cancelled() -> None:
    async with running("http", "0.2") as server:
        url = await address_of(server) + "/mcp"
        running_call = asyncio.create_task(post(url, call(1, "wait", seconds=LONG)))
        await server.says("waiting 0")
        server.process.send_signal(signal.SIGTERM)
        await server.says("cancelled")
        assert (await server.ends())[0] == 0
        assert (await running_call).status_code == 500


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
async def test_an_open_stream_does_not_hold_up_the_end(path: str) -> None:
    async with running("http") as server:
        base = await address_of(server)
        target = SSETransport(base + path) if path == "/sse" else base + path
        async with Client(target, mode="legacy") as client:
            await client.call_tool_mcp("add", {"left": 1})
            started = monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert (await server.ends())[0] == 0
    assert monotonic() - started < 5


async def test_a_subscription_does_not_hold_up_the_end() -> None:
    listen = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {"notifications": {"toolsListChanged": True}, "_meta": MODERN_META},
    }
    async with running("stdio") as server:
        server.send(listen)
        assert (await server.answer())["method"] == "notifications/subscriptions/acknowledged"
        started = monotonic()
        server.process.send_signal(signal.SIGTERM)
        status, answers = await server.ends()
    assert (status, [answer["id"] for answer in answers]) == (0, [1])
    assert monotonic() - started < 5


async def test_a_second_signal_ends_the_program_at_once() -> None:
    async with running("stdio") as server:
        server.send(call(1, "wait", seconds=LONG))
        await server.says("waiting 0")
        server.process.send_signal(signal.SIGTERM)
        await server.says("serve.stopping")
        server.process.send_signal(signal.SIGTERM)
        assert (await server.ends())[0] == 128 + signal.SIGTERM
