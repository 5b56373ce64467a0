"""What every way to a database does alike, whether PostgreSQL's own protocol or Amazon's Data API.

Where they differ, the test says so, and `docs/how-to/use-the-rds-data-api.md` says it to operators.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import Connection, connected
from moorage.databases.connectors.connections import Connections
from moorage.databases.connectors.session import Connector, Session, Terms
from moorage.databases.definitions import Database, DirectPostgres, Origin, RdsDataApi
from moorage.databases.errors import (
    AnswerTooLarge,
    DatabaseBusy,
    DatabaseLoginRefused,
    InvalidParameter,
    QueryFailed,
    QueryTookTooLong,
    WriteNotAllowed,
)
from moorage.databases.models import RawJson
from moorage.databases.settings import SqlSettings
from tests.support.data_api_double import CLUSTER, SECRET, data_api
from tests.support.many_databases import FreshDatabase, fresh_database
from tests.support.waiting import soon, until

KINDS = ("direct_postgres", "rds_data_api")
READING = Terms()
WRITING = Terms(read_only=False)
# Every form a cell may have: an expression, its type, and the cell; None where the cell is PostgreSQL's own text.
VALUES = (
    ("1::int2", "int2", 1),
    ("-2::int4", "int4", -2),
    ("9007199254740992::int8", "int8", 9007199254740992),
    ("9007199254740993::int8", "int8", "9007199254740993"),
    ("16384::oid", "oid", 16384),
    ("1.10::numeric", "numeric", "1.10"),
    ("'NaN'::numeric", "numeric", "NaN"),
    ("0.1::float4", "float4", 0.1),
    ("1e300::float8", "float8", 1e300),
    ("'-Infinity'::float8", "float8", "-Infinity"),
    ("'NaN'::float8", "float8", "NaN"),
    ("true", "bool", True),
    ("false", "bool", False),
    ("NULL::int4", "int4", None),
    ("''::text", "text", ""),
    (r"""E'a "b" \\ c,\n(d) é :x $1'::text""", "text", 'a "b" \\ c,\n(d) é :x $1'),
    ("'NULL'::varchar", "varchar", "NULL"),
    ("'x'::char(3)", "bpchar", "x  "),
    ("'n'::name", "name", "n"),
    ("'c'::\"char\"", "char", "c"),
    ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", "uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ("'infinity'::date", "date", "infinity"),
    ("'0044-03-15 BC'::date", "date", "0044-03-15 BC"),
    ("'24:00:00'::time", "time", "24:00:00"),
    ("'12:00:00.123456+02'::timetz", "timetz", "12:00:00.123456+02"),
    ("'2026-01-31 23:59:59.999999'::timestamp", "timestamp", "2026-01-31 23:59:59.999999"),
    ("'2026-01-31 23:59:59+02'::timestamptz", "timestamptz", None),
    ("'infinity'::timestamptz", "timestamptz", "infinity"),
    ("'1 year 2 days 03:04:05.6'::interval", "interval", "1 year 2 days 03:04:05.6"),
    (r"'\x00ff'::bytea", "bytea", "\\x00ff"),
    ("""'{"b": 1.00, "a": 12345678901234567890}'::jsonb""", "jsonb", RawJson('{"a": 12345678901234567890, "b": 1.00}')),
    ("""'{"a":1,  "a":2}'::json""", "json", RawJson('{"a":1,  "a":2}')),
    ("'null'::jsonb", "jsonb", RawJson("null")),
    ("'{1,NULL,-3}'::int4[]", "int4[]", [1, None, -3]),
    ("""ARRAY['a,b', '', 'NULL', NULL, '"{}']""", "text[]", ["a,b", "", "NULL", None, '"{}']),
    ("'{{1.10,2},{3,NaN}}'::numeric[]", "numeric[]", [["1.10", "2"], ["3", "NaN"]]),
    ("'[0:1]={1,2}'::int4[]", "int4[]", "[0:1]={1,2}"),
    ("'{t,f}'::bool[]", "bool[]", [True, False]),
    ("ARRAY['{\"a\": 1}'::jsonb, NULL]", "jsonb[]", RawJson('[{"a": 1},null]')),
    ("'{}'::text[]", "text[]", []),
    ("'[1,5)'::int4range", "int4range", "[1,5)"),
    ("'{[1,3),[5,7)}'::int4multirange", "int4multirange", "{[1,3),[5,7)}"),
    ("'(,infinity]'::tstzrange", "tstzrange", "(,infinity]"),
    ("'10.0.0.1/8'::inet", "inet", "10.0.0.1/8"),
    ("'10.0.0.0/8'::cidr", "cidr", "10.0.0.0/8"),
    ("'08:00:2b:01:02:03'::macaddr", "macaddr", "08:00:2b:01:02:03"),
    ("B'101'", "bit", "101"),
    ("'(1,2)'::point", "point", "(1,2)"),
    ("'(1,2),(0,1)'::box", "box", "(1,2),(0,1)"),
    ("'a:1 b:2'::tsvector", "tsvector", "'a':1 'b':2"),
    ("ROW(1, 'a b', NULL)", "record", '(1,"a b",)'),
    ("'paid'::bench.state", "bench.state", "paid"),
    ("ARRAY['paid'::bench.state]", "bench.state[]", ["paid"]),
    ("ROW(7, 'x')::bench.pair", "bench.pair", "(7,x)"),
    ("5::bench.small", "int4", 5),
    ("'bench.orders'::regclass", "regclass", "bench.orders"),
    ("'16/B374D848'::pg_lsn", "pg_lsn", "16/B374D848"),
)
# Text or JSON as callers give it, the type it is for, and what comes back as text.
PARAMETERS = (
    (7, "int4", "7"),
    (9007199254740993, "int8", "9007199254740993"),
    ("1.10", "numeric", "1.10"),
    (0.1, "float8", "0.1"),
    (True, "bool", "true"),
    (None, "text", None),
    ("a 'b' \\ :x $1 é", "text", "a 'b' \\ :x $1 é"),
    ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ("2026-01-31", "date", "2026-01-31"),
    ("infinity", "timestamptz", "infinity"),
    ("\\x00ff", "bytea", "\\x00ff"),
    ({"a": [1, None]}, "jsonb", '{"a": [1, null]}'),
    ([1, 2], "jsonb", "[1, 2]"),
    ([1, None], "int4[]", "{1,NULL}"),
    (['a "b"', "c,d", None], "text[]", '{"a \\"b\\"","c,d",NULL}'),
    ("[1,5)", "int4range", "[1,5)"),
    ("paid", "bench.state", "paid"),
)
_TYPES = """
CREATE TYPE bench.pair AS (n int, t text);
CREATE DOMAIN bench.small AS int4 CHECK (VALUE < 10);
CREATE SCHEMA shadows;
GRANT USAGE ON SCHEMA shadows TO public;
CREATE TYPE shadows.text AS ENUM ('never');
CREATE FUNCTION shadows.unnest(oid[]) RETURNS SETOF oid LANGUAGE sql AS 'SELECT NULL::oid';
CREATE FUNCTION shadows.json_build_array(VARIADIC "any") RETURNS json LANGUAGE internal AS 'json_build_array_noargs';
"""


@dataclass(frozen=True)
class Way:
    """A connector under test, to the database whose owner it logs in as."""

    definition: DirectPostgres | RdsDataApi
    connector: Connector
    database: FreshDatabase

    @property
    def kind(self) -> str:
        return self.definition.type

    async def read(self, sql: str, *parameters: Any, terms: Terms = READING) -> list[list[Any]]:
        async with self.connector.session(terms) as session:
            return await _all_of(session, sql, *parameters)


@pytest.fixture(scope="module")
def database(address: Address) -> Iterator[FreshDatabase]:
    """One for all tests here: what they write is rolled back, or of a table of their own."""
    with asyncio.Runner() as runner:
        making = fresh_database(address)
        made = runner.run(making.__aenter__())
        runner.run(_add_types(made))
        yield made
        runner.run(making.__aexit__(None, None, None))


@pytest.fixture(params=KINDS)
async def way(
    request: pytest.FixtureRequest, database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Way]:
    connections = Connections(SqlSettings(wait_seconds=0.2))
    definition = database.as_owner(pool_size=2)
    if request.param == "direct_postgres":
        yield Way(definition, await _connector(connections, definition), database)
        await connections.close()
        return
    async with data_api(database.address, user=database.owner, password=database.password) as double:
        for name, value in (("ENDPOINT_URL", double.url), ("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "key")):
            monkeypatch.setenv(f"AWS_{name}", value)
        described = RdsDataApi(
            type="rds_data_api", resource_arn=CLUSTER, secret_arn=SECRET, database=database.name, pool_size=2
        )
        yield Way(described, await _connector(connections, described), database)
        await connections.close()


async def test_every_value_comes_exactly_and_with_its_type(way):
    columns = ", ".join(expression for expression, _, _ in VALUES)
    texts = await way.read(f"SELECT {', '.join(f'({expression})::text' for expression, _, _ in VALUES)}")
    async with way.connector.session(READING) as session:
        cursor = await session.open(f"SELECT {columns}", ())
        rows = await cursor.fetch(10)
    assert [column.type for column in cursor.columns] == [type_name for _, type_name, _ in VALUES]
    wanted = [
        text if cell is None and text is not None else cell for (_, _, cell), text in zip(VALUES, texts[0], strict=True)
    ]
    assert rows == [wanted]
    assert list(map(type, rows[0])) == list(map(type, wanted))


async def test_columns_have_their_names_also_when_two_are_equal_and_no_row_comes(way):
    async with way.connector.session(READING) as session:
        cursor = await session.open('SELECT 1 AS a, 2 AS a, 3, \'x\' AS "B ""c""" FROM bench.orders LIMIT 0', ())
        assert await cursor.fetch(5) == []
    assert [(column.name, column.type) for column in cursor.columns] == [
        ("a", "int4"),
        ("a", "int4"),
        ("?column?", "int4"),
        ('B "c"', "text"),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM bench.orders ORDER BY id LIMIT 1",
        "SELECT id, customer_id, state, total, notes, ordered_on FROM bench.orders WHERE id = 1;",
        "WITH o AS (TABLE bench.orders) SELECT (o).* FROM o ORDER BY 1 LIMIT 1 -- the first",
        "/* ; */ ; (SELECT * FROM bench.orders ORDER BY id LIMIT 1)",
    ],
)
async def test_a_query_may_be_written_in_any_way(way, sql):
    assert await way.read(sql) == [[1, 2, "paid", "1.50", RawJson('{"line": 1}'), "2026-01-02"]]


