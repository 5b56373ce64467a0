"""Connections to databases of others: opened when needed, shared, and clean for the next caller."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from moorage.databases.errors import DatabaseBusy, DatabaseLoginRefused, DatabaseUnavailable
from moorage.databases.execution.running import Request
from tests.support.deaf_servers import freezing_proxy
from tests.support.many_databases import ORDERS, database_of, open_connections, open_service, session_of
from tests.support.waiting import soon, until

KILL_SLEEPER = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND wait_event = 'PgSleep'
"""
OUR_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1"


@pytest.fixture
async def connections():
    async with open_connections() as opened:
        yield opened


async def value(session, sql, *parameters):
    """Run a caller's statement and return the one value it gives."""
    cursor = await session.open(sql, parameters)
    return (await cursor.fetch(1))[0][0]


async def test_a_reader_sees_the_rows_of_a_database(bench):
    async with open_service({"shop": bench.definition()}) as service:
        answer = await service.run_query("shop", Request("SELECT count(*) FROM bench.orders"))
    assert answer.rows == [[ORDERS]]


async def test_nothing_is_opened_before_somebody_needs_it(bench, superuser, connections):
    connector = await connections.to(database_of(bench.definition()))
    assert (connector.state.status, connector.state.open) == ("unused", 0)
    assert await superuser.fetchval(OUR_SESSIONS, bench.reader) == 0


async def test_callers_one_after_another_share_a_connection(bench, connections):
    shop = database_of(bench.definition())
    async with session_of(connections, shop) as session:
        first = await value(session, "SELECT pg_backend_pid()")
    async with session_of(connections, shop) as session:
        assert await value(session, "SELECT pg_backend_pid()") == first
    assert connections.state_of(shop).open == 1


async def test_two_calls_for_a_new_database_share_its_connector(bench, connections):
    shop = database_of(bench.definition())
    one, other = await asyncio.gather(connections.to(shop), connections.to(shop))
    assert one is other


@pytest.mark.parametrize(
    ("leaves", "shows", "clean"),
    [
        ("SELECT set_config('work_mem', '1MB', false)", "SELECT current_setting('work_mem')", "16MB"),
        ("SELECT pg_advisory_lock(7)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", 0),
        ("LISTEN gossip", "SELECT count(*) FROM pg_listening_channels()", 0),
        ("SELECT set_config('role', 'pg_monitor', false)", "SELECT current_user::text", "postgres"),
        ("PREPARE plan AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements WHERE from_sql", 0),
        ("CREATE TEMPORARY TABLE scratch (n int)", "SELECT to_regclass('scratch')::text", None),
    ],
)
@pytest.mark.parametrize("is_kept", [False, True])
async def test_what_one_caller_leaves_does_not_meet_the_next(bench, connections, leaves, shows, clean, is_kept):
    shop = database_of(bench.as_superuser(pool_size=1))
    async with session_of(connections, shop, read_only=False) as session:
        await (await session.open(leaves, ())).fetch(1)
        if is_kept:
            await session.commit()
    async with session_of(connections, shop) as session:
        assert await value(session, shows) == clean
    assert connections.state_of(shop).open == 1


@pytest.mark.parametrize("steps", range(1, 6))
async def test_a_call_that_is_cancelled_while_it_begins_leaves_no_transaction(bench, connections, steps):
    """The driver does not know of a BEGIN before its answer has come; where the cancellation strikes is no matter."""
    shop = database_of(bench.as_owner(pool_size=1))
    async with session_of(connections, shop):
        pass
    calling = asyncio.create_task(_hold(connections, shop))
    for _ in range(steps):
        await asyncio.sleep(0)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    async with session_of(connections, shop, read_only=False) as session:
        assert await value(session, "SELECT current_setting('transaction_read_only')") == "off"


async def _hold(connections, database):
    async with session_of(connections, database):
        await asyncio.Event().wait()


async def test_what_is_not_committed_is_rolled_back(bench, superuser, connections):
    shop = database_of(bench.as_owner())
    async with session_of(connections, shop, read_only=False) as session:
        cursor = await session.open("DELETE FROM bench.orders WHERE id <= $1", [10])
        assert (await cursor.fetch(1), cursor.rows_affected) == ([], 10)
    assert await superuser.fetchval("SELECT count(*) FROM bench.orders") == ORDERS


