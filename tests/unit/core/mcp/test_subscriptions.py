"""Following resources, in memory: who hears of what, and how many look at it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastmcp import Client
from mcp.client.subscriptions import listen
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp.types import (
    EmptyResult,
    ResourceUpdatedNotification,
    SubscribeRequest,
    SubscribeRequestParams,
    UnsubscribeRequest,
    UnsubscribeRequestParams,
)

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.mcp import subscriptions
from tests.support.tiny_resources import Board
from tests.support.waiting import soon, until

BOATS, SHIPS = "tiny://boats/board", "tiny://ships/board"
STRANGER = Caller("stranger", Scope.READ, frozenset({"ships"}))


@pytest.fixture
def board() -> Board:
    return Board()


class Older:
    """A client of 2025-11-25, and what it hears."""

    def __init__(self, server: Any) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.client = Client(server.fastmcp, mode="legacy", message_handler=self._hear)

    async def _hear(self, message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.heard.put_nowait(str(message.params.uri))

    async def subscribe(self, address: str) -> None:
        request = SubscribeRequest(params=SubscribeRequestParams(uri=address))
        await self.client.session.send_request(request, EmptyResult)

    async def unsubscribe(self, address: str) -> None:
        request = UnsubscribeRequest(params=UnsubscribeRequestParams(uri=address))
        await self.client.session.send_request(request, EmptyResult)


async def nobody_watches(board: Board) -> bool:
    return board.watchers == 0


async def test_a_client_that_listens_hears_of_news(board: Board) -> None:
    async with Client(board.server().fastmcp) as client, listen(client.session, resource_subscriptions=[BOATS]) as news:
        await board.write("ships", "not asked for")
        await board.write("boats", "asked for")
        assert await soon(anext(news)) == ResourceUpdated(uri=BOATS)


async def test_an_older_client_that_subscribed_hears_of_news_until_it_unsubscribes(board: Board) -> None:
    older = Older(board.server())
    async with older.client:
        for address in (BOATS, SHIPS):
            await older.subscribe(address)
        await board.write("boats", "first")
        assert await soon(older.heard.get()) == BOATS
        await older.unsubscribe(BOATS)
        assert board.watchers == 1
        await board.write("boats", "second")
        await board.write("ships", "third")
        assert await soon(older.heard.get()) == SHIPS
    await until(lambda: nobody_watches(board))


async def test_all_who_follow_a_resource_share_one_look_at_it(board: Board) -> None:
    server = board.server()
    older, again = Older(server), Older(server)
    async with older.client, again.client, Client(server.fastmcp) as client:
        await older.subscribe(BOATS)
        await older.subscribe(BOATS)
        await again.subscribe(BOATS)
        async with listen(client.session, resource_subscriptions=[BOATS]) as news:
            assert (board.watchers, server.subscriptions.followed) == (1, {BOATS})
            await older.unsubscribe(BOATS)
            await board.write("boats", "for two")
            assert [await soon(anext(news)), await soon(again.heard.get())] == [ResourceUpdated(uri=BOATS), BOATS]
        await again.unsubscribe(BOATS)
        await until(lambda: nobody_watches(board))
        assert server.subscriptions.followed == frozenset()
    assert older.heard.empty()


async def test_a_client_that_leaves_is_looked_for_no_more(board: Board) -> None:
    server = board.server()
    older = Older(server)
    async with older.client, Client(server.fastmcp) as client:
        await older.subscribe(BOATS)
        async with listen(client.session, resource_subscriptions=[SHIPS]):
            assert board.watchers == 2
    await until(lambda: nobody_watches(board))


async def test_a_stream_leaves_out_what_the_caller_may_not_see_and_says_so(board: Board) -> None:
    with acting_as(STRANGER):
        async with (
            Client(board.server().fastmcp) as client,
            listen(client.session, resource_subscriptions=[BOATS, SHIPS]) as news,
        ):
            assert news.honored.resource_subscriptions == [SHIPS]
            assert board.watchers == 1


async def test_an_older_client_is_refused_what_it_may_not_see(board: Board) -> None:
    with acting_as(STRANGER):
        older = Older(board.server())
        async with older.client:
            with pytest.raises(MCPError, match=r"tiny\.no_board"):
                await older.subscribe(BOATS)
    assert board.watchers == 0


async def test_a_stream_ends_with_the_token_of_its_caller(board: Board) -> None:
    with acting_as(Caller("ada", Scope.READ, expires_at=datetime.now(UTC) + timedelta(seconds=1))):
        async with (
            Client(board.server().fastmcp) as client,
            listen(client.session, resource_subscriptions=[BOATS]) as news,
        ):
            assert [each async for each in news] == []
            await until(lambda: nobody_watches(board))


async def test_an_older_client_whose_token_has_ended_hears_no_more(board: Board) -> None:
    server = board.server()
    with acting_as(Caller("ada", Scope.READ, expires_at=datetime.now(UTC))):
        expired, older = Older(server), Older(server)
        async with expired.client:
            await expired.subscribe(BOATS)
            with acting_as(STRANGER):
                async with older.client:
                    await older.subscribe(SHIPS)
                    await board.write("boats", "not for ada any more")
                    await board.write("ships", "for the stranger")
                    assert await soon(older.heard.get()) == SHIPS
    assert expired.heard.empty()


async def test_a_look_that_fails_is_repeated_and_told(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came while nobody looked is not known, so it may have been something."""
    monkeypatch.setattr(subscriptions, "RETRY_SECONDS", 0)
    async with Client(board.server().fastmcp) as client, listen(client.session, resource_subscriptions=[BOATS]) as news:
        board.fails = True
        await board.wake()
        assert await soon(anext(news)) == ResourceUpdated(uri=BOATS)
        await board.write("boats", "later")
        assert await soon(anext(news)) == ResourceUpdated(uri=BOATS)


async def test_a_client_that_follows_too_much_is_refused(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MAX_FOLLOWED", 1)
    older = Older(board.server())
    async with older.client:
        await older.subscribe(BOATS)
        with pytest.raises(MCPError, match="2 resources to follow, 1 at most"):
            await older.subscribe(SHIPS)
