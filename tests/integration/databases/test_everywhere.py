"""One read on many databases, and the comparison of two."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from moorage.core.postgres.pools import connected
from moorage.databases.errors import DatabaseNotFound, InvalidStatement, TooManyDatabases, WriteNotAllowed
from moorage.databases.execution.requests import Request
from moorage.databases.execution.writing import Format
from tests.support.many_databases import fresh_database, open_service
from tests.support.waiting import until


@pytest.fixture
async def service(bench):
    """Three ways into one database, of which one leads nowhere."""
    databases = {
        "one": bench.definition(tags=("shop",)),
        "two": bench.definition(tags=("shop",)),
        "gone": bench.definition(port=9),
    }
    async with open_service(databases, connect_seconds=2) as opened:
        yield opened


async def ask(service, sql, databases, **request) -> dict:
    gathered = await service.everywhere.run(databases, Request(sql, **request))
    return json.loads(gathered.as_text())


async def test_answers_with_the_same_columns_become_one_table(service):
    answer = await ask(service, "SELECT count(*) AS orders FROM bench.orders", ["tag:shop"])
    assert answer == {
        "answered": 2,
        "row_count": 2,
        "tables": [
            {"columns": ["database_id", "orders"], "types": ["text", "int8"], "rows": [["one", 100], ["two", 100]]}
        ],
    }


async def test_a_database_that_fails_is_told_with_its_code_and_costs_the_others_nothing(service):
    answer = await ask(service, "SELECT 1 AS n", ["*"])
    assert answer["tables"][0]["rows"] == [["one", 1], ["two", 1]]
    assert answer["failed"]["gone"].startswith("databases.unavailable: ")


async def test_answers_with_other_columns_become_another_table(address, bench):
    async with fresh_database(address) as other, connected(address, other.name) as connection:
        await connection.execute("DROP VIEW bench.sales; ALTER TABLE bench.customers DROP COLUMN email")
        async with open_service({"one": bench.definition(), "two": other.definition()}) as opened:
            answer = await ask(opened, "SELECT * FROM bench.customers WHERE id = 1", ["*"])
    assert [each["columns"] for each in answer["tables"]] == [
        ["database_id", "id", "name", "email", "created_at"],
        ["database_id", "id", "name", "created_at"],
    ]


async def test_parameters_and_the_limit_of_rows_hold_for_each_database(service):
    answer = await ask(service, "SELECT id FROM bench.orders WHERE id > $1 ORDER BY id", ["one", "two"],
                       parameters=[5], max_rows=1)  # fmt: skip
    assert answer["tables"][0]["rows"] == [["one", 6], ["two", 6]]
    assert answer["cut"] == ["one", "two"]
    assert "aggregate" in answer["notice"]


async def test_all_answers_share_the_limit_of_bytes(service):
    gathered = await service.everywhere.run(
        ["one", "two"], Request("SELECT repeat('x', 100) FROM bench.orders", max_bytes=4_000, max_rows=100)
    )
    assert len(gathered.as_text()) < 5_000


async def test_a_statement_that_writes_runs_nowhere(service):
    for sql in ("DELETE FROM bench.orders", "WITH gone AS (DELETE FROM bench.orders RETURNING 1) SELECT * FROM gone"):
        with pytest.raises(WriteNotAllowed):
            await ask(service, sql, ["*"])


async def test_what_is_no_statement_is_refused_once_and_not_by_each(service):
    with pytest.raises(InvalidStatement):
        await ask(service, "SELEC 1", ["*"])


async def test_databases_that_are_not_there_are_refused_before_any_is_asked(service):
    for names in (["one", "three"], ["tag:none"]):
        with pytest.raises(DatabaseNotFound):
            await ask(service, "SELECT 1", names)


async def test_more_databases_than_are_allowed_are_refused(bench):
    async with open_service({"a": bench.definition(), "b": bench.definition()}, max_databases=1) as few:
        with pytest.raises(TooManyDatabases):
            await ask(few, "SELECT 1", ["*"])


async def test_csv_has_one_head_and_what_failed_below(service):
    gathered = await service.everywhere.run(["one", "gone"], Request("SELECT 1 AS n", format=Format.CSV))
    table, told = gathered.as_text().split("\n\n")
    assert table == "database_id,n\none,1"
    assert json.loads(told)["failed"]["gone"].startswith("databases.unavailable")


async def test_a_database_that_hangs_does_not_keep_the_others_back(bench):
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        hangs = bench.definition(hostname="127.0.0.1", port=never_answers.getsockname()[1])
        async with open_service({"live": bench.definition(), "hangs": hangs}, everywhere_seconds=0.5) as opened:
            answer = await ask(opened, "SELECT 1 AS n", ["*"])
    assert answer["tables"][0]["rows"] == [["live", 1]]
    assert answer["failed"]["hangs"].startswith("databases.timeout: ")


async def test_cancelling_the_call_ends_the_statement_in_every_database(bench, superuser):
    databases = {name: bench.definition(limits={"lock_seconds": 60}) for name in ("one", "two")}

    async def wait_there(count: int) -> bool:
        ungranted = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'bench.orders'::regclass"
        return await superuser.fetchval(ungranted) == count

    async with open_service(databases) as opened, superuser.transaction():
        await superuser.execute("LOCK TABLE bench.orders IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(ask(opened, "SELECT count(*) FROM bench.orders", ["*"]))
        await until(lambda: wait_there(2))
        running.cancel()
        await until(lambda: wait_there(0))
        with pytest.raises(asyncio.CancelledError):
            await running


async def compare(service, **changes) -> list[str]:
    lines = await service.comparison.compare("left", "right", changes.get("schema"))
    return lines.splitlines()


@pytest.fixture
async def pair(address):
    """Two databases that are made alike, each with a connection of its owner's, and a service over both."""
    async with fresh_database(address, rows=False) as left, fresh_database(address, rows=False) as right:
        databases = {"left": left.as_superuser(), "right": right.as_superuser()}
        async with open_service(databases) as opened:
            yield opened, right