async def test_a_query_of_no_columns_gives_rows_without_cells(way):
    assert await way.read("SELECT FROM generate_series(1, 2)") == [[], []]


async def test_a_column_named_like_the_relation_is_no_matter(way):
    assert await way.read("SELECT 1 AS statement, 2 AS answer") == [[1, 2]]


@pytest.mark.parametrize("is_cast", [True, False], ids=["cast by the statement", "understood by PostgreSQL"])
async def test_parameters_arrive_as_what_they_are_for(way, is_cast):
    wanted = [text for _, _, text in PARAMETERS]
    places = [f"${n}::{name}" if is_cast else f"${n}" for n, (_, name, _) in enumerate(PARAMETERS, 1)]
    # In a place whose type is known the parameter takes that type.
    known = [f"coalesce({place}, NULL::{name})::text" for place, (_, name, _) in zip(places, PARAMETERS, strict=True)]
    assert await way.read(f"SELECT {', '.join(known)}", *(value for value, _, _ in PARAMETERS)) == [wanted]


async def test_what_looks_like_a_parameter_in_text_stays_as_it_is(way):
    sql = """SELECT '$1 :a', $$ $2 :b $$, "c:d $3", (ARRAY[1,2,3])[1:n], $1 -- $4 :e
        FROM (SELECT 1 AS "c:d $3", 2 AS n) AS t /* :f $5 */"""
    assert await way.read(sql, "x") == [["$1 :a", " $2 :b ", 1, [1, 2], "x"]]


