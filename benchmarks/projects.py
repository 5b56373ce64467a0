"""Projects: look-up, list, creation, first connection, and many projects under one budget of connections."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.homes import Home, running_home
from benchmarks.measure import Figure, Times, interleaved, latencies, timed
from benchmarks.options import Options
from moorage.core.errors import MoorageError
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.settings import REGISTRY_DATABASE
from moorage.systems import LINES

PROJECTS = 50
LISTED = 20
CALLERS = 20
CALLS_A_CALLER = 50
LOOK_UPS = 2_000
CREATIONS = 20
SAMPLE_SECONDS = 0.02
LOOK_UP = "SELECT * FROM public.projects WHERE name = $1"
LIST = f"SELECT * FROM public.projects ORDER BY name LIMIT {LISTED}"
WORK = "SELECT count(*) FROM codebase.files"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'project\\_%' AND application_name = 'moorage'"
# Milliseconds, of issue 2 and the founding designs.
LOOK_UP_MS, LIST_MS, CREATION_MS, FIRST_CONNECTION_MS = 1, 10, 100, 50


async def measure(options: Options) -> list[Figure]:
    with running_home() as home:
        async with opened(home) as connections:
            projects = ProjectService(connections)
            figures = await _creation(projects, home.address, options.scaled(CREATIONS))
            names = [f"p{number:02}" for number in range(PROJECTS)]
            for name in names:
                await projects.create(name, created_by="benchmark")
            figures += await _registry(projects, home.address, names, options.scaled(LOOK_UPS))
        figures += await _first_connections(home, names)
        figures += await _many_callers(home, names, options.scaled(CALLS_A_CALLER))
    return figures


@asynccontextmanager
async def opened(home: Home) -> AsyncGenerator[ProjectConnectionManager]:
    """Yield an open connection manager with the settings a user has."""
    connections = ProjectConnectionManager(Provisioner(home.address, REGISTRY_DATABASE, LINES))
    await connections.initialize()
    try:
        yield connections
    finally:
        await connections.close()


async def _creation(projects: ProjectService, address: Address, count: int) -> list[Figure]:
    """Create projects, and as many bare databases from the same template."""
    numbers = itertools.count()
    template = projects.connections.provisioner.template_name
    connection = await connect(address, "postgres")

    async def project() -> None:
        await projects.create(f"new{next(numbers)}", created_by="benchmark")

    async def bare() -> None:
        await connection.execute(f"CREATE DATABASE bare{next(numbers)} TEMPLATE {template}")

    first = Times.of([await timed(project)])  # makes the template
    made, floor = await interleaved([project, bare], rounds=count)
    await connection.close()
    what = "CREATE DATABASE ... TEMPLATE alone"
    return [
        Figure("first project of a server, the template included", first.median, "ms"),
        *latencies(
            "project created", made, floor=(what, floor), targets={0.5: CREATION_MS}, shares=(0.5, 0.95)
        ),
    ]  # fmt: skip


async def _registry(projects: ProjectService, address: Address, names: Sequence[str], rounds: int) -> list[Figure]:
    connection = await connect(address, REGISTRY_DATABASE)
    asked = itertools.cycle(names)

    async def look_up() -> None:
        await projects.connections.find_project(next(asked))

    async def bare_look_up() -> None:
        await connection.fetchrow(LOOK_UP, next(asked))

    async def listed() -> None:
        await projects.list(limit=LISTED)

    async def bare_list() -> None:
        await connection.fetch(LIST)

    ours, floor = await interleaved([look_up, bare_look_up], rounds=rounds)
    ours_listed, floor_listed = await interleaved([listed, bare_list], rounds=rounds // 4)
    await connection.close()
    what = "the same query on a bare connection"
    return [
        *latencies("registry look-up", ours, floor=(what, floor), targets={0.95: LOOK_UP_MS}),
        *latencies(f"list of {LISTED} projects", ours_listed, floor=(what, floor_listed), targets={0.95: LIST_MS}),
    ]


async def _first_connections(home: Home, names: Sequence[str]) -> list[Figure]:
    """Reach every project for the first time in a process, and by a bare connection."""
    waiting, bare_waiting = iter(names), iter(names)
    async with opened(home) as connections:

        async def first() -> None:
            async with connections.get_project_connection(next(waiting)) as connection:
                await connection.fetchval("SELECT 1")

        async def bare() -> None:
            connection = await connect(home.address, f"project_{next(bare_waiting)}")
            await connection.fetchval("SELECT 1")
            await connection.close()

        ours, floor = await interleaved([first, bare], rounds=len(names) - 1, warm_up=1)
    what = "a bare connection to the same database"
    return latencies(
        "first connection to a project", ours, floor=(what, floor), targets={0.95: FIRST_CONNECTION_MS},
        shares=(0.5, 0.95),
    )  # fmt: skip


@dataclass
class Sessions:
    """The most sessions that PostgreSQL had in project databases at one time."""

    most: int = 0
    errors: list[str] = field(default_factory=list)


async def _many_callers(home: Home, names: Sequence[str], calls: int) -> list[Figure]:
    """Let 20 callers touch 50 projects at random, through the budget and by a new connection for each call."""
    seen = Sessions()
    async with opened(home) as connections, watching_sessions(home.address, seen):
        budget = connections.budget.limit

        async def call(name: str) -> None:
            async with connections.get_project_connection(name) as connection:
                await connection.fetchval(WORK)

        async def bare(name: str) -> None:
            connection = await connect(home.address, f"project_{name}")
            await connection.fetchval(WORK)
            await connection.close()

        ours = await _called(call, names, calls, seen)
        most = seen.most
        floor = await _called(bare, names, calls, Sessions())
    what = "a new bare connection for each call, as many callers"
    name = f"{CALLERS} callers on {len(names)} projects"
    return [
        *latencies(f"{name}, a call", ours, floor=(what, floor)),
        Figure(f"{name}, errors", len(seen.errors), "errors", target=0),
        Figure(f"{name}, most connections", most, "connections", target=budget),
    ]


async def _called(call, names: Sequence[str], calls: int, seen: Sessions) -> Times:
    async def caller(number: int) -> list[float]:
        order = random.Random(number)
        seconds = []
        for _ in range(calls):
            name = order.choice(names)
            try:
                seconds.append(await timed(lambda name=name: call(name)))
            except (MoorageError, OSError) as error:
                seen.errors.append(str(error))
        return seconds

    return Times.of([each for some in await asyncio.gather(*map(caller, range(CALLERS))) for each in some])


@asynccontextmanager
async def watching_sessions(address: Address, seen: Sessions) -> AsyncGenerator[None]:
    """Count the sessions in project databases, again and again, while the context is open."""
    connection = await connect(address, "postgres")

    async def watch() -> None:
        while True:
            seen.most = max(seen.most, await connection.fetchval(SESSIONS))
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await connection.close()
