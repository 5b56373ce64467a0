"""What the guard lets through as a read leaves the database, its catalogue and its sessions as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.core.errors import MoorageError
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connected
from moorage.databases.execution.running import Request
from moorage.databases.service import DatabasesService
from tests.support.many_databases import FreshDatabase, open_service
from tests.support.traps import trapped_database

# One row of everything that a statement could have left behind.
_STATE = """
SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_collation),
    (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_replication_slots),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT last_value FROM bench.numbers),
    (SELECT string_agg(o::text, ',' ORDER BY id) FROM bench.orders AS o), (SELECT count(*) FROM bench.lines),
    (SELECT count(*) FROM pg_db_role_setting), (SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres')
"""
_ARGUMENTS = st.sampled_from(
    ["1", "1.5", "'a'", "NULL", "'bench.orders'", "'bench.numbers'::regclass", "'SELECT 1'", "true", "'{1}'::int[]",
     "now()", "'1'::oid", "'bench.numbers', 7", "o", "o.id", "'[1]'::jsonb"]
)  # fmt: skip
_PLACES = st.sampled_from(
    [
        "SELECT {call} FROM bench.orders AS o LIMIT 2",
        "SELECT 1 FROM bench.orders AS o WHERE ({call}) IS NULL",
        "SELECT 1 FROM bench.orders AS o ORDER BY {call}",
        "SELECT x.* FROM bench.orders AS o, LATERAL {call} AS x LIMIT 2",
        "WITH o AS (SELECT * FROM bench.orders) SELECT max(({call})::text) FROM o",
        "SELECT ({argument}).{name} FROM bench.orders AS o LIMIT 1",
        "SELECT o.{name} FROM bench.orders AS o LIMIT 1",
        "EXPLAIN ANALYZE SELECT {call} FROM bench.orders AS o LIMIT 1",
        "WITH x AS (DELETE FROM bench.orders RETURNING id) SELECT {call} FROM x AS o",
        "SELECT {call} INTO bench.made FROM bench.orders AS o",
        "INSERT INTO bench.lines SELECT 1 FROM bench.orders AS o WHERE {call} IS NULL",
    ]
)


@dataclass
class Laboratory:
    """A database with traps, its functions' names, and the service over it, all on one event loop."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    service: DatabasesService
    database: FreshDatabase
    names: list[str]

    def state(self) -> tuple:
        async def read() -> tuple:
            async with connected(self.database.address, self.database.name) as connection:
                return tuple(await connection.fetchrow(_STATE))

        return self.run(read())

    def try_to_run(self, sql: str) -> None:
        async def tried() -> None:
            with suppress(MoorageError):
                await self.service.run_query("d", Request(sql))

        self.run(tried())


@pytest.fixture(scope="module")
def laboratory(address: Address) -> Iterator[Laboratory]:
    with trapped_database(address) as database, asyncio.Runner() as runner:
        definition = database.as_superuser(search_path=["bench", "public"], limits={"statement_seconds": 2})
        opening = open_service({"d": definition})
        service = runner.run(opening.__aenter__())
        try:
            yield Laboratory(runner.run, service, database, runner.run(_names(database)))
        finally:
            runner.run(opening.__aexit__(None, None, None))


async def _names(database: FreshDatabase) -> list[str]:
    """Return the names of all functions, those that the guard cannot let through by their nature ten times as often."""
    async with connected(database.address, database.name) as connection:
        rows = await connection.fetch(
            "SELECT quote_ident(proname), bool_or(provolatile = 'v' OR oid >= 16384) FROM pg_proc GROUP BY 1 ORDER BY 1"
        )
    return [name for name, acts in rows for _ in range(10 if acts else 1)]


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(place=_PLACES, number=st.integers(0, 10**6), arguments=st.lists(_ARGUMENTS, max_size=3))
def test_what_is_allowed_changes_nothing(laboratory, place, number, arguments):
    name = laboratory.names[number % len(laboratory.names)]
    before = laboratory.state()
    argument = arguments[0] if arguments else "o"
    laboratory.try_to_run(place.format(name=name, argument=argument, call=f"{name}({', '.join(arguments)})"))
    assert laboratory.state() == before
