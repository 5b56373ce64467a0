"""Whose name a tool acts in over HTTP: that of the token of the very request, in every era of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from mcp import MCPError

from moorage.access.errors import InvalidToken
from moorage.core.access import Caller, CallLimit, Scope, current_caller
from moorage.core.http.app import build_app
from moorage.core.http.page import Page
from moorage.core.mcp.server import build_server
from moorage.core.shape import Tool
from tests.support.doors import ERAS, Era, client_with, served_door
from tests.support.processes import INITIALIZE

CALLERS = {
    "of-ada": Caller("ada", Scope.ADMIN),
    "of-bob": Caller("bob", Scope.READ, frozenset({"boats"})),
    "of-eve": Caller("eve", Scope.READ, limit=CallLimit(1)),
}
every_era = pytest.mark.parametrize("era", ERAS)


class NamedCallers:
    """A gate whose tokens are known beforehand."""

    async def caller_of(self, token: str | None, *, path: str) -> Caller:
        if token not in CALLERS:
            raise InvalidToken(f"no such token for {path}")
        return CALLERS[token]

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        return f'Bearer error="{error}"' if error else f'Bearer realm="{path}"'


async def who_calls() -> str:
    """Say in whose name this tool runs, also in a task that it starts."""
    return await asyncio.create_task(_name_of_caller())


async def _name_of_caller() -> str:
    await asyncio.sleep(0)
    return current_caller().name


async def drop_everything() -> str:
    """Do what is for administrators."""
    return "dropped"


def tool(function: object, *, needs_admin: bool = False) -> Tool:
    hints = {"read_only": not needs_admin, "destructive": needs_admin, "idempotent": True, "open_world": False}
    return Tool(function, title="A tool", structured=False, needs_admin=needs_admin, **hints)  # ty: ignore[invalid-argument-type]


@pytest.fixture
async def url() -> AsyncIterator[str]:
    tools = [tool(who_calls), tool(drop_everything, needs_admin=True)]
    server = build_server(name="callers", version="1", instructions="For a test.", tools=tools)
    door = build_app(doors={"/mcp": server}, page=Page("Callers"), sse=True, gate=NamedCallers())
    async with served_door(door) as address:
        yield address + "/mcp"


async def said(client, name: str) -> str:
    return (await client.call_tool_mcp(name, {})).content[0].text


@every_era
async def test_a_tool_acts_in_the_name_of_the_token_that_calls_it(url: str, era: Era):
    async with client_with("of-ada", url, era) as ada, client_with("of-bob", url, era) as bob:
        asked = [said(client, "who_calls") for client in (ada, bob, ada, bob)]
        assert await asyncio.gather(*asked) == ["ada", "bob", "ada", "bob"]


@every_era
async def test_a_tool_beyond_the_caller_s_scope_is_refused_and_not_listed(url: str, era: Era):
    async with client_with("of-ada", url, era) as ada, client_with("of-bob", url, era) as bob:
        assert [each.name for each in await bob.list_tools()] == ["who_calls"]
        assert [each.name for each in await ada.list_tools()] == ["who_calls", "drop_everything"]
        refused = await bob.call_tool_mcp("drop_everything", {})
        assert refused.is_error
        assert refused.content[0].text.startswith("access.not_allowed: the tool drop_everything needs the scope admin")
        assert await said(ada, "drop_everything") == "dropped"


@every_era
async def test_a_caller_without_calls_left_is_told_when_to_come_back(url: str, era: Era):
    limit = CALLERS["of-eve"].limit
    assert limit is not None
    limit.left = 1.0
    async with client_with("of-eve", url, era) as eve:
        assert await said(eve, "who_calls") == "eve"
        refused = await eve.call_tool_mcp("who_calls", {})
    assert refused.is_error
    assert refused.content[0].text.startswith("access.too_many_calls: 'eve' has used up its calls")


@every_era
async def test_a_client_with_a_wrong_token_does_not_get_in(url: str, era: Era):
    with pytest.raises((httpx2.HTTPStatusError, MCPError, RuntimeError)):
        async with client_with("of-nobody", url, era) as client:
            await client.list_tools()


async def test_a_session_answers_only_to_the_caller_that_began_it(url: str):
    """MCP 2025-11-25, security best practices: session hijacking."""
    headers = {"accept": "application/json, text/event-stream", "authorization": "Bearer of-ada"}
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with httpx2.AsyncClient(headers=headers) as client:
        session = (await client.post(url, json=INITIALIZE)).headers["mcp-session-id"]
        own = {"mcp-session-id": session}
        assert (await client.post(url, json=ping, headers=own)).status_code == 200
        stolen = own | {"authorization": "Bearer of-bob"}
        assert (await client.post(url, json=ping, headers=stolen)).status_code == 404
