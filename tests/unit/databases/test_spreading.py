"""Many databases are asked at once, and one that fails or hangs costs the others nothing."""

from __future__ import annotations

import asyncio

from moorage.databases.definitions import Database, DirectPostgres, Origin
from moorage.databases.errors import DatabaseUnavailable, QueryTookTooLong
from moorage.databases.spreading import spread


def databases(*names):
    return [Database(id=name, definition=DirectPostgres(database=name), origin=Origin.FILE) for name in names]


async def test_results_come_in_the_order_asked_with_failures_among_them():
    async def ask(database):
        if database.id == "b":
            raise DatabaseUnavailable("gone")
        return database.id.upper()

    asked = await spread(databases("a", "b", "c"), ask, at_once=2, each_seconds=5, all_seconds=5)
    assert [each.result for each in asked] == ["A", None, "C"]
    assert isinstance(asked[1].error, DatabaseUnavailable)


async def test_one_that_hangs_is_told_as_too_slow_and_the_others_answer():
    async def ask(database):
        if database.id == "hangs":
            await asyncio.Event().wait()
        return database.id

    asked = await spread(databases("hangs", "answers"), ask, at_once=1, each_seconds=0.01, all_seconds=5)
    assert isinstance(asked[0].error, QueryTookTooLong)
    assert asked[1].result == "answers"


async def test_who_had_no_turn_before_the_end_is_told_as_too_slow():
    async def ask(_database):
        await asyncio.Event().wait()

    asked = await spread(databases(*"abc"), ask, at_once=1, each_seconds=5, all_seconds=0.01)
    assert {type(each.error) for each in asked} == {QueryTookTooLong}


async def test_no_more_are_asked_at_once_than_wanted():
    running = most = 0

    async def ask(_database):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await spread(databases(*"abcdef"), ask, at_once=2, each_seconds=5, all_seconds=5)
    assert most == 2
