"""Databases that hang, refuse, die or are gone: what their callers are told, and that nobody else notices."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from contextlib import AsyncExitStack

import pytest

from moorage.databases.connectors.connections import Connections
from moorage.databases.errors import (
    AnswerTooLarge,
    DatabaseLoginRefused,
    DatabaseUnavailable,
    QueryTookTooLong,
    SecretUnavailable,
)
from moorage.databases.settings import SqlSettings
from moorage.databases.sources.secrets import Login
from tests.support.deaf_servers import freezing_proxy, silent_server
from tests.support.many_databases import database_of, definition_of, open_connections, session_of
from tests.support.waiting import soon, until

RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state = 'active'"


@pytest.fixture
async def connections():
    async with open_connections() as opened:
        yield opened


@pytest.fixture
def refused():
    """A port of loopback on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def ask(connections, database, sql="SELECT 1", *parameters, **terms):
    async with session_of(connections, database, **terms) as session:
        cursor = await session.open(sql, parameters)
        return (await cursor.fetch(1))[0][0]


def at_port(bench, port: int, **changes):
    return database_of(bench.definition(hostname="127.0.0.1", port=port, **changes))


async def test_a_server_that_accepts_and_says_nothing_is_given_up(bench):
    async with silent_server() as port, open_connections(connect_seconds=0.1) as connections:
        with pytest.raises(DatabaseUnavailable, match="no answer in time"):
            await soon(ask(connections, at_port(bench, port)))


async def test_a_server_that_stops_answering_under_a_statement_is_given_up(bench, monkeypatch):
    monkeypatch.setattr("moorage.databases.connectors.statements.GRACE_SECONDS", 0.1)
    async with freezing_proxy(bench.address) as proxy, open_connections() as connections:

        async def frozen_under_a_statement() -> None:
            async with session_of(connections, at_port(bench, proxy.port), statement_seconds=0.1) as session:
                proxy.freeze()
                await session.open("SELECT 1", ())

        with pytest.raises(QueryTookTooLong, match="the server said nothing"):
            await frozen_under_a_statement()
        proxy.cut()


async def test_after_a_failure_calls_fail_at_once_and_are_told_since_when(bench, connections, refused):
    shop = at_port(bench, refused)
    with pytest.raises(DatabaseUnavailable, match="connection refused"):
        await ask(connections, shop)
    with pytest.raises(DatabaseUnavailable, match=r"connection refused \(since .*tried again") as told:
        await ask(connections, shop)
    assert told.value.details.keys() == {"since", "retry_after_seconds"}
    assert "127.0.0.1" not in str(told.value)
    assert connections.state_of(shop).status == "down"


async def test_a_database_that_comes_back_is_noticed_without_a_caller(bench, connections, refused, monkeypatch):
    monkeypatch.setattr("moorage.databases.connectors.health.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("moorage.databases.connectors.direct.FIRST_PAUSE_SECONDS", 0.01)
    shop = at_port(bench, refused)
    with pytest.raises(DatabaseUnavailable):
        await ask(connections, shop)
    connector = await connections.to(shop)
    async with freezing_proxy(bench.address) as proxy:
        connector._dialer._hosts = (("127.0.0.1", proxy.port),)
        await until(lambda: _is(connections, shop, "reachable"))
        assert await ask(connections, shop) == 1


async def test_a_name_that_nobody_knows_is_told(bench, connections):
    with pytest.raises(DatabaseUnavailable, match="its host name is not known"):
        await ask(connections, database_of(bench.definition(hostname="database.invalid")))


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"database": "nowhere"}, '"nowhere" does not exist'), ({"username": "nobody_9"}, '"nobody_9" does not exist')],
)
async def test_a_refused_login_is_told_in_the_words_of_the_server(bench, connections, changes, said):
    with pytest.raises(DatabaseLoginRefused, match=said):
        await ask(connections, database_of(bench.definition(**changes)))


async def test_a_secret_that_cannot_be_read_is_told(bench, connections):
    shop = database_of(definition_of(bench.address, bench.name, password=None, password_file="/nowhere/secret"))
    with pytest.raises(SecretUnavailable, match="password_file"):
        await ask(connections, shop)


async def test_each_new_connection_logs_in_with_the_password_of_the_moment(bench):
    asked = []

    async def find_login(definition) -> Login:
        asked.append(definition.database)
        return Login(bench.owner if len(asked) > 1 else bench.reader, f"word {len(asked)}")

    connections = Connections(SqlSettings(), find_login=find_login)
    shop = database_of(bench.definition())
    async with session_of(connections, shop) as session:
        assert await (await session.open("SELECT current_user::text", ())).fetch(1) == [[bench.reader]]
        assert await ask(connections, shop, "SELECT current_user::text") == bench.owner
    await connections.close()