@pytest.mark.parametrize("parameters", [(), (1, 2), ("no number",)], ids=["too few", "too many", "of another kind"])
async def test_parameters_that_do_not_fit_are_refused(way, parameters):
    with pytest.raises(InvalidParameter):
        await way.read("SELECT $1::int", *parameters)


async def test_an_answer_is_read_in_pieces(way):
    async with way.connector.session(READING) as session:
        cursor = await session.open("SELECT n FROM generate_series(1, 2500) AS n", ())
        sizes = [len(await cursor.fetch(limit)) for limit in (1, 999, 1_000, 1_000, 1_000)]
    assert sizes == [1, 999, 1_000, 500, 0]


async def test_much_more_than_the_api_gives_at_once_comes_whole_and_in_order(way):
    async with way.connector.session(READING) as session:
        cursor = await session.open("SELECT n, repeat('x', 50000) FROM generate_series(1, 60) AS n", ())
        rows = await cursor.fetch(100)
    assert [row[0] for row in rows] == list(range(1, 61))
    assert cursor.bytes_received > 60 * 50_000


async def test_a_row_that_no_answer_can_carry_is_told_as_such(way):
    # The Data API carries 1 MiB, and PostgreSQL's own protocol what we allow it: 32 MiB.
    size = {"direct_postgres": 40_000_000, "rds_data_api": 1_100_000}[way.kind]
    with pytest.raises(AnswerTooLarge):
        await way.read("SELECT repeat('x', $1::int)", size)