async def test_terms_hold_for_the_transaction(bench, connections):
    shop = database_of(bench.as_superuser(search_path=["bench"], role=bench.reader))
    async with session_of(connections, shop, statement_seconds=7, lock_seconds=3, idle_seconds=5) as session:
        asked = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "work_mem", "search_path"
        settings = [await value(session, "SELECT current_setting($1)", name) for name in asked]
        assert settings == ["7s", "3s", "5s", "16MB", "bench"]
        assert await value(session, "SELECT current_user::text") == bench.reader


async def test_temporary_files_are_limited_where_the_role_may_say_so(bench, connections):
    for definition, limit in ((bench.as_superuser(), "1MB"), (bench.definition(), "-1")):
        async with session_of(connections, database_of(definition), temporary_file_bytes=1024 * 1024) as session:
            assert await value(session, "SELECT current_setting('temp_file_limit')") == limit


async def test_a_role_that_the_login_may_not_take_on_is_told(bench, connections):
    with pytest.raises(DatabaseLoginRefused, match="permission denied to set role"):
        async with session_of(connections, database_of(bench.definition(role=bench.owner))):
            pass


async def test_a_full_pool_says_what_is_in_use(bench):
    shop = database_of(bench.definition(pool_size=1))
    async with open_connections(wait_seconds=0.01) as connections, session_of(connections, shop):
        with pytest.raises(DatabaseBusy, match=r"1 of 1 of this database and 1 of 100 over all databases are in use"):
            async with session_of(connections, shop):
                pass


async def test_who_waits_gets_the_connection_that_becomes_free(bench, connections):
    shop = database_of(bench.definition(pool_size=1))

    async def ask() -> int:
        async with session_of(connections, shop) as session:
            return await value(session, "SELECT 1")

    async with session_of(connections, shop):
        asking = [asyncio.create_task(ask()) for _ in range(5)]
        await until(lambda: _waiting(connections, shop, 5))
    assert await soon(asyncio.gather(*asking)) == [1] * 5
    assert connections.state_of(shop).open == 1


async def test_a_waiting_caller_who_gives_up_takes_nothing_away(bench, connections):
    shop = database_of(bench.definition(pool_size=1))
    async with session_of(connections, shop):
        asking = asyncio.create_task(_pid(connections, shop))
        await until(lambda: _waiting(connections, shop, 1))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    async with session_of(connections, shop) as session:
        assert await value(session, "SELECT 1") == 1


async def test_idle_connections_of_others_make_room(bench):
    shops = [database_of(bench.definition(tags=[str(n)]), f"shop{n}") for n in range(5)]
    async with open_connections(max_connections=2) as connections:
        for shop in shops:
            async with session_of(connections, shop) as session:
                assert await value(session, "SELECT 1") == 1
        assert [connections.state_of(shop).open for shop in shops] == [0, 0, 0, 1, 1]


async def test_fifty_at_once_of_five_hundred_databases_keep_within_the_budget(bench, superuser):
    shops = [database_of(bench.definition(tags=[str(n)]), f"shop{n}") for n in range(500)]
    async with open_connections(max_connections=20, wait_seconds=20) as connections:

        async def ask(shop) -> int:
            async with session_of(connections, shop) as session:
                return await value(session, "SELECT $1::int", 7)

        for first in range(0, 150, 50):
            assert await asyncio.gather(*map(ask, shops[first : first + 50])) == [7] * 50
        assert await superuser.fetchval(OUR_SESSIONS, bench.reader) <= 20


async def test_a_session_that_is_only_held_leaves_when_somebody_waits(bench, connections):
    shop = database_of(bench.definition(pool_size=1))
    held = AsyncExitStack()
    session = await held.enter_async_context(session_of(connections, shop))
    leaving: list[asyncio.Task] = []
    session.lend_until(lambda: leaving.append(asyncio.create_task(held.aclose())))
    async with session_of(connections, shop) as other:
        assert await value(other, "SELECT 1") == 1
    assert len(leaving) == 1


async def test_a_session_that_is_only_held_leaves_when_its_server_is_full(bench, superuser, connections):
    await superuser.execute(f"ALTER ROLE {bench.reader} CONNECTION LIMIT 1")
    shop, other = (database_of(bench.definition(), name) for name in ("shop", "other"))
    held = AsyncExitStack()
    session = await held.enter_async_context(session_of(connections, shop))
    leaving: list[asyncio.Task] = []
    session.lend_until(lambda: leaving.append(asyncio.create_task(held.aclose())))
    async with session_of(connections, other) as asked:
        assert await value(asked, "SELECT 1") == 1
    assert len(leaving) == 1


