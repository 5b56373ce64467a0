"""A fleet: 200 projects on one server are migrated, and used by 50 callers at once for ten minutes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.families import MIB, family_bytes
from benchmarks.homes import Home, running_home
from benchmarks.load import Job, Load, run_load
from benchmarks.measure import Figure, Floor
from benchmarks.options import Options
from benchmarks.projects import Sessions, opened, watching_sessions
from benchmarks.servers import OURS, over_http
from benchmarks.wire import tool_call
from moorage.core.postgres.address import Address
from moorage.core.postgres.migrations import script_from
from moorage.core.postgres.pools import connect
from moorage.projects.migrating import AT_ONCE, migrate_all
from moorage.projects.service import ProjectService
from moorage.systems import LINES

PROJECTS = 200
CALLERS = 50
SLICES = 20
SLICE_SECONDS = 30
UNLIMITED = 10**9
MAX_CONNECTIONS = 100
WORKFLOW = next(line for line in LINES if line.name == "workflow")
AGE = "DROP SCHEMA workflow CASCADE; DELETE FROM moorage.lines WHERE name = 'workflow'"


async def measure(options: Options) -> list[Figure]:
    names = [f"p{number:03}" for number in range(options.scaled(PROJECTS))]
    with running_home() as home:
        async with opened(home) as connections:
            projects = ProjectService(connections)
            began = time.perf_counter()
            for name in names:
                await projects.create(name, created_by="benchmark")
            figures = [Figure(f"{len(names)} projects created, one after another", time.perf_counter() - began, "s")]
            figures += await _migration(projects, home.address, names)
        figures += await _many_callers(home, names, options.scaled(SLICES))
    return figures


async def _migration(projects: ProjectService, address: Address, names: Sequence[str]) -> list[Figure]:
    """Let every project lack the tables of one system, bring them back bare, take them away, and migrate."""
    await _everywhere(address, names, AGE)
    began = time.perf_counter()
    await _everywhere(address, names, f"BEGIN; {script_from(WORKFLOW, None)} COMMIT")
    bare = time.perf_counter() - began
    await _everywhere(address, names, AGE)
    began = time.perf_counter()
    report = await migrate_all(projects)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    again = await migrate_all(projects)
    what = f"the same statements on bare connections, {AT_ONCE} at once"
    title = f"{len(names)} projects migrated"
    return [
        Figure(title, ours, "s", Floor(what, bare)),
        Figure(f"{title}, those that were not", len(names) - report.counts.get("migrated", 0), "projects", target=0),
        Figure(f"{again.counts.get('current', 0)} projects found current", time.perf_counter() - began, "s"),
    ]


async def _everywhere(address: Address, names: Sequence[str], statements: str) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            connection = await connect(address, f"project_{name}")
            await connection.execute(statements)
            await connection.close()

    await asyncio.gather(*map(one, names))


@dataclass(frozen=True)
class Slice:
    """A part of the load, and the server's memory at its end in bytes."""

    load: Load
    memory: int


async def _many_callers(home: Home, names: Sequence[str], slices: int) -> list[Figure]:
    order = random.Random(3).choices(names, k=len(names) * 5)
    calls = [tool_call("list_repositories", {"project_name": name}) for name in order]
    seen = Sessions()
    with over_http(OURS, home.environment) as (url, pid):
        job = Job(url, calls, clients=CALLERS, calls=UNLIMITED, seconds=SLICE_SECONDS, counts_failures=True)
        async with watching_sessions(home.address, seen):
            ran = [Slice(await run_load(job), family_bytes(pid)) for _ in range(slices)]
    return _load_figures(ran, len(names), seen)


def _load_figures(ran: Sequence[Slice], projects: int, seen: Sessions) -> list[Figure]:
    minutes = len(ran) * SLICE_SECONDS / 60
    title = f"{CALLERS} callers on {projects} projects for {minutes:g} minutes"
    failures = [each for part in ran for each in part.load.failures]
    calls = sum(len(part.load.times.seconds) for part in ran)
    settled, last = ran[len(ran) // 4], ran[-1]
    quarter = Floor("after a quarter of the time", settled.memory / MIB)
    return [
        Figure(f"{title}, calls", calls, "calls"),
        Figure(f"{title}, errors {failures[:1] or ''}".rstrip(), len(failures), "errors", target=0),
        Figure(f"{title}, a call, p95 at the end", last.load.times.percentile(0.95), "ms"),
        Figure(f"{title}, most connections to projects", seen.most, "connections", target=(MAX_CONNECTIONS - 3) // 4),
        Figure(f"{title}, memory at the end", last.memory / MIB, "MiB", quarter),
    ]
