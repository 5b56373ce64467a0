"""SQL over many databases by one process that serves nothing else: how soon, how fast, and how small it is.

Each statement runs through the whole guard. The databases are copies of one, on the embedded PostgreSQL.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import asyncpg
import yaml

from benchmarks.families import MIB, settled_bytes
from benchmarks.homes import Home, running_home
from benchmarks.measure import Figure, Floor, Times, in_turn, interleaved, latencies
from benchmarks.options import Options
from benchmarks.servers import BARE, OURS, Server, over_stdio, spawned
from benchmarks.wire import request, tool_call

DATABASES, CONFIGURED, ACTIVE = 100, 500, 50
STARTS, CALLS = 5, 1_000
SLOW_QUERIES = 6
SCHEMA = """
CREATE TABLE orders (
    id integer PRIMARY KEY, customer text, email text, placed_at timestamptz, amount numeric(12, 2), payload jsonb
);
INSERT INTO orders
SELECT n, 'customer ' || n, 'c' || n || '@example.test', timestamptz '2026-01-01 00:00+00' + n * interval '1 minute',
    n / 100.0, jsonb_build_object('n', n, 'tags', jsonb_build_array('a', 'b', n % 7))
FROM generate_series(1, 1000) AS n;
"""
ONE_ROW = "SELECT 1 AS one"
THOUSAND_ROWS = "SELECT id, customer, email, placed_at, amount, payload FROM orders ORDER BY id LIMIT 1000"
MANY_ROWS = "SELECT n, repeat('x', 100) AS text FROM generate_series(1, 100000) AS n"
SLOW = "SELECT count(*) FROM generate_series(1, 6000000) AS n"
BARE_WHAT = "a bare FastMCP server with one tool"


async def measure(options: Options) -> list[Figure]:
    with running_home() as home:
        await _make_databases(home)
        return [
            *await _starts(home, max(options.scaled(STARTS), 2)),
            *await _calls(home, options.scaled(CALLS)),
            *_many(home),
            await _beside_slow(home, options.scaled(CALLS) // 5),
        ]


async def _make_databases(home: Home) -> None:
    admin = await asyncpg.connect(**home.address.connect_arguments("postgres"))
    await admin.execute("CREATE DATABASE bench_000")
    first = await asyncpg.connect(**home.address.connect_arguments("bench_000"))
    await first.execute(SCHEMA)
    await first.close()
    for number in range(1, DATABASES):
        await admin.execute(f"CREATE DATABASE {_name(number)} TEMPLATE bench_000 STRATEGY file_copy")
    await admin.close()


def _name(number: int) -> str:
    return f"bench_{number:03d}"


def _file(home: Home, count: int) -> Path:
    """Write the definitions of `count` databases; beyond those that exist, several lead to the same."""
    arguments = home.address.arguments
    login = {"hostname": arguments["host"], "port": arguments["port"], "username": arguments["user"]}
    limits = {"rows": 1000, "bytes": 400_000}
    databases = {
        _name(number): {"type": "direct_postgres", **login, "database": _name(number % DATABASES), "limits": limits}
        for number in range(count)
    }
    file = home.folder / f"databases-{count}.yaml"
    file.write_text(yaml.safe_dump({"default_database": _name(0), "databases": databases}))
    return file


@contextmanager
def _served(home: Home, count: int):
    command = (sys.executable, "-m", "moorage.databases", "--config", str(_file(home, count)), "--transport", "stdio")
    with spawned(command, home.environment) as server:
        yield server


def _query(sql: str, database: str | None = None, number: int = 1) -> dict:
    return tool_call("run_query", {"sql": sql, "database_id": database or _name(0)}, number)


async def _starts(home: Home, rounds: int) -> list[Figure]:
    counts = (1, DATABASES, CONFIGURED)
    *ours, bare = await in_turn(
        [*(partial(_first_answer, home, count) for count in counts), partial(_first_of_bare, home)],
        rounds=rounds,
        warm_up=1,
    )
    return [
        figure
        for count, times in zip(counts, ours, strict=True)
        for figure in latencies(
            f"start to the first answer, {count} configured",
            times,
            floor=(BARE_WHAT, bare),
            targets={0.5: 1000},
            shares=(0.5,),
        )
    ]


async def _first_answer(home: Home, count: int) -> float:
    began = time.perf_counter()
    with _served(home, count) as server:
        server.ask(_query(ONE_ROW))
        return time.perf_counter() - began


async def _first_of_bare(home: Home) -> float:
    began = time.perf_counter()
    with over_stdio(BARE, home.environment) as server:
        server.ask(request("tools/list"))
        return time.perf_counter() - began


async def _calls(home: Home, rounds: int) -> list[Figure]:
    """Time statements over stdio against a trivial tool of the same kind of server and the bare driver, in turn."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(_served(home, DATABASES))
        trivial = stack.enter_context(over_stdio(OURS, home.environment))
        driver = await stack.enter_async_context(_driver(home))
        add = tool_call("add", {"left": 1, "right": 2})
        one, tool, row, thousand, rows = await interleaved(
            [
                partial(_asked, server, _query(ONE_ROW)),
                partial(_asked, trivial, add),
                partial(_read, driver, ONE_ROW),
                partial(_asked, server, _query(THOUSAND_ROWS)),
                partial(_read, driver, THOUSAND_ROWS),
            ],
            rounds=rounds,
            warm_up=20,
        )
    shares = (0.5, 0.95)
    floor = {share: tool.percentile(share) + row.percentile(share) for share in shares}
    return [
        *(
            Figure(
                f"SELECT 1 over stdio, p{round(share * 100)}",
                one.percentile(share),
                "ms",
                Floor("a trivial tool and a bare query in a read-only transaction", floor[share]),
                target=1.5 * floor[share],
            )
            for share in shares
        ),
        *latencies(
            "1,000 rows of 6 columns over stdio",
            thousand,
            floor=("the driver and json alone", rows),
            targets={0.5: 7},
            shares=shares,
        ),
    ]


