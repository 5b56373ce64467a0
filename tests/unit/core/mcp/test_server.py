"""What clients of both protocol revisions see of a server, in memory."""

from __future__ import annotations

import asyncio

import pytest
from fastmcp import Client

from moorage.core.mcp.errors import SeamMissing
from moorage.core.mcp.server import McpServer, _refuse_without_seams
from tests.support.tiny_tools import INSTRUCTIONS, add, tiny, tiny_server, wait

every_era = pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])


def connect(server: McpServer, era: str = "auto", **options: object) -> Client:
    return Client(server.fastmcp, mode=era, **options)


async def failure_of(tool: str, era: str = "auto", **arguments: object) -> str:
    async with connect(tiny_server(), era) as client:
        result = await client.call_tool_mcp(tool, arguments)
    assert result.is_error
    assert result.structured_content is None
    return result.content[0].text


@every_era
async def test_a_structured_result_is_the_same_data_twice(era: str) -> None:
    async with connect(tiny_server(), era) as client:
        result = await client.call_tool_mcp("add", {"left": 2})
    assert result.structured_content == {"total": 3, "note": None}
    assert result.content[0].text == '{"total":3,"note":null}'


@every_era
async def test_prose_comes_as_text_alone(era: str) -> None:
    async with connect(tiny_server(), era) as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
        result = await client.call_tool_mcp("wait", {"seconds": 0})
    assert tools["wait"].output_schema is None
    assert (result.content[0].text, result.structured_content) == ("waited", None)


@every_era
async def test_every_tool_is_listed_with_all_that_clients_judge_by(era: str) -> None:
    async with connect(tiny_server(), era) as client:
        tools = await client.list_tools()
    assert [tool.name for tool in tools] == ["add", "wait", "chatter", "refuse", "crash"]
    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        hints = tool.annotations.model_dump(include={"read_only_hint", "destructive_hint"})
        assert hints == {"read_only_hint": True, "destructive_hint": False}
        assert tool.meta is None


async def test_the_call_is_not_an_argument() -> None:
    async with connect(tiny_server()) as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
    assert set(tools["wait"].input_schema["properties"]) == {"seconds", "steps"}


@every_era
async def test_the_server_says_who_it_is_and_what_it_is_for(era: str) -> None:
    async with connect(tiny_server(), era) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("tiny", "7")
        assert client.instructions == INSTRUCTIONS


@every_era
async def test_an_expected_failure_comes_with_code_facts_and_way_out(era: str) -> None:
    assert await failure_of("refuse", era) == (
        "tiny.stale_sum: The sum has moved on.\n"
        "Hint: Read it again.\n"
        'Details: {"expected":1,"found":2}'
    )  # fmt: skip


async def test_a_crash_names_a_request_id_and_nothing_of_what_happened() -> None:
    text = await failure_of("crash")
    assert text.startswith("internal.error: crash failed for a reason of ours")
    assert "request_id" in text
    assert "secret inner detail" not in text


async def test_an_unknown_tool_is_answered_with_the_nearest_name() -> None:
    assert await failure_of("ad") == (
        "mcp.unknown_tool: There is no tool 'ad' here.\nHint: Did you mean add?"
    )  # fmt: skip


async def test_a_list_sent_as_json_text_is_taken_for_the_list() -> None:
    """Several clients encode lists and objects twice."""
    async with connect(tiny_server()) as client:
        result = await client.call_tool_mcp("add", {"left": 1, "more": "[2, 3]", "at": '{"x": 4}'})
    assert result.structured_content == {"total": 11, "note": None}


async def test_progress_reaches_the_caller_who_asked_for_it() -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with connect(tiny_server(), progress_handler=hear) as client:
        await client.call_tool_mcp("wait", {"seconds": 0.01, "steps": 2})
    assert heard == [(1, 2, "waiting"), (2, 2, "waiting")]


async def test_replaced_tools_are_listed_and_the_old_ones_are_gone() -> None:
    server = tiny_server()
    await server.replace_tools([tiny(add)])
    async with connect(server) as client:
        assert [tool.name for tool in await client.list_tools()] == ["add"]
    assert server.fastmcp.input_schema("wait") is None


async def test_the_schema_of_a_tool_is_found_without_listing_all_of_them() -> None:
    """https://github.com/modelcontextprotocol/python-sdk/issues/3565"""
    server = tiny_server()
    lookup = server.fastmcp._mcp_server.get_tool_input_schema
    assert lookup is not None
    assert (lookup("add") or {})["required"] == ["left"]


async def test_waiting_for_calls_ends_when_the_last_one_does() -> None:
    server = tiny_server()
    async with connect(server) as client:
        running = asyncio.create_task(client.call_tool_mcp("wait", {"seconds": 0.05}))
        while not server.fastmcp.in_flight._count:
            await asyncio.sleep(0)
        await server.wait_for_calls()
        assert (await running).content[0].text == "waited"


def test_a_fastmcp_without_the_seams_is_refused_by_name() -> None:
    with pytest.raises(SeamMissing) as refused:
        _refuse_without_seams(None)
    assert "add_request_handler" in refused.value.message
    assert "fastmcp>=4.1.2" in refused.value.hint


def test_tools_are_given_back_as_they_came() -> None:
    server = tiny_server()
    assert [tool.function for tool in server.tools][:2] == [add, wait]