@pytest.mark.parametrize(
    ("sql", "sqlstate", "place"),
    [
        ("SELECT 1,\n  nowhere", "42703", (2, 3)),
        ("SELECT * FROM bench.nothing", "42P01", (1, 15)),
        ("SELECT 1 / (id - 1) FROM bench.orders", "22012", None),
        ("SELECT 'x'::int", "22P02", (1, 8)),
    ],
)
async def test_errors_have_their_sqlstate_and_place(way, sql, sqlstate, place):
    with pytest.raises(QueryFailed) as caught:
        await way.read(sql)
    details = caught.value.details
    assert (details["sqlstate"], details.get("line") and (details["line"], details["column"])) == (sqlstate, place)


async def test_a_read_only_transaction_cannot_be_made_to_write(way):
    for sql in ("SET TRANSACTION READ WRITE", "INSERT INTO bench.customers (id, name) VALUES (99, 'x')"):
        async with way.connector.session(READING) as session:
            await session.fetch("SELECT 1 AS one")
            with pytest.raises((QueryFailed, WriteNotAllowed)):
                await _all_of(session, sql)


async def test_the_terms_hold(way):
    terms = Terms(lock_seconds=1.5, work_memory_bytes=1024 * 1024, search_path=("bench", "pg_catalog"))
    settings = ("transaction_read_only", "statement_timeout", "lock_timeout", "work_mem")
    shown = ", ".join(f"current_setting('{name}')" for name in settings)
    rows = await way.read(f"SELECT {shown}, current_schemas(false)", terms=terms)
    assert rows == [["on", "30s", "1500ms", "1MB", ["bench", "pg_catalog"]]]


async def test_names_that_hide_those_of_postgresql_change_nothing(way):
    terms = Terms(search_path=("shadows", "pg_catalog"))
    assert await way.read("SELECT n, 'x'::pg_catalog.text FROM (VALUES (1)) AS t (n)", terms=terms) == [[1, "x"]]


async def test_statements_run_as_the_role_named(way):
    async with connected(way.database.address, "postgres") as admin:
        await admin.execute(f"GRANT {way.database.reader} TO {way.database.owner}")
    assert await way.read("SELECT current_user::text", terms=Terms(role=way.database.reader)) == [[way.database.reader]]


async def test_a_statement_that_takes_too_long_ends(way):
    with pytest.raises(QueryTookTooLong):
        await way.read("SELECT pg_sleep(30)", terms=Terms(statement_seconds=0.05))


async def test_what_is_not_committed_is_rolled_back(way):
    async with way.connector.session(WRITING) as session:
        await (await session.open("UPDATE bench.orders SET total = 0 WHERE id = $1", [1])).fetch(1)
    assert await way.read("SELECT total FROM bench.orders WHERE id = 1") == [["1.50"]]


async def test_what_is_committed_stays(way):
    async with way.connector.session(WRITING) as session:
        cursor = await session.open("INSERT INTO bench.customers (id, name) VALUES (1000, $1)", ["kept"])
        await cursor.fetch(1)
        await session.commit()
    assert await way.read("DELETE FROM bench.customers WHERE id = 1000 RETURNING name", terms=WRITING) == [["kept"]]
    async with connected(way.database.address, way.database.name) as superuser:
        await superuser.execute("DELETE FROM bench.customers WHERE id = 1000")