async def test_databases_that_are_alike_have_no_differences(pair):
    service, _ = pair
    assert await compare(service) == ["left (-) and right (+): no differences"]
    nothing = await compare(service, schema="bnech")
    assert nothing == ["left (-) and right (+) in schema bnech: nothing to compare, on neither side"]


async def test_differences_are_told_a_line_each(pair, address):
    service, right = pair
    async with connected(address, right.name) as connection:
        for change in (
            "DROP VIEW bench.sales",
            "ALTER TABLE bench.orders ALTER total TYPE numeric(10, 2), DROP COLUMN notes",
            "ALTER TYPE bench.state ADD VALUE 'lost'",
            "CREATE TABLE bench.audit (id int PRIMARY KEY)",
            "DROP INDEX bench.orders_by_customer",
        ):
            await connection.execute(change)
    assert await compare(service, schema="bench") == [
        "left (-) and right (+) in schema bench: 6 differences",
        "~ enum bench.state: 'open', 'paid', 'sent'  =>  'open', 'paid', 'sent', 'lost'",
        "+ table bench.audit",
        "- column bench.orders.notes: jsonb",
        "~ column bench.orders.total: numeric(12,2) NOT NULL  =>  numeric(10,2) NOT NULL",
        (
            "- index bench.orders.orders_by_customer:"
            " CREATE INDEX orders_by_customer ON bench.orders USING btree (customer_id)"
        ),
        "- view bench.sales",
    ]


async def test_what_the_rules_of_a_database_hide_is_not_compared(bench):
    databases = {"left": bench.as_superuser(), "right": bench.as_superuser(denied_tables=("bench.customers",))}
    async with open_service(databases) as opened:
        lines = await compare(opened)
    assert lines[1:] == ["- table bench.customers"]


async def test_what_names_hidden_tables_and_schemas_is_not_told_either(pair, address):
    service, right = pair
    rules = {"denied_tables": ["bench.customers", "bench.*_seq"], "denied_schemas": ["vault"]}
    async with connected(address, right.name) as connection:
        for change in (
            "CREATE SCHEMA vault",
            "CREATE FUNCTION vault.code() RETURNS int LANGUAGE sql RETURN 4711",
            "CREATE TYPE vault.grade AS ENUM ('secret')",
            "CREATE SEQUENCE bench.further_seq",
            (
                "CREATE OR REPLACE VIEW bench.sales AS"
                " SELECT id AS customer_id, name, id AS orders, 0::numeric AS total FROM bench.customers"
            ),
            "ALTER TABLE bench.orders DROP CONSTRAINT orders_customer_id_fkey",
        ):
            await connection.execute(change)
    assert len(await compare(service)) == 6
    databases = {each.id: each.definition.model_copy(update=rules) for each in await service.catalog.all()}
    async with open_service(databases) as limited:
        assert await compare(limited) == ["left (-) and right (+): no differences"]
