"""Saved queries: read from a file with every problem named, run with typed parameters, and only where they may."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from moorage.core.errors import InvalidInput
from moorage.core.mcp.arguments import read_arguments
from moorage.databases.errors import (
    DatabaseNotFound,
    DatabaseNotNamed,
    InvalidDefinition,
    QueryNotForDatabase,
    SavedQueryNotFound,
    WriteNotAllowed,
)
from moorage.databases.opening import open_databases
from moorage.databases.saved.compiling import ready
from moorage.databases.settings import DatabasesSettings, SqlSettings
from moorage.databases.sources.configuration import Configuration
from moorage.databases.sources.queries import read_queries
from moorage.databases.tools import tools_by_profile

ORDERS = {
    "description": "Orders of a customer, newest first.",
    "sql": """
        SELECT id, total::text, ':customer' AS literal -- :customer
        FROM bench.orders
        WHERE customer_id = :customer AND ordered_on >= :since AND state::text = ANY (:states) AND total > :least
        ORDER BY id
    """,
    "databases": "tag:shop",
    "max_rows": 2,
    "parameters": [
        {"name": "customer", "type": "integer", "min": 1, "description": "Its id."},
        {"name": "since", "type": "date", "default": "2026-01-01"},
        {"name": "states", "type": "text[]", "enum": ["open", "paid", "sent"], "default": ["open", "paid"]},
        {"name": "least", "type": "number", "default": 0},
    ],
}
RENAME = {
    "description": "Gives a customer another name.",
    "sql": "UPDATE bench.customers SET name = :name WHERE id = :id",
    "writes": True,
    "databases": ["writable", "one"],
    "parameters": [{"name": "name", "pattern": "^[a-z ]+$"}, {"name": "id", "type": "integer"}],
}


@asynccontextmanager
async def opened(bench, queries, **sql):
    """Open a service with these queries over one database under several ids."""
    databases = {
        "one": bench.definition(tags=("shop",)),
        "two": bench.definition(tags=("shop",)),
        "other": bench.definition(),
        "writable": bench.as_owner(readonly=False),
    }
    settings = DatabasesSettings(SqlSettings(**sql), "one", databases, read_queries(queries))
    async with open_databases(settings) as service:
        yield {tool.name: tool for tools in tools_by_profile(service).values() for tool in tools}


async def run(tools, name, arguments=None, database_id=None) -> dict:
    return json.loads(await tools["run_saved"].function(name, arguments or {}, database_id))


async def test_a_query_runs_with_its_defaults_and_its_own_limit(bench):
    async with opened(bench, {"orders_of": ORDERS}) as tools:
        answer = await run(tools, "orders_of", {"customer": 1})
    assert answer["columns"] == ["id", "total", "literal"]
    assert answer["rows"] == [[10, "15.00", ":customer"], [30, "45.00", ":customer"]]
    assert answer["cut_by"] == "rows"


async def test_every_kind_of_value_is_bound(bench):
    sql = """
        SELECT :t::text, :i::bigint, :n::numeric::text, :b::boolean, :d::date::text,
            :at::timestamptz = '2026-01-31 12:00Z', :j::jsonb ->> 'a', :ts::text[], :ns::integer[], :ds::date[]::text
    """
    kinds = {
        "t": "text", "i": "integer", "n": "number", "b": "boolean", "d": "date", "at": "timestamp", "j": "json",
        "ts": "text[]", "ns": "integer[]", "ds": "date[]",
    }  # fmt: skip
    query = {"description": "All.", "sql": sql, "parameters": [{"name": n, "type": k} for n, k in kinds.items()]}
    values = {
        "t": "'; DROP TABLE x; --", "i": 2**53 + 1, "n": 12.5, "b": True, "d": "2026-01-31",
        "at": "2026-01-31T12:00:00Z", "j": {"a": "x"}, "ts": ["a", 'b"'], "ns": [1, 2], "ds": ["2026-01-31"],
    }  # fmt: skip
    async with opened(bench, {"all": query}) as tools:
        answer = await run(tools, "all", values)
    assert answer["rows"] == [
        [
            "'; DROP TABLE x; --",
            str(2**53 + 1),
            "12.5",
            True,
            "2026-01-31",
            True,
            "x",
            ["a", 'b"'],
            [1, 2],
            "{2026-01-31}",
        ]
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "customer"),
        ({"customer": "one"}, "customer"),
        ({"customer": 0}, "customer"),
        ({"customer": 1, "since": "yesterday"}, "since"),
        ({"customer": 1, "states": ["lost"]}, "states"),
        ({"customer": 1, "least": "much"}, "least"),
        ({"customer": 1, "limit": 5}, "limit"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_with_its_name(bench, arguments, field):
    async with opened(bench, {"orders_of": ORDERS}) as tools:
        with pytest.raises(InvalidInput) as refused:
            await run(tools, "orders_of", arguments)
    assert field in refused.value.message


async def test_a_query_runs_only_where_it_may(bench):
    only_two = {**ORDERS, "databases": ["two", "other"]}
    async with opened(bench, {"orders_of": ORDERS, "elsewhere": only_two}) as tools:
        assert (await run(tools, "orders_of", {"customer": 1}, "two"))["database"] == "two"
        assert (await run(tools, "orders_of", {"customer": 1}))["database"] == "one"
        with pytest.raises(QueryNotForDatabase) as refused:
            await run(tools, "orders_of", {"customer": 1}, "other")
        with pytest.raises(DatabaseNotNamed):
            await run(tools, "elsewhere", {"customer": 1})
        with pytest.raises(DatabaseNotFound):
            await run(tools, "orders_of", {"customer": 1}, "")
    assert refused.value.hint == "It runs in one, two."


async def test_an_unknown_query_is_refused_with_the_nearest(bench):
    async with opened(bench, {"orders_of": ORDERS}) as tools:
        with pytest.raises(SavedQueryNotFound) as refused:
            await run(tools, "order_of")
    assert refused.value.hint == "Did you mean orders_of?"


async def test_queries_are_listed_with_their_parameters(bench):
    async with opened(bench, {"orders_of": ORDERS, "rename": RENAME}) as tools:
        listed = await tools["list_saved"].function()
        few = await tools["list_saved"].function("another NAME")
    assert listed.splitlines() == [
        "saved queries: 2",
        (
            "orders_of(customer: integer (Its id.), since: date = 2026-01-01, states: text[] of open|paid|sent ="
            ' ["open", "paid"], least: number = 0) in tag:shop: Orders of a customer, newest first.'
        ),
        "rename(name: text, id: integer) in writable, one: Gives a customer another name.; it writes",
    ]
    assert len(few.splitlines()) == 2


async def test_each_query_can_be_a_tool_with_a_schema_of_its_own(bench):
    async with opened(bench, {"orders_of": ORDERS, "rename": RENAME}, saved_as_tools=True) as tools:
        tool = tools["query_orders_of"]
        arguments = read_arguments(tool.function)
        answer = json.loads(await tool.function(**arguments.bind({"customer": 1, "database_id": "two"})))
        assert (tool.read_only, tools["query_rename"].read_only) == (True, False)
    properties = arguments.schema["properties"]
    assert list(properties) == ["customer", "since", "states", "least", "database_id"]
    assert properties["customer"] == {"description": "Its id.", "minimum": 1, "type": "integer"}
    assert arguments.schema["required"] == ["customer"]
    assert answer["database"] == "two"


async def test_without_the_setting_no_query_is_a_tool(bench):
    async with opened(bench, {"orders_of": ORDERS}) as tools:
        assert not [name for name in tools if name.startswith("query_")]


async def test_a_query_writes_only_where_the_policy_lets_it(bench, superuser):
    async with opened(bench, {"rename": RENAME}) as tools:
        with pytest.raises(WriteNotAllowed):
            await run(tools, "rename", {"name": "ada", "id": 1}, "one")
        await run(tools, "rename", {"name": "ada", "id": 1}, "writable")
    assert await superuser.fetchval("SELECT name FROM bench.customers WHERE id = 1") == "ada"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sql": "SELECT :customer, :since, :states, :least, :other"}, "queries.q.sql: "),
        ({"sql": "SELECT 1"}, "queries.q.sql: the statement does not use its parameter customer, since"),
        ({"sql": "DELETE FROM t WHERE :customer + :since + :states + :least"}, "queries.q.sql: is of the kind delete"),
        (
            {"parameters": [{"name": "customer", "enum": ["a"], "type": "integer"}]},
            "queries.q.parameters.customer.enum",
        ),
        ({"parameters": [{"name": "customer", "pattern": "("}]}, "queries.q.parameters.customer.pattern"),
        (
            {"parameters": [{"name": "customer", "type": "date", "default": "x"}]},
            "queries.q.parameters.customer.default",
        ),
    ],
)
def test_a_query_that_could_never_run_is_refused_when_it_is_read(changes, problem):
    with pytest.raises(InvalidDefinition) as refused:
        ready(read_queries({"q": {**ORDERS, **changes}}))
    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("name", "query", "problem"),
    [
        ("Big Name", ORDERS, "queries.Big Name: is no name"),
        ("q", "SELECT 1", "queries.q: is no mapping"),
        ("q", {"sql": "SELECT 1"}, "queries.q.description: is missing"),
        ("q", {**ORDERS, "writable": True}, "queries.q.writable: there is no such field"),
        ("q", {**ORDERS, "parameters": [{"name": "x", "typ": "text"}]}, "queries.q.parameters.0.typ: there is no such"),
        ("q", {**ORDERS, "parameters": [{"name": "database_id"}]}, "is an argument of every query"),
        ("q", {**ORDERS, "parameters": [{"name": "x"}, {"name": "x"}]}, "has x twice"),
        ("q", {**ORDERS, "parameters": [{"name": "x", "min": 1}]}, "min and max are for numbers"),
    ],
)
def test_every_problem_of_a_file_is_named_with_its_field(name, query, problem):
    with pytest.raises(InvalidDefinition) as refused:
        read_queries({name: query})
    assert problem in refused.value.message


async def test_a_file_that_changes_is_followed_and_a_broken_one_is_not(bench, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("moorage.databases.sources.watching.LOOK_SECONDS", 0)
    where = {name: getattr(bench.definition(), name) for name in ("hostname", "port", "database", "username")}
    file = tmp_path / "databases.yaml"

    def write(queries) -> None:
        file.write_text(yaml.safe_dump({"databases": {"one": where}, "default_database": "one", "queries": queries}))

    write({"first": {"description": "One.", "sql": "SELECT 1 AS n"}})
    async with open_databases(Configuration(file).read()) as service:
        tools = {tool.name: tool for tool in tools_by_profile(service)["saved"]}
        assert (await run(tools, "first"))["rows"] == [[1]]
        write({"first": {"description": "Two.", "sql": "SELECT 2 AS n"}})
        await service.catalog.read_again()
        assert (await run(tools, "first"))["rows"] == [[2]]
        write({"first": {"description": "Broken.", "sql": "SELECT 3 AS"}})
        await service.catalog.read_again()
        assert (await run(tools, "first"))["rows"] == [[2]]
        assert "queries.first.sql" in (service.catalog.problem or "")
