"""An answer that was cut can be read on: in the same snapshot, by who asked, for a while, and at nobody's expense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.databases.errors import DatabaseUnavailable, ReadingEnded
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.running import Request
from moorage.databases.service import DatabasesService
from tests.support.many_databases import FreshDatabase, open_service
from tests.support.waiting import until

IDS = "SELECT id FROM bench.orders ORDER BY id"


@pytest.fixture
async def shop(bench: FreshDatabase) -> AsyncIterator[DatabasesService]:
    async with open_service({"shop": bench.definition(), "other": bench.definition()}) as service:
        yield service


async def first_page(service: DatabasesService, rows: int = 40) -> Answer:
    return await service.run_query("shop", Request(IDS, max_rows=rows))


async def next_page(service: DatabasesService, answer: Answer, database: str = "shop", rows: int = 40) -> Answer:
    return await service.run_query(database, Request("", max_rows=rows, next=answer.next))


def ids(*answers: Answer) -> list[int]:
    return [row[0] for answer in answers for row in answer.rows]


async def test_pages_follow_each_other_to_the_last_row(shop):
    first = await first_page(shop)
    second = await next_page(shop, first)
    third = await next_page(shop, second)
    assert ids(first, second, third) == list(range(1, 101))
    assert third.next is None


async def test_pages_keep_the_limits_of_the_first_until_a_call_names_others(shop):
    first = await first_page(shop, rows=10)
    second = await shop.run_query("shop", Request("", next=first.next))
    third = await shop.run_query("shop", Request("", max_rows=30, next=second.next))
    fourth = await shop.run_query("shop", Request("", next=third.next))
    assert [len(each.rows) for each in (first, second, third, fourth)] == [10, 10, 30, 30]


async def test_all_pages_are_of_one_moment(shop, superuser):
    first = await first_page(shop)
    await superuser.execute("DELETE FROM bench.orders")
    assert ids(await next_page(shop, first)) == list(range(41, 81))


async def test_a_handle_is_good_for_one_page(shop):
    first = await first_page(shop)
    await next_page(shop, first)
    with pytest.raises(ReadingEnded) as ended:
        await next_page(shop, first)
    assert "ORDER BY" in ended.value.hint


async def test_a_handle_of_another_caller_or_database_opens_nothing(shop):
    first = await first_page(shop)
    with acting_as(Caller("somebody else", Scope.READ)), pytest.raises(ReadingEnded):
        await next_page(shop, first)
    with pytest.raises(ReadingEnded):
        await next_page(shop, first, database="other")
    assert ids(await next_page(shop, first)) == list(range(41, 81))


async def test_two_callers_read_on_side_by_side(shop):
    ada, bob = Caller("ada", Scope.READ), Caller("bob", Scope.READ)
    with acting_as(ada):
        of_ada = await first_page(shop)
    with acting_as(bob):
        of_bob = await first_page(shop, rows=10)
        second_of_bob = next_page(shop, of_bob, rows=10)
    with acting_as(ada):
        second_of_ada = next_page(shop, of_ada)
        assert ids(await second_of_ada) == list(range(41, 81))
    with acting_as(bob):
        assert ids(await second_of_bob) == list(range(11, 21))


async def test_one_handle_used_twice_at_once_gives_one_page(shop):
    first = await first_page(shop)
    pages = await asyncio.gather(*(next_page(shop, first) for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in pages) == ["Answer", "ReadingEnded"]


async def test_a_handle_ends_when_the_definition_changes(bench, superuser):
    async with open_service({"shop": bench.definition()}) as service:
        first = await first_page(service)
        before = await service.catalog.find("shop")
        after = before.model_copy(update={"definition": bench.definition(description="Another one.")})
        with pytest.raises(ReadingEnded, match="changed"):
            await service.runner.run(after, Request("", next=first.next))
        await until_no_transaction(superuser, bench)


async def test_a_handle_ends_with_its_time(bench, superuser):
    async with open_service({"shop": bench.definition()}, reading_seconds=0.05) as service:
        first = await first_page(service)
        await until_no_transaction(superuser, bench)
        with pytest.raises(ReadingEnded):
            await next_page(service, first)


async def test_one_more_reading_than_are_kept_ends_the_oldest(bench):
    async with open_service({"shop": bench.definition()}, max_readings=2) as service:
        answers = [await first_page(service) for _ in range(3)]
        with pytest.raises(ReadingEnded):
            await next_page(service, answers[0])
        assert [ids(await next_page(service, each)) for each in answers[1:]] == [list(range(41, 81))] * 2


async def test_a_reading_gives_way_to_who_needs_its_connection(bench):
    async with open_service({"shop": bench.definition(pool_size=1)}) as service:
        first = await first_page(service)
        assert ids(await service.run_query("shop", Request("SELECT 7"))) == [7]
        with pytest.raises(ReadingEnded):
            await next_page(service, first)


async def test_without_readings_the_notice_says_how_to_page(bench):
    async with open_service({"shop": bench.definition()}, max_readings=0) as service:
        answer = await first_page(service)
    assert answer.next is None
    assert "page with ORDER BY" in answer.notices[0]


async def test_a_connection_that_is_cut_meanwhile_is_told(shop, bench, superuser):
    first = await first_page(shop)
    await superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", bench.reader)
    with pytest.raises(DatabaseUnavailable, match="connection"):
        await next_page(shop, first)
    assert ids(await first_page(shop, rows=1)) == [1]


async def test_closing_the_service_ends_all(bench, superuser):
    async with open_service({"shop": bench.definition()}) as service:
        await first_page(service)
    await until_no_transaction(superuser, bench)


async def until_no_transaction(superuser, bench: FreshDatabase) -> None:
    """Wait until PostgreSQL knows no open transaction of the reader."""
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND xact_start IS NOT NULL"

    async def is_none() -> bool:
        return await superuser.fetchval(open_ones, bench.reader) == 0

    await until(is_none)
