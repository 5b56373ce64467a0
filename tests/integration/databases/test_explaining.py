"""Statements are explained without being run; only what reads may run, and leaves nothing behind."""

from __future__ import annotations

import json

import pytest

from moorage.databases.definitions import RdsDataApi, StatementKind
from moorage.databases.errors import AnswerTooLarge, InvalidStatement, QueryFailed, StatementRefused, WriteNotAllowed
from tests.support.data_api_double import CLUSTER, SECRET, data_api
from tests.support.many_databases import open_service

MANY_ROWS = """
INSERT INTO bench.orders (customer_id, total) SELECT 1 + n % 10, n FROM generate_series(1, 20000) AS n;
ANALYZE bench.orders;
"""
WRITES = (
    "INSERT INTO bench.orders (customer_id, total) VALUES (1, 5)",
    "UPDATE bench.orders SET total = 0",
    "DELETE FROM bench.orders",
    "MERGE INTO bench.orders AS o USING bench.customers AS c ON o.customer_id = c.id WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM bench.orders RETURNING id) SELECT * FROM gone",
)
REFUSED = (
    "SELECT pg_sleep(1)",
    "CREATE TABLE bench.x (a int)",
    "SELECT * INTO bench.x FROM bench.orders",
    "TRUNCATE bench.orders",
)


@pytest.fixture
async def tuning(bench):
    """The use cases over one database that is only read, by the role that owns it."""
    async with open_service({"shop": bench.as_owner()}, default="shop") as service:
        yield service.tuning


async def test_a_read_is_planned_with_its_warnings(tuning, superuser):
    await superuser.execute(MANY_ROWS)
    told = (await tuning.explain_query(None, "SELECT * FROM bench.orders WHERE total = 5")).as_text()
    assert "planned only" in told
    assert "Seq Scan on orders" in told
    assert "! reads all 20,100 rows of orders to keep" in told


async def test_json_holds_the_plan_of_postgresql_and_the_warnings(tuning):
    told = json.loads((await tuning.explain_query("shop", "SELECT * FROM bench.orders")).as_json())
    assert told["plan"]["Plan"]["Relation Name"] == "orders"
    assert told["warnings"] == []


async def test_writes_are_planned_and_never_run(tuning, superuser):
    for sql in WRITES:
        assert "ModifyTable" in (await tuning.explain_query(None, sql)).as_text()
        with pytest.raises(WriteNotAllowed):
            await tuning.explain_query(None, sql, analyze=True)
    assert await superuser.fetchval("SELECT count(*) FROM bench.orders WHERE total > 0") == 100


async def test_a_write_is_never_run_where_writing_is_allowed_either(bench, superuser):
    definition = bench.as_owner(readonly=False, writes=[StatementKind.DELETE])
    async with open_service({"shop": definition}, default="shop") as service:
        with pytest.raises(WriteNotAllowed):
            await service.tuning.explain_query(None, "DELETE FROM bench.orders", analyze=True)
    assert await superuser.fetchval("SELECT count(*) FROM bench.orders") == 100


async def test_what_no_policy_allows_is_not_even_planned(tuning):
    for sql in REFUSED:
        with pytest.raises((StatementRefused, WriteNotAllowed)):
            await tuning.explain_query(None, sql)


async def test_a_read_that_is_run_tells_what_came(tuning):
    told = (await tuning.explain_query(None, "SELECT * FROM bench.orders WHERE id < 11", analyze=True)).as_text()
    assert told.startswith("ran ")
    assert "10 came" in told


async def test_values_lead_to_the_plan_for_them(tuning):
    told = await tuning.explain_query(None, "SELECT * FROM bench.orders WHERE id = $1", [7])
    assert "(id = '7'::bigint)" in told.as_text()


async def test_without_values_the_plan_for_any_is_told(tuning):
    told = (await tuning.explain_query(None, "SELECT * FROM bench.orders WHERE id = $1 AND total > $2")).as_text()
    assert "id = $1" in told
    assert "planned for any values" in told


async def test_a_failing_plan_leaves_no_prepared_statement_behind(tuning):
    for sql in ("SELECT * FROM bench.gone WHERE id = $1", "SELECT $1 / 0 FROM bench.orders WHERE id = $2::int"):
        with pytest.raises((QueryFailed, StatementRefused)):
            await tuning.explain_query(None, sql + " AND nothing")
    left = await tuning.explain_query(None, "SELECT * FROM pg_catalog.pg_prepared_statements", analyze=True)
    assert left.plan.top.ran_rows == 0


async def test_explain_inside_the_statement_is_refused_with_the_way_out(tuning):
    with pytest.raises(InvalidStatement) as refused:
        await tuning.explain_query(None, " explain analyze SELECT 1")
    assert "analyze=true" in refused.value.hint


async def test_a_plan_larger_than_an_answer_may_be_is_refused(bench):
    definition = bench.definition(limits={"bytes": 1_000, "max_bytes": 1_000})
    async with open_service({"shop": definition}, default="shop") as service:
        with pytest.raises(AnswerTooLarge):
            await service.tuning.explain_query(None, "SELECT * FROM bench.sales NATURAL JOIN bench.customers")


async def test_a_plan_that_reaches_hidden_tables_by_a_view_is_told_without_names(bench):
    definition = bench.as_owner(denied_tables=["bench.orders"])
    async with open_service({"shop": definition}, default="shop") as service:
        told = await service.tuning.explain_query(None, "SELECT * FROM bench.sales")
        open_one = await service.tuning.explain_query(None, "SELECT * FROM bench.customers WHERE id = 1")
    for text in (told.as_text(), told.as_json()):
        assert "orders" not in text
        assert "customer_id" not in text
    assert "Seq Scan" in told.as_text()
    assert "customers" in open_one.as_text()


async def test_it_is_the_same_by_the_data_api(bench, monkeypatch):
    async with data_api(bench.address, user=bench.owner, password=bench.password) as double:
        for name, value in (("ENDPOINT_URL", double.url), ("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "key")):
            monkeypatch.setenv(f"AWS_{name}", value)
        definition = RdsDataApi(type="rds_data_api", resource_arn=CLUSTER, secret_arn=SECRET, database=bench.name)
        async with open_service({"shop": definition}, default="shop") as service:
            planned = await service.tuning.explain_query(None, "DELETE FROM bench.orders WHERE id = $1")
            ran = await service.tuning.explain_query(
                None, "SELECT * FROM bench.orders WHERE id < $1", [5], analyze=True
            )
            (asked,) = await service.tuning.database_health()
    assert "id = $1" in planned.as_text()
    assert ran.plan.top.ran_rows == 4
    assert asked.result is not None
    assert asked.result.unchecked == ()