@pytest.mark.parametrize(
    ("sql", "rows", "affected"),
    [
        ("UPDATE bench.orders SET notes = NULL WHERE id <= 3", [], 3),
        ("DELETE FROM bench.orders WHERE id <= 2 RETURNING id, total", [[1, "1.50"], [2, "3.00"]], 2),
        ("INSERT INTO bench.customers (id, name) SELECT 50 + n, 'c' || n FROM generate_series(1, 4) AS n", [], 4),
    ],
)  # fmt: skip
async def test_writes_say_how_many_rows_they_concern(way, sql, rows, affected):
    async with way.connector.session(WRITING) as session:
        cursor = await session.open(sql, ())
        assert await cursor.fetch(100) == rows
        assert cursor.rows_affected == affected


async def test_a_transaction_that_failed_cannot_be_committed(way):
    async with way.connector.session(WRITING) as session:
        with pytest.raises(QueryFailed):
            await session.fetch("SELECT 1 / 0")
        with pytest.raises(QueryFailed):
            await session.commit()


async def test_cancelling_the_task_ends_the_statement_in_postgresql(way):
    task = asyncio.create_task(way.read("SELECT pg_sleep(30) AS cancelled_here"))
    async with _superuser(way) as superuser:
        await until(lambda: _runs(superuser, way))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await soon(task)
        await until(lambda: _runs_nothing(superuser, way))
    assert await way.read("SELECT 1") == [[1]]


async def test_more_transactions_than_the_pool_has_wait_and_are_refused(way):
    async with way.connector.session(READING), way.connector.session(READING):
        with pytest.raises(DatabaseBusy):
            async with way.connector.session(READING):
                pass


async def test_a_transaction_that_is_only_held_gives_way(way):
    wanted = asyncio.Event()

    async def hold(opened: asyncio.Event) -> None:
        async with way.connector.session(READING) as session:
            session.lend_until(wanted.set)
            opened.set()
            await wanted.wait()

    opened = asyncio.Event()
    holding = asyncio.create_task(hold(opened))
    await soon(opened.wait())
    async with way.connector.session(READING), way.connector.session(READING):
        assert wanted.is_set()
    await soon(holding)


async def test_statements_of_ours_run_with_rows_by_name_and_by_place(way):
    async with way.connector.session(READING) as session:
        rows = await session.fetch("SELECT n::int8 AS n, $1::text AS t FROM generate_series(1, $2::int) AS n", "x", 2)
        row = await session.fetchrow(
            "SELECT to_json($1::text[])::text AS names, $2::bool AS is_so, NULL::int4 AS none", ["a", "b"], True
        )
        nothing = await session.fetchrow("SELECT 1 AS one WHERE false")
    assert [dict(row) for row in rows] == [{"n": 1, "t": "x"}, {"n": 2, "t": "x"}]
    assert (row["names"], row[1], row["none"], list(row)) == ('["a","b"]', True, None, ['["a","b"]', True, None])
    assert nothing is None


async def test_explain_and_show_are_answered(way):
    assert await way.read("SHOW transaction_read_only") == [["on"]]
    plan = await way.read("EXPLAIN (COSTS OFF) SELECT * FROM bench.orders WHERE id = $1", 5)
    assert plan[0] == ["Index Scan using orders_pkey on orders"] or plan[0] == ["Seq Scan on orders"]


async def test_a_database_that_is_not_there_is_told_as_a_refused_login(way):
    connections = Connections(SqlSettings())
    gone = await _connector(connections, way.definition.model_copy(update={"database": "nowhere"}))
    with pytest.raises(DatabaseLoginRefused):
        async with gone.session(READING):
            pass
    await connections.close()


async def _all_of(session: Session, sql: str, *parameters: Any) -> list[list[Any]]:
    return await (await session.open(sql, parameters)).fetch(1_000)


async def _connector(connections: Connections, definition: Any) -> Connector:
    return await connections.to(Database(id="bench", definition=definition, origin=Origin.FILE))


async def _add_types(database: FreshDatabase) -> None:
    async with connected(database.address, database.name) as superuser:
        await superuser.execute(_TYPES)


def _superuser(way: Way) -> Any:
    return connected(way.database.address, way.database.name)


async def _runs(superuser: Connection, way: Way) -> bool:
    return bool(await _running(superuser, way))


async def _runs_nothing(superuser: Connection, way: Way) -> bool:
    return not await _running(superuser, way)


async def _running(superuser: Connection, way: Way) -> int:
    # The statement of a cursor shows as FETCH.
    return await superuser.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = $2 AND state = 'active'"
        " AND wait_event = 'PgSleep'",
        way.database.name,
        way.database.owner,
    )
