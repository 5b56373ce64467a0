"""The feed as a resource, over HTTP: read and followed by clients of both revisions, as far as their tokens reach."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp.client.subscriptions import listen
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp.types import EmptyResult, ResourceUpdatedNotification, SubscribeRequest, SubscribeRequestParams

from moorage.core.access import Caller, Scope, Unauthenticated
from moorage.core.http.app import build_app
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.workflow.feed.service import ChangeFeed
from moorage.workflow.feed.tools import changes_resource
from tests.support.doors import served_door
from tests.support.waiting import soon, until
from tests.support.work_items import make_task, workflow_with_tasks

CALLERS = {"ada": None, "stranger": frozenset({"another"})}


class NamedGate:
    """Takes the name of a caller as its token."""

    async def caller_of(self, token: str | None, *, path: str) -> Caller:
        if token not in CALLERS:
            raise Unauthenticated("nobody")
        return Caller(token, Scope.READ, CALLERS[token])

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        return "Bearer"


@dataclass
class Served:
    server: McpServer
    url: str
    address: str

    def client(self, name: str, mode: str, heard: asyncio.Queue[str] | None = None) -> Client:
        async def hear(message: object) -> None:
            if heard is not None and isinstance(message, ResourceUpdatedNotification):
                heard.put_nowait(str(message.params.uri))

        transport = StreamableHttpTransport(f"{self.url}/mcp", headers={"authorization": f"Bearer {name}"})
        return Client(transport, mode=mode, message_handler=hear)

    async def nobody_follows(self) -> bool:
        return not self.server.subscriptions.followed


@pytest.fixture
async def served(connections, projects, project) -> AsyncIterator[Served]:
    async def names() -> list[str]:
        return [each.name for each in (await projects.list(limit=100)).projects]

    resource = changes_resource(ChangeFeed(connections, watch_seconds=0.01), names)
    server = build_server(name="feed", version="1", instructions="Follow.", tools=[], resources=[resource])
    async with served_door(build_app(doors={"/mcp": server}, page=Page("Feed"), gate=NamedGate())) as url:
        yield Served(server, url, resource.address_of(project.name))


@pytest.fixture
async def other_process(connections, project):
    """The services as another process would have them: nothing tells the server what they write."""
    return await workflow_with_tasks(connections, project.name)


async def subscribe(client: Client, address: str) -> None:
    await client.session.send_request(SubscribeRequest(params=SubscribeRequestParams(uri=address)), EmptyResult)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_another_process_writes_is_read_at_the_address_of_the_project(served, other_process, project, mode):
    task = await make_task(other_process, project.name)
    async with served.client("ada", mode) as client:
        listed = {str(each.uri) for each in await client.list_resources()}
        (content,) = await client.read_resource(served.address)
    newest = json.loads(content.text)["changes"][0]
    assert (newest["key"], newest["operation"]) == (task.key, "create")
    assert served.address in listed


async def test_a_client_that_listens_hears_of_what_another_process_writes(served, other_process, project):
    async with served.client("ada", "auto") as client:
        async with listen(client.session, resource_subscriptions=[served.address]) as news:
            await make_task(other_process, project.name)
            assert await soon(anext(news)) == ResourceUpdated(uri=served.address)
        await until(served.nobody_follows)


async def test_an_older_client_that_subscribed_hears_of_what_another_process_writes(served, other_process, project):
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with served.client("ada", "legacy", heard) as client:
        await subscribe(client, served.address)
        await make_task(other_process, project.name)
        assert await soon(heard.get()) == served.address
    await until(served.nobody_follows)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_caller_that_may_not_see_the_project_neither_finds_nor_reads_it(served, mode):
    async with served.client("stranger", mode) as client:
        assert await client.list_resources() == []
        with pytest.raises(MCPError, match=r"projects\.not_found"):
            await client.read_resource(served.address)


async def test_a_caller_that_may_not_see_the_project_cannot_follow_it(served):
    async with served.client("stranger", "legacy") as older:
        with pytest.raises(MCPError, match=r"projects\.not_found"):
            await subscribe(older, served.address)
    async with (
        served.client("stranger", "auto") as client,
        listen(client.session, resource_subscriptions=[served.address]) as news,
    ):
        assert news.honored.resource_subscriptions is None
        assert await served.nobody_follows()