@asynccontextmanager
async def _driver(home: Home) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(**home.address.connect_arguments(_name(0)))
    yield connection
    await connection.close()


async def _read(connection: asyncpg.Connection, sql: str) -> None:
    async with connection.transaction(readonly=True):
        json.dumps([list(row) for row in await connection.fetch(sql)], default=str)


async def _asked(server: Server, message: Mapping) -> None:
    server.ask(message)


def _many(home: Home) -> list[Figure]:
    with _served(home, DATABASES) as server:
        for number in range(DATABASES):
            server.ask(_query(ONE_ROW, _name(number)))
        touched = settled_bytes(server.pid)
        server.ask(_query(MANY_ROWS))
        cut = settled_bytes(server.pid)
        listed = json.dumps(server.ask(request("tools/list"))["tools"])
    with _served(home, CONFIGURED) as server:
        seconds = _all_at_once(server, [_query(ONE_ROW, _name(n * 10), n) for n in range(ACTIVE)])
    return [
        Figure(f"memory, {DATABASES} databases touched", touched / MIB, "MiB", target=110),
        Figure("growth by 100,000 rows cut at the limit", (cut - touched) / MIB, "MiB"),
        Figure("definitions of the tools", len(listed), "characters"),
        Figure(f"{ACTIVE} databases of {CONFIGURED} asked for the first time, all at once", seconds * 1000, "ms"),
    ]


def _all_at_once(server: Server, messages: Sequence[Mapping]) -> float:
    """Return the seconds until every message is answered, sent without waiting for one another."""
    assert server.process.stdin is not None
    began = time.perf_counter()
    server.process.stdin.writelines(json.dumps(message) + "\n" for message in messages)
    server.process.stdin.flush()
    awaited = {message["id"] for message in messages}
    while awaited:
        answer = json.loads(server.line())
        assert not answer.get("result", {"isError": True}).get("isError"), answer
        awaited.discard(answer.get("id"))
    return time.perf_counter() - began


async def _beside_slow(home: Home, rounds: int) -> Figure:
    """Time one row in one database while six slow queries run on another, again and again."""
    with _served(home, DATABASES) as server:
        times: list[float] = []
        while len(times) < rounds:
            times += await asyncio.to_thread(_during_slow, server)
    return latencies("one row beside six slow queries on another database", Times.of(times), targets={0.95: 20})[1]


def _during_slow(server: Server) -> list[float]:
    slow = [_query(SLOW, _name(1), 1_000_000 + number) for number in range(SLOW_QUERIES)]
    assert server.process.stdin is not None
    server.process.stdin.writelines(json.dumps(message) + "\n" for message in slow)
    left, times, number = {message["id"] for message in slow}, [], 0
    while left:
        number += 1
        began = time.perf_counter()
        server.process.stdin.write(json.dumps(_query(ONE_ROW, number=number)) + "\n")
        server.process.stdin.flush()
        while (answered := json.loads(server.line()).get("id")) != number:
            left.discard(answered)
        times.append(time.perf_counter() - began)
    return times
