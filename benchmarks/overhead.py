"""What a call costs before the tool does anything: a trivial tool through Moorage's server and on bare FastMCP.

And what a statement costs for having a name: checked parameters, a histogram, the look at the limit for slow ones.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Any

from benchmarks.homes import Home, running_home
from benchmarks.load import Job, Load, run_load
from benchmarks.measure import Figure, Floor, Times, interleaved, latencies
from benchmarks.options import Options
from benchmarks.servers import BARE, OURS, Server, over_http, over_stdio
from benchmarks.wire import HttpCaller, tool_call
from moorage.core.postgres.pools import connect
from moorage.core.postgres.queries import load_statements
from moorage.core.telemetry.statements import timed

CALLS = 2_000
WARM_UP = 50
CLIENTS = 8
TIMED_STATEMENTS = 50_000
TIMING_MICROSECONDS = 10
CALL = tool_call("add", {"left": 1, "right": 2})
BARE_WHAT = "the same tool on bare FastMCP"


async def measure(options: Options) -> list[Figure]:
    calls = options.scaled(CALLS)
    with running_home() as home:
        return [
            *await _statement(home, calls),
            _timing(),
            *_figures("stdio", await _over_stdio(home, calls)),
            *_figures("HTTP", await _over_http(home, calls)),
            await _throughput(home, calls // CLIENTS),
        ]


async def _statement(home: Home, rounds: int) -> list[Figure]:
    """Run a statement by its name, and its text on the bare driver, on one connection."""
    connection = await connect(home.address, "postgres")
    statement = load_statements("moorage.projects").database_exists

    async def named() -> None:
        await statement(connection, database_name="postgres")

    async def bare() -> None:
        await connection.fetchrow(statement.sql, "postgres")

    ours, floor = await interleaved([named, bare], rounds=rounds, warm_up=WARM_UP)
    await connection.close()
    return latencies("a named statement", ours, floor=("the same text on the bare driver", floor))


def _timing() -> Figure:
    """Time the measuring of a statement around nothing."""
    began = perf_counter()
    for _ in range(TIMED_STATEMENTS):
        with timed("benchmark.nothing"):
            pass
    microseconds = (perf_counter() - began) / TIMED_STATEMENTS * 1e6
    return Figure("measuring a statement", microseconds, "µs", target=TIMING_MICROSECONDS)


async def _over_stdio(home: Home, calls: int) -> list[Times]:
    with over_stdio(OURS, home.environment) as ours, over_stdio(BARE, home.environment) as bare:
        acts = [partial(_ask, server) for server in (ours, bare)]
        return await interleaved(acts, rounds=calls, warm_up=WARM_UP)


async def _over_http(home: Home, calls: int) -> list[Times]:
    with over_http(OURS, home.environment) as (ours, _), over_http(BARE, home.environment) as (bare, _):
        acts = [partial(_post, HttpCaller(url)) for url in (ours, bare)]
        return await interleaved(acts, rounds=calls, warm_up=WARM_UP)


async def _throughput(home: Home, calls: int) -> Figure:
    """Let eight clients call at once, one server after the other."""
    with ExitStack() as servers:
        urls = [servers.enter_context(over_http(module, home.environment))[0] for module in (OURS, BARE)]
        ours, bare = [await _load(url, calls) for url in urls]
    floor = Floor(BARE_WHAT, bare.calls_per_second)
    return Figure(f"HTTP, {CLIENTS} clients", ours.calls_per_second, "calls/s", floor, better="more")


async def _load(url: str, calls: int) -> Load:
    await run_load(Job(url, [CALL], clients=CLIENTS, calls=WARM_UP))
    return await run_load(Job(url, [CALL], clients=CLIENTS, calls=calls))


async def _ask(server: Server) -> dict[str, Any]:
    return server.ask(CALL)


async def _post(caller: HttpCaller) -> str:
    return caller.call(CALL)


def _figures(transport: str, times: list[Times]) -> list[Figure]:
    ours, bare = times
    return latencies(f"a call over {transport}", ours, floor=(BARE_WHAT, bare))