async def test_twenty_of_a_hundred_that_are_down_cost_the_others_nothing(bench):
    """The silent ones would take a minute each; the eighty answer before any of those has been given up."""
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(silent_server())
        connections = await stack.enter_async_context(open_connections(connect_seconds=60, max_connections=60))
        good = [database_of(bench.definition(tags=[str(n)]), f"good{n}") for n in range(80)]
        down = [at_port(bench, port, tags=[str(n)]).model_copy(update={"id": f"down{n}"}) for n in range(20)]
        hanging = [asyncio.create_task(ask(connections, each)) for each in down]
        assert await soon(asyncio.gather(*(ask(connections, each) for each in good))) == [1] * 80
        assert not any(each.done() for each in hanging)
        for each in hanging:
            each.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_cancelled_call_leaves_nothing_running(bench, superuser, connections):
    shop = database_of(bench.definition(pool_size=1))
    asking = asyncio.create_task(ask(connections, shop, "SELECT pg_sleep(60)"))
    await until(lambda: _running(superuser, bench, 1))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await until(lambda: _running(superuser, bench, 0))
    assert await soon(ask(connections, shop)) == 1
    assert connections.state_of(shop).open == 1


async def test_a_process_that_is_gone_leaves_nothing_running(bench, superuser, connections, monkeypatch):
    """It cancels nothing when it is killed: PostgreSQL has to notice by itself, long before the time limit."""
    monkeypatch.setattr("moorage.databases.connectors.messages.LOOK_FOR_CLIENT_SECONDS", 0.05)
    async with freezing_proxy(bench.address) as proxy:
        asking = asyncio.create_task(ask(connections, at_port(bench, proxy.port), "SELECT pg_sleep(59)"))
        await until(lambda: _running(superuser, bench, 1))
        proxy.cut()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: _running(superuser, bench, 0))


async def test_a_call_cancelled_while_connecting_gives_its_place_back(bench):
    async with silent_server() as port, open_connections() as connections:
        shop = at_port(bench, port)
        asking = asyncio.create_task(ask(connections, shop))
        await until(lambda: _in_use(connections, shop))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (connections.state_of(shop).open, connections.state_of(shop).in_use) == (0, 0)


async def test_a_statement_over_its_time_is_ended_in_the_server(bench, superuser, connections):
    with pytest.raises(QueryTookTooLong, match="statement timeout"):
        await ask(connections, database_of(bench.definition()), "SELECT pg_sleep(60)", statement_seconds=0.05)
    assert await superuser.fetchval(RUNNING, bench.reader) == 0


async def test_a_huge_value_is_not_taken_in(bench, superuser, connections, monkeypatch):
    monkeypatch.setattr("moorage.databases.connectors.statements.MAX_FETCHED_BYTES", 1024 * 1024)
    shop = database_of(bench.definition())
    with pytest.raises(AnswerTooLarge, match="more than 1 MiB came at once"):
        await ask(connections, shop, "SELECT repeat('x', 8 * 1024 * 1024)")
    await until(lambda: _running(superuser, bench, 0))
    assert await ask(connections, shop) == 1


async def test_what_comes_is_counted(bench, connections):
    async with session_of(connections, database_of(bench.definition())) as session:
        cursor = await session.open("SELECT repeat('x', 1000) FROM generate_series(1, 100)", ())
        await cursor.fetch(10)
        assert 10_000 < cursor.bytes_received < 12_000
        await cursor.fetch(100)
        assert 100_000 < cursor.bytes_received < 110_000


async def test_a_hundred_thousand_rows_read_in_pieces_take_the_memory_of_one(bench, connections):
    async with session_of(connections, database_of(bench.definition())) as session:
        cursor = await session.open("SELECT n, repeat('x', 100) FROM generate_series(1, 100000) AS n", ())
        await cursor.fetch(1000)
        tracemalloc.start()
        rows = 1000
        while piece := await cursor.fetch(1000):
            rows += len(piece)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert rows == 100_000
    assert peak < 2_000_000


async def _is(connections, shop, status) -> bool:
    return connections.state_of(shop).status == status


async def _in_use(connections, shop) -> bool:
    return connections.state_of(shop).in_use == 1


async def _running(superuser, bench, count) -> bool:
    return await superuser.fetchval(RUNNING, bench.reader) == count
