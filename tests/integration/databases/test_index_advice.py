"""Without extensions, advice on indexes stands on statistics and says so; the workload is what runs now."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.postgres.pools import connected
from moorage.databases.errors import InvalidStatement, StatementRefused
from tests.support.many_databases import open_service
from tests.support.waiting import until

MANY_ROWS = """
INSERT INTO bench.orders (customer_id, total, ordered_on)
    SELECT 1 + n % 10, n, date '2026-01-01' + n % 400 FROM generate_series(1, 20000) AS n;
ANALYZE;
"""
RUNNING = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%secret-word%' AND pid <> pg_backend_pid())"


@pytest.fixture
async def tuning(bench, superuser):
    """The use cases over a database with many orders, as its owner."""
    await superuser.execute(MANY_ROWS)
    async with open_service({"shop": bench.as_owner()}, default="shop") as service:
        yield service.tuning


async def test_a_statement_that_reads_a_large_table_whole_is_given_an_index(tuning, superuser):
    advised = await tuning.advise_indexes(None, "SELECT * FROM bench.orders WHERE total = $1 AND state = 'open'")
    (advice,) = advised.advices
    assert advice.statement.startswith('CREATE INDEX CONCURRENTLY ON "bench"."orders" ("total"')
    assert advice.cost_after is None
    assert "not tested" in advised.as_text()
    assert await superuser.fetchval("SELECT count(*) FROM pg_indexes WHERE schemaname = 'bench'") == 4


async def test_the_statement_that_is_advised_can_be_run(tuning, superuser):
    for sql in (
        "SELECT * FROM bench.orders WHERE total = 5",
        "SELECT * FROM bench.orders ORDER BY total DESC LIMIT 3",
        "SELECT * FROM bench.orders WHERE notes @> '{}'",
        "UPDATE bench.orders SET total = 0 WHERE ordered_on = '2026-02-02'",
    ):
        for advice in (await tuning.advise_indexes(None, sql)).advices:
            await superuser.execute(advice.statement)
    assert await superuser.fetchval("SELECT count(*) FROM pg_indexes WHERE schemaname = 'bench'") > 4


async def test_a_partitioned_table_is_given_an_index_that_can_be_built_on_it(tuning, superuser):
    await superuser.execute("""
        CREATE TABLE bench.visits (customer_id int, day date) PARTITION BY RANGE (day);
        CREATE TABLE bench.visits_1 PARTITION OF bench.visits FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
        CREATE TABLE bench.visits_2 PARTITION OF bench.visits FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
        INSERT INTO bench.visits SELECT n % 5000, date '2026-01-01' + n % 300 FROM generate_series(1, 20000) AS n;
        ANALYZE bench.visits;
        GRANT SELECT ON bench.visits TO PUBLIC;
    """)
    advised = await tuning.advise_indexes(None, "SELECT * FROM bench.visits WHERE customer_id = 7")
    (advice,) = advised.advices
    assert advice.statement == 'CREATE INDEX ON "bench"."visits" ("customer_id");'
    await superuser.execute(advice.statement)


async def test_a_statement_that_an_index_serves_is_given_none(tuning):
    told = (await tuning.advise_indexes(None, "SELECT * FROM bench.orders WHERE id = 5")).as_text()
    assert told.startswith("No index found that would help.")


async def test_a_statement_that_no_policy_allows_is_given_none(tuning):
    with pytest.raises(StatementRefused):
        await tuning.advise_indexes(None, "SELECT pg_sleep(1)")
    with pytest.raises(InvalidStatement):
        await tuning.advise_indexes(None, "SELECT FROM WHERE")


async def test_without_statistics_of_statements_the_way_to_them_is_told(tuning):
    assert "CREATE EXTENSION pg_stat_statements" in (await tuning.top_queries(None)).as_text()
    assert "CREATE EXTENSION pg_stat_statements" in (await tuning.advise_indexes(None)).as_text()


async def test_a_view_that_somebody_named_like_the_extension_is_not_read(tuning, superuser):
    await superuser.execute(
        "CREATE VIEW public.pg_stat_statements AS SELECT 1 / 0 AS calls; GRANT SELECT ON pg_stat_statements TO PUBLIC"
    )
    assert (await tuning.top_queries(None)).notice is not None


async def test_what_runs_now_is_told_without_its_values(bench, superuser):
    async with connected(bench.address, bench.name) as busy:
        running = asyncio.create_task(busy.execute("SELECT pg_sleep(60) WHERE 'secret-word' <> ''"))
        await until(lambda: superuser.fetchval(RUNNING))
        async with open_service({"shop": bench.as_superuser()}, default="shop") as service:
            told = (await service.tuning.top_queries(None)).as_text()
        await superuser.execute(f"SELECT pg_cancel_backend({busy.get_server_pid()})")
        await asyncio.gather(running, return_exceptions=True)
    assert "SELECT pg_sleep($1) WHERE $2 <> $3" in told
    assert "secret-word" not in told