async def test_more_databases_than_a_full_server_has_connections_take_turns(bench, superuser, connections):
    await superuser.execute(f"ALTER ROLE {bench.reader} CONNECTION LIMIT 4")
    shops = [database_of(bench.definition(tags=[str(n)]), f"shop{n}") for n in range(16)]
    for first in range(0, 16, 4):
        asked = [_pid(connections, shop) for shop in shops[first : first + 4]]
        assert len(await asyncio.gather(*asked)) == 4


async def test_a_session_that_is_read_on_is_not_asked_to_leave(bench):
    shop = database_of(bench.definition(pool_size=1))
    async with open_connections(wait_seconds=0.01) as connections, session_of(connections, shop) as session:
        session.lend_until(lambda: pytest.fail("it is in use"))
        assert await value(session, "SELECT 1") == 1
        with pytest.raises(DatabaseBusy):
            async with session_of(connections, shop):
                pass


async def test_unused_connections_are_closed(bench, superuser):
    shop = database_of(bench.definition())
    async with open_connections(idle_seconds=0.05) as connections:
        async with session_of(connections, shop) as session:
            assert await value(session, "SELECT 1") == 1
        await until(lambda: _open(connections, shop, 0))
        await until(lambda: _gone(superuser, bench))


async def test_a_changed_definition_closes_what_is_old_without_disturbing_it(bench, superuser, connections):
    old, new = database_of(bench.definition()), database_of(bench.definition(pool_size=7))
    async with session_of(connections, old) as session:
        async with session_of(connections, new) as other:
            assert await value(other, "SELECT 1") == 1
        assert await value(session, "SELECT 2") == 2
    await until(lambda: _gone(superuser, bench, but=1))


async def test_a_removed_database_leaves_no_connection(bench, superuser, connections):
    shop = database_of(bench.definition())
    async with session_of(connections, shop) as session:
        assert await value(session, "SELECT 1") == 1
    await connections.keep({})
    await until(lambda: _gone(superuser, bench))


async def test_a_connection_that_was_cut_while_idle_is_replaced_unnoticed(bench, superuser, connections):
    shop = database_of(bench.definition())
    async with session_of(connections, shop) as session:
        pid = await value(session, "SELECT pg_backend_pid()")
    await superuser.fetchval("SELECT pg_terminate_backend($1)", pid)
    async with session_of(connections, shop) as session:
        assert await value(session, "SELECT pg_backend_pid()") != pid


async def test_a_connection_that_the_network_forgot_is_replaced_unnoticed(bench):
    async with freezing_proxy(bench.address) as proxy, open_connections(connect_seconds=0.2) as connections:
        shop = database_of(bench.definition(hostname="127.0.0.1", port=proxy.port))
        async with session_of(connections, shop) as session:
            assert await value(session, "SELECT 1") == 1
        proxy.freeze()
        asking = asyncio.create_task(_pid(connections, shop))
        await until(lambda: _opened(proxy, 2))
        proxy.passing.set()
        assert await soon(asking)


async def test_a_connection_that_dies_under_a_statement_is_told_and_not_tried_again(bench, superuser, connections):
    shop = database_of(bench.as_owner())

    async def count() -> None:
        async with session_of(connections, shop, read_only=False) as session:
            await value(session, "SELECT nextval('bench.orders_id_seq'), pg_sleep(60)")

    counting = asyncio.create_task(count())
    await until(lambda: superuser.fetchval(KILL_SLEEPER, bench.owner))
    with pytest.raises(DatabaseUnavailable, match="terminating connection due to administrator command"):
        await soon(counting)
    assert await superuser.fetchval("SELECT last_value FROM bench.orders_id_seq") == ORDERS + 1


async def _pid(connections, shop) -> int:
    async with session_of(connections, shop) as session:
        return await value(session, "SELECT pg_backend_pid()")


async def _waiting(connections, shop, count) -> bool:
    return connections.state_of(shop).waiting == count


async def _open(connections, shop, count) -> bool:
    return connections.state_of(shop).open == count


async def _opened(proxy, count) -> bool:
    return proxy.opened >= count


async def _gone(superuser, bench, but: int = 0) -> bool:
    return await superuser.fetchval(OUR_SESSIONS, bench.reader) <= but
