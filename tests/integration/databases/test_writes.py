"""Statements that write: tried, shown, asked about, and only then kept; and what is told is what is true."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.databases.errors import (
    DatabaseUnavailable,
    NotConfirmed,
    OutcomeUnknown,
    QueryFailed,
    QueryTookTooLong,
    WriteNotAllowed,
)
from moorage.databases.execution.answers import Answer, written
from moorage.databases.execution.running import Confirm, Request
from moorage.databases.service import DatabasesService
from tests.support.cutting_proxy import CuttingProxy, cutting_proxy
from tests.support.many_databases import ORDERS, FreshDatabase, open_service

DELETE = "DELETE FROM bench.orders WHERE id <= 12"


@pytest.fixture
async def shop(bench: FreshDatabase) -> AsyncIterator[DatabasesService]:
    async with open_service({"shop": bench.as_owner(readonly=False)}) as service:
        yield service


async def run(service: DatabasesService, sql: str, confirm: Confirm | None = None, **more: Any) -> Answer:
    return await service.run_query("shop", Request(sql, **more), confirm)


async def count(superuser) -> int:
    return await superuser.fetchval("SELECT count(*) FROM bench.orders")


class Person:
    """Answers what it is asked, and remembers it."""

    def __init__(self, *, says_yes: bool, meanwhile=None) -> None:
        self._says_yes = says_yes
        self._meanwhile = meanwhile
        self.asked: list[str] = []

    async def confirm(self, message: str) -> bool:
        self.asked.append(message)
        if self._meanwhile:
            await self._meanwhile()
        return self._says_yes


async def test_a_write_is_tried_and_rolled_back(shop, superuser):
    answer = await run(shop, DELETE)
    assert (answer.rows_affected, answer.is_committed) == (12, False)
    assert "Nothing was written" in answer.notices[0]
    assert await count(superuser) == ORDERS


async def test_a_preview_shows_what_returning_gives(shop):
    answer = await run(shop, "UPDATE bench.orders SET total = total + 1 WHERE id < 3 RETURNING id, total")
    assert written(answer) == (
        '{"database":"shop","row_count":2,"rows_affected":2,"committed":false,"notices":["Nothing was written: tried'
        ' and rolled back. To write, call again with commit=true."],"columns":["id","total"],'
        '"types":["int8","numeric"],"rows":[[1,"2.50"],[2,"4.00"]]}'
    )


async def test_rows_affected_are_all_of_them_also_when_few_are_shown(shop):
    answer = await run(shop, "UPDATE bench.orders SET total = 0 RETURNING id", max_rows=5)
    assert (len(answer.rows), answer.cut_by, answer.rows_affected, answer.next) == (5, "rows", ORDERS, None)
    assert answer.notices[1] == "Cut after 5 rows, there are more, written in the same way."


async def test_a_preview_says_that_sequences_do_not_go_back(shop, superuser):
    answer = await run(shop, "INSERT INTO bench.orders (customer_id, total) VALUES (1, 5)")
    assert "sequences" in answer.notices[0]
    assert await count(superuser) == ORDERS


async def test_a_commit_is_there_for_everybody(shop, superuser):
    answer = await run(shop, DELETE, commit=True)
    assert written(answer) == '{"database":"shop","rows_affected":12,"committed":true,"notices":["Committed."]}'
    assert await count(superuser) == ORDERS - 12


async def test_a_person_is_asked_with_what_would_happen(shop, superuser):
    person = Person(says_yes=True)
    answer = await run(shop, DELETE, person.confirm, commit=True)
    assert person.asked == [f"Write to the database shop (delete, bench.orders)? It concerns 12 rows.\n\n{DELETE}"]
    assert answer.is_committed
    assert await count(superuser) == ORDERS - 12


async def test_a_person_is_shown_what_parameters_say(shop):
    person = Person(says_yes=False)
    with pytest.raises(NotConfirmed):
        await run(shop, "DELETE FROM bench.orders WHERE id = $1", person.confirm, parameters=[7], commit=True)
    assert person.asked[0].endswith("\n\nDELETE FROM bench.orders WHERE id = $1\n\nwith the parameters [7]")


async def test_no_two_statements_too_long_to_be_shown_ask_the_same(shop):
    """An answer may come with a later call, under the digest of the question that it was given to."""
    person = Person(says_yes=False)
    for number in (7, 8):
        sql = f"/*{'-' * 5_000}*/ DELETE FROM bench.orders WHERE id = {number} /*{'-' * 5_000}*/"
        with pytest.raises(NotConfirmed):
            await run(shop, sql, person.confirm, commit=True)
    one, other = person.asked
    assert one != other
    assert "(delete, bench.orders)? It concerns 1 rows." in one


async def test_a_no_leaves_everything_as_it_is(shop, superuser):
    with pytest.raises(NotConfirmed):
        await run(shop, DELETE, Person(says_yes=False).confirm, commit=True)
    assert await count(superuser) == ORDERS


async def test_nothing_but_what_was_agreed_to_is_written(shop, superuser):
    async def meanwhile() -> None:
        await superuser.execute("DELETE FROM bench.orders WHERE id = 3")

    with pytest.raises(NotConfirmed, match="12 rows were agreed to, and now it would be 11"):
        await run(shop, DELETE, Person(says_yes=True, meanwhile=meanwhile).confirm, commit=True)
    assert await count(superuser) == ORDERS - 1


async def test_nobody_is_asked_about_a_read(shop):
    person = Person(says_yes=False)
    answer = await run(shop, "SELECT 7", person.confirm, commit=True)
    assert (answer.rows, answer.is_committed, person.asked) == ([[7]], None, [])


async def test_where_a_yes_is_required_a_client_that_cannot_ask_writes_nothing(bench, superuser):
    async with open_service({"shop": bench.as_owner(readonly=False, require_confirmation=True)}) as service:
        with pytest.raises(NotConfirmed):
            await run(service, DELETE, commit=True)
        assert (await run(service, DELETE)).rows_affected == 12
    assert await count(superuser) == ORDERS


async def test_a_write_does_not_wait_for_a_lock_longer_than_it_may(bench, superuser):
    limits = {"lock_seconds": 0.05}
    async with (
        open_service({"shop": bench.as_owner(readonly=False, limits=limits)}) as service,
        superuser.transaction(),
    ):
        await superuser.execute("LOCK TABLE bench.orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(QueryTookTooLong, match="lock") as waited:
            await run(service, DELETE)
    assert "Another transaction holds a lock" in waited.value.hint


async def test_a_read_of_a_writable_database_cannot_write(shop):
    answer = await run(shop, "SELECT current_setting('transaction_read_only')")
    assert answer.rows == [["on"]]


async def test_a_caller_who_may_only_read_writes_nothing(shop, superuser):
    with acting_as(Caller("reader", Scope.READ)), pytest.raises(WriteNotAllowed):
        await run(shop, DELETE, commit=True)
    assert await count(superuser) == ORDERS


async def test_a_database_that_is_only_read_refuses_to_write(bench):
    async with open_service({"shop": bench.as_owner()}) as service:
        with pytest.raises(WriteNotAllowed):
            await run(service, DELETE, commit=True)


async def test_a_commit_whose_answer_is_lost_is_found_out(bench, superuser):
    async with over_proxy(bench) as (shop, proxy):
        proxy.armed = True
        assert (await run(shop, DELETE, commit=True)).is_committed
    assert await count(superuser) == ORDERS - 12


async def test_a_commit_that_never_arrived_is_found_out(bench, superuser):
    async with over_proxy(bench, loses_commit=True) as (shop, proxy):
        proxy.armed = True
        with pytest.raises(DatabaseUnavailable, match="nothing was written"):
            await run(shop, DELETE, commit=True)
    assert await count(superuser) == ORDERS


async def test_a_commit_that_nobody_can_tell_of_is_told_as_unknown(bench, superuser):
    async with over_proxy(bench, is_last=True) as (shop, proxy):
        proxy.armed = True
        with pytest.raises(OutcomeUnknown) as unknown:
            await run(shop, DELETE, commit=True)
    status = await superuser.fetchval("SELECT pg_xact_status($1::text::xid8)", unknown.value.details["transaction"])
    assert status == "committed"


@asynccontextmanager
async def over_proxy(bench: FreshDatabase, **how: bool) -> AsyncGenerator[tuple[DatabasesService, CuttingProxy]]:
    """Serve the database by way of a proxy that cuts connections over their COMMIT."""
    async with cutting_proxy(bench.address, **how) as proxy:
        where = proxy.address.arguments
        shop = bench.as_owner(readonly=False, hostname=where["host"], port=where["port"])
        async with open_service({"shop": shop}) as service:
            yield service, proxy


async def test_what_is_checked_over_a_commit_is_told_by_the_preview(shop, superuser):
    await superuser.execute(
        "ALTER TABLE bench.orders ADD CONSTRAINT one_of_each UNIQUE (customer_id, ordered_on) DEFERRABLE"
        " INITIALLY DEFERRED"
    )
    twice = "UPDATE bench.orders SET customer_id = 1, ordered_on = '2026-01-02'"
    for commit in (False, True):
        with pytest.raises(QueryFailed, match="one_of_each"):
            await run(shop, twice, commit=commit)
