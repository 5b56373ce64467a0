"""Search at 100,000 chunks through MCP over HTTP, with one client and with eight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.corpus import copy_of, make_repositories
from benchmarks.families import family_seconds
from benchmarks.homes import Home, running_home, temporary_folder
from benchmarks.load import Job, Load, run_load
from benchmarks.measure import Figure, Floor, Times, latencies
from benchmarks.options import Options
from benchmarks.programs import run_moorage
from benchmarks.queries import QUERIES
from benchmarks.servers import OURS, over_http
from benchmarks.statements import replay_times
from benchmarks.wire import tool_call

CHUNKS = 100_000
FILES_A_REPOSITORY = 2_500
MOST_REPOSITORIES = 12
PROJECT = "bench"
# Of all clients together.
CALLS = 800
BLOCKS = 4
CLIENTS = (1, 8)
# p95 in milliseconds, of issue 2.
TARGET_MS = 50
SEARCHES = [tool_call("search_code", {"query": query, "project_name": PROJECT}) for query in QUERIES]
TRIVIAL_CALL = tool_call("add", {"left": 1, "right": 2})
TRIVIAL = "a trivial tool of the same server, as many clients"
SQL = "the statements of the same searches, replayed on one connection"


async def measure(options: Options) -> list[Figure]:
    with temporary_folder() as folder, running_home() as home:
        run_moorage(home, ["project", "create", PROJECT])
        chunks = _index_until(home, folder, options, options.scaled(CHUNKS))
        figures = [Figure("chunks searched", chunks, "chunks", better="more")]
        with over_http(OURS, home.environment) as (url, pid):
            figures += await _processor_time(url, pid, home.postgres_pid)
            for clients in CLIENTS:
                search, trivial = await _both(url, clients, options.scaled(CALLS))
                figures += _figures(clients, search, trivial)
                if clients == 1:
                    figures += _against_sql(search, await replay_times(home, PROJECT, QUERIES))
    return figures


def _index_until(home: Home, folder: Path, options: Options, wanted: int) -> int:
    """Index repositories, none with the files of another, until the project has `wanted` chunks."""
    chunks = 0
    for repository in _repositories(folder, options):
        chunks += run_moorage(home, ["index", str(repository), "--project", PROJECT]).answer["total_chunks"]
        if chunks >= wanted:
            break
    return chunks


def _repositories(folder: Path, options: Options) -> Iterator[Path]:
    """Yield repositories to index: copies of the given folder, or installed sources."""
    if options.corpus is None:
        yield from make_repositories(folder, files=options.scaled(FILES_A_REPOSITORY), count=MOST_REPOSITORIES)
    else:
        yield from (copy_of(options.corpus, folder / str(number)) for number in range(MOST_REPOSITORIES))


async def _processor_time(url: str, pid: int, postgres_pid: int) -> list[Figure]:
    """Ask every query once, which also fills the caches, then measure what a search costs the processor."""
    await run_load(Job(url, SEARCHES, clients=1, calls=len(QUERIES)))
    server, postgres = family_seconds(pid), family_seconds(postgres_pid)
    await run_load(Job(url, SEARCHES, clients=1, calls=len(QUERIES)))
    spent = {"server": family_seconds(pid) - server, "PostgreSQL": family_seconds(postgres_pid) - postgres}
    return [
        Figure(f"processor time of a search, {who}", 1000 * seconds / len(QUERIES), "ms")
        for who, seconds in spent.items()
    ]


async def _both(url: str, clients: int, calls: int) -> tuple[Load, Load]:
    """Measure searches and trivial calls in turn, in blocks, because clients of both would slow each other down."""
    calls_each = max(calls // BLOCKS // clients, 1)
    measured = [
        (
            await run_load(Job(url, SEARCHES, clients, calls_each)),
            await run_load(Job(url, [TRIVIAL_CALL], clients, calls_each)),
        )
        for _ in range(BLOCKS)
    ]
    return _together([each for each, _ in measured]), _together([each for _, each in measured])


def _together(loads: Sequence[Load]) -> Load:
    seconds = [second for each in loads for second in each.times.seconds]
    return Load(Times.of(seconds), sum(each.calls_per_second for each in loads) / len(loads))


def _figures(clients: int, search: Load, trivial: Load) -> list[Figure]:
    name = f"search, {clients} client{'s' if clients > 1 else ''}"
    figures = latencies(name, search.times, floor=(TRIVIAL, trivial.times), targets={0.95: TARGET_MS})
    floor = Floor(TRIVIAL, trivial.calls_per_second)
    return [*figures, Figure(f"{name}, throughput", search.calls_per_second, "calls/s", floor, better="more")]


def _against_sql(search: Load, statements: Times) -> list[Figure]:
    return latencies("search, 1 client, against SQL", search.times, floor=(SQL, statements))
