"""SQL as clients of the protocol run it: on every transport, with a person asked where there is one, and cancelled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.http.app import build_app
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.databases.execution.tools import QueryTools
from moorage.databases.opening import open_databases
from moorage.databases.service import DatabasesService
from moorage.databases.sources.configuration import Configuration
from tests.support.doors import ERAS, Era, client_with, served_door
from tests.support.many_databases import ORDERS, FreshDatabase, open_service
from tests.support.processes import call
from tests.support.waiting import until

DELETE = "DELETE FROM bench.orders WHERE id <= 12"
SLOW = "SELECT count(*) FROM generate_series(1, 1000000000)"
every_revision = pytest.mark.parametrize("era", ["2026-07-28", "legacy"], ids=["2026-07-28", "2025-11-25"])


@asynccontextmanager
async def query_server(bench: FreshDatabase, **changes: object) -> AsyncGenerator[McpServer]:
    """Serve run_query alone over one writable database."""
    shop = bench.as_owner(readonly=False, **changes)
    async with open_service({"shop": shop}, default="shop") as service:
        yield served(service)


def served(service: DatabasesService) -> McpServer:
    tools = QueryTools(service.catalog, service.runner).core()
    return build_server(name="sql", version="1", instructions="For a test.", tools=tools)


@asynccontextmanager
async def query_url(bench: FreshDatabase) -> AsyncGenerator[str]:
    async with query_server(bench) as server:
        door = build_app(doors={"/mcp": server}, page=Page("SQL"), sse=True)
        async with served_door(door) as address:
            yield address + "/mcp"


async def said(client, **arguments: object) -> str:
    return (await client.call_tool_mcp("run_query", arguments)).content[0].text


@every_revision
@pytest.mark.parametrize(("yes", "left"), [(True, ORDERS - 12), (False, ORDERS)], ids=["yes", "no"])
async def test_a_person_decides_what_is_written(bench, superuser, era: str, yes: bool, left: int):  # noqa: FBT001
    async def person(message: str, *_: object) -> ElicitResult:
        assert "It concerns 12 rows" in message
        return ElicitResult(action="accept", content={"confirm": yes})

    async with (
        query_server(bench) as server,
        Client(server.fastmcp, mode=era, elicitation_handler=person) as client,
    ):
        answer = await said(client, sql=DELETE, commit=True)
    assert ('"committed":true' in answer) == yes
    assert ("databases.not_confirmed" in answer) != yes
    assert await superuser.fetchval("SELECT count(*) FROM bench.orders") == left


@every_revision
async def test_without_a_person_the_word_of_the_client_is_enough(bench, superuser, era: str):
    async with query_server(bench) as server, Client(server.fastmcp, mode=era) as client:
        assert '"committed":true' in await said(client, sql=DELETE, commit=True)
    assert await superuser.fetchval("SELECT count(*) FROM bench.orders") == ORDERS - 12


@every_revision
async def test_unless_the_definition_requires_one(bench, superuser, era: str):
    async with query_server(bench, require_confirmation=True) as server, Client(server.fastmcp, mode=era) as client:
        assert "databases.not_confirmed" in await said(client, sql=DELETE, commit=True)
    assert await superuser.fetchval("SELECT count(*) FROM bench.orders") == ORDERS


async def test_who_may_only_read_reads_and_writes_nothing(bench):
    with acting_as(Caller("reader", Scope.READ)):
        async with query_server(bench) as server, Client(server.fastmcp) as client:
            assert [tool.name for tool in await client.list_tools()] == ["run_query"]
            assert '"rows":[[7]]' in await said(client, sql="SELECT 7")
            assert "databases.write_not_allowed" in await said(client, sql=DELETE)


async def test_it_is_a_tool_that_only_reads_until_a_database_may_be_written(tmp_path):
    file = tmp_path / "databases.yaml"
    file.write_text("databases: {shop: {database: shop}}")
    async with open_databases(Configuration(file).read()) as service, Client(served(service).fastmcp) as client:
        assert await hints(client) == {"read_only_hint": True, "destructive_hint": False, "idempotent_hint": True}
        await service.managing.change("shop", {"readonly": False})
        assert await hints(client) == {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": False}


async def hints(client: Client) -> dict[str, bool]:
    (tool,) = await client.list_tools()
    assert tool.annotations is not None
    return tool.annotations.model_dump(exclude={"open_world_hint"}, exclude_none=True)


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_is_read_on_over_http(bench, era: Era):
    """Nothing is bound to a connection of the client: each page is asked for by another one."""
    async with query_url(bench) as url:
        async with client_with("of-anyone", url, era) as client:
            first = json.loads(await said(client, sql="SELECT id FROM bench.orders ORDER BY id", max_rows=60))
        async with client_with("of-anyone", url, era) as client:
            second = json.loads(await said(client, next=first["next"], max_rows=60))
    assert [row[0] for row in first["rows"] + second["rows"]] == list(range(1, ORDERS + 1))


@every_revision
async def test_a_cancelled_call_ends_its_statement_in_postgresql(bench, superuser, era: str):
    async with query_server(bench) as server, Client(server.fastmcp, mode=era) as client:
        running = asyncio.create_task(said(client, sql=SLOW))
        await until(lambda: is_running(superuser, bench))
        running.cancel()
        await until(lambda: is_idle(superuser, bench))
        assert '"rows":[[7]]' in await said(client, sql="SELECT 7")


async def test_a_client_that_hangs_up_over_http_ends_its_statement(bench, superuser):
    async with query_url(bench) as url, httpx2.AsyncClient(timeout=20) as client:
        message = call(1, "run_query", sql=SLOW)
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": message["method"],
            "mcp-name": message["params"]["name"],
        }
        running = asyncio.create_task(client.post(url, json=message, headers=headers))
        await until(lambda: is_running(superuser, bench))
        running.cancel()
        await until(lambda: is_idle(superuser, bench))


async def is_running(superuser, bench: FreshDatabase) -> bool:
    running = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state = 'active'"
    return await superuser.fetchval(running, bench.owner) == 1


async def is_idle(superuser, bench: FreshDatabase) -> bool:
    return not await is_running(superuser, bench)
