"""The workload by pg_stat_statements and indexes tried by hypopg, on Debian's PostgreSQL 15 with its extensions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import get_args

import pytest

from moorage.core.postgres.address import address_from_url
from moorage.databases.execution.running import Request
from moorage.databases.tuning.workload.top import Measure
from tests.extended.servers import Postgres15, running_postgres15
from tests.support.many_databases import FreshDatabase, fresh_database, open_service, superuser_of

EXTENSIONS = Path("/usr/share/postgresql/15/extension")
BUSY = 7
MANY_ROWS = """
INSERT INTO bench.orders (customer_id, total, ordered_on)
    SELECT 1 + n % 10, n, date '2026-01-01' + n % 400 FROM generate_series(1, 50000) AS n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres15]:
    with running_postgres15(shared_preload_libraries="pg_stat_statements") as running:
        yield running


@pytest.fixture
async def shop(server: Postgres15) -> AsyncIterator[FreshDatabase]:
    """A database with many orders, both extensions, and an owner who has asked for orders."""
    for name, package in (("hypopg", "postgresql-15-hypopg"), ("pg_stat_statements", "postgresql-contrib")):
        if not (EXTENSIONS / f"{name}.control").exists():
            pytest.skip(f"missing: apt-get install {package}")
    async with fresh_database(address_from_url(server.url)[0]) as made:
        superuser = await superuser_of(made)
        await superuser.execute(f"{MANY_ROWS} CREATE EXTENSION hypopg; CREATE SCHEMA watched")
        await superuser.execute(
            "CREATE EXTENSION pg_stat_statements SCHEMA watched; SELECT watched.pg_stat_statements_reset()"
        )
        await superuser.execute(f"GRANT USAGE ON SCHEMA watched TO {made.owner}; SET ROLE {made.owner}")
        for total in range(BUSY):
            await superuser.execute(f"SELECT * FROM bench.orders WHERE total = {total}")
        await superuser.close()
        yield made


async def test_an_index_is_advised_with_the_costs_before_and_after(shop):
    async with open_service({"shop": shop.as_owner()}, default="shop") as service:
        advised = await service.tuning.advise_indexes(None, "SELECT * FROM bench.orders WHERE total = 5")
        (advice,) = advised.advices
    assert advice.statement == 'CREATE INDEX CONCURRENTLY ON "bench"."orders" ("total");'
    assert advice.cost_before is not None
    assert advice.cost_after is not None
    assert advice.cost_after < advice.cost_before / 10


async def test_an_index_with_more_keys_makes_the_shorter_one_needless(shop):
    async with open_service({"shop": shop.as_owner()}, default="shop") as service:
        sql = "SELECT * FROM bench.orders WHERE customer_id = $1 ORDER BY ordered_on DESC LIMIT 10"
        (advice,) = (await service.tuning.advise_indexes(None, sql)).advices
    assert '("customer_id", "ordered_on" DESC)' in advice.statement
    assert advice.replaces == ("orders_by_customer",)


async def test_what_would_not_help_is_not_advised(shop):
    async with open_service({"shop": shop.as_owner()}, default="shop") as service:
        for sql in ("SELECT * FROM bench.orders WHERE state = 'open'", "SELECT count(*) FROM bench.sales"):
            assert not (await service.tuning.advise_indexes(None, sql)).advices


async def test_no_hypothetical_index_outlives_its_session(shop):
    async with open_service({"shop": shop.as_owner(pool_size=1)}, default="shop") as service:
        await service.tuning.advise_indexes(None, "SELECT * FROM bench.orders WHERE total = 5")
        plan = await service.tuning.explain_query(None, "SELECT * FROM bench.orders WHERE total = 5")
    assert plan.plan.top.kind == "Seq Scan"


async def test_the_workload_is_that_of_this_database_without_values(shop):
    async with open_service({"shop": shop.as_owner()}, default="shop") as service:
        for by in get_args(Measure):
            assert (await service.tuning.top_queries(None, by=by)).notice is None
        told = (await service.tuning.top_queries(None, by="rows", limit=50)).as_text()
    assert f"{BUSY} calls" in told
    assert "SELECT * FROM bench.orders WHERE total = $1" in told


async def test_statements_of_callers_are_in_the_workload(shop):
    """What is still open at a rollback is not counted by PostgreSQL, and theirs all end by one."""
    async with open_service({"shop": shop.as_owner(), "writable": shop.as_owner(readonly=False)}) as service:
        await service.run_query("shop", Request("SELECT 1 AS whole"))
        await service.run_query("shop", Request("SELECT n AS part FROM generate_series(1, 9) AS n", max_rows=2))
        await service.run_query("writable", Request("DELETE FROM bench.orders WHERE id = 0"))
    async with open_service({"shop": shop.as_owner()}) as service:
        told = (await service.tuning.top_queries("shop", by="calls", limit=50)).as_text()
    assert [text in told for text in ("AS whole", "AS part", "DELETE FROM bench.orders")] == [True] * 3


async def test_indexes_are_advised_from_the_workload(shop):
    async with open_service({"shop": shop.as_owner()}, default="shop") as service:
        advised = await service.tuning.advise_indexes(None)
    assert advised.advices[0].statement == 'CREATE INDEX CONCURRENTLY ON "bench"."orders" ("total");'


async def test_what_the_definition_hides_is_in_no_text(shop):
    async with open_service({"shop": shop.as_owner()}, default="shop") as service:
        assert "bench.orders" in (await service.tuning.top_queries(None, limit=50)).as_text()
    async with open_service({"shop": shop.as_owner(denied_tables=["orders"])}, default="shop") as service:
        told = (await service.tuning.top_queries(None, limit=50)).as_text()
    assert "bench.orders" not in told
    assert "not open to callers" in told
