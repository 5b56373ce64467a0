"""Entities: created, changed and read by the service and over MCP, against the same rows written by bare SQL."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from benchmarks.homes import Home, running_home
from benchmarks.load import Job, run_load
from benchmarks.measure import Act, Figure, Floor, Times, interleaved, latencies, timed
from benchmarks.options import Options
from benchmarks.projects import opened
from benchmarks.servers import OURS, over_http
from benchmarks.wire import tool_call
from moorage.core.postgres.pools import Connection, connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.service import ProjectService
from moorage.workflow.service import WorkflowService, make_service
from moorage.workflow.settings import WorkflowSettings

PROJECT = "bench"
ROUNDS = 1_000
BATCH = 1_000
BATCHES = 5
CLIENTS = 8
CALLS_A_CLIENT = 150
# Milliseconds at p95 through MCP, and seconds a batch, of issue 4; ratios to bare SQL are at most 2.
OVER_MCP_MS, BATCH_SECONDS = 10, 1
DATA = {"title": "Sessions end too early", "status": "pending", "priority": "high", "description": "As reported. " * 20}

INSERT_ENTITY = """
    INSERT INTO workflow.entities (
        id, key, schema_name, schema_version, data, title, state, is_open, priority, created_by, updated_by
    ) VALUES ($1, 'B-' || nextval('workflow.entity_numbers'), 'task', 1, $2, $3, 'pending', true, 1, 'bare', 'bare')
    RETURNING id, key, version, data, created_at, updated_at
"""
INSERT_VERSION = """
    INSERT INTO workflow.entity_versions (
        entity_id, version, operation, schema_version, data, patch, created_at, created_by
    ) VALUES ($1, $2, $3, 1, $4, $5, now(), 'bare')
"""
INSERT_CHANGE = """
    INSERT INTO workflow.changes (subject, operation, entity_id, version, created_by)
    VALUES ('entity', $1, $2, $3, 'bare')
"""
LOCK_ENTITY = "SELECT version, data FROM workflow.entities WHERE id = $1 FOR UPDATE"
UPDATE_ENTITY = """
    UPDATE workflow.entities
    SET data = $2, version = version + 1, title = $3, updated_at = now(), updated_by = 'bare'
    WHERE id = $1
    RETURNING id, key, version, data, created_at, updated_at
"""
GET_ENTITY = "SELECT * FROM workflow.entities WHERE key = $1"


@dataclass(frozen=True)
class WorkGround:
    """A project with the type `task`, and a bare connection to its database."""

    home: Home
    connections: ProjectConnectionManager
    service: WorkflowService
    bare: Connection


@asynccontextmanager
async def work_ground() -> AsyncGenerator[WorkGround]:
    """Yield an empty project of a PostgreSQL of its own."""
    with running_home() as home:
        async with opened(home) as connections:
            await ProjectService(connections).create(PROJECT, created_by="benchmark")
            service = make_service(connections, WorkflowSettings())
            await service.types.register(PROJECT, "task")
            bare = await connect(home.address, f"project_{PROJECT}")
            try:
                yield WorkGround(home, connections, service, bare)
            finally:
                await bare.close()


async def measure(options: Options) -> list[Figure]:
    async with work_ground() as ground:
        figures = await _writes(ground, options.scaled(ROUNDS))
        figures += await _batches(ground, max(options.scaled(BATCHES), 1))
        return figures + await _over_mcp(ground, options.scaled(CALLS_A_CLIENT))


async def _writes(ground: WorkGround, rounds: int) -> list[Figure]:
    figures = []
    what = "the same rows by bare statements in a transaction"
    for name, ours, bare in (
        ("entity created", _creating(ground), _bare_creating(ground.bare)),
        ("entity updated", await _updating(ground), await _bare_updating(ground.bare)),
    ):
        taken, floor = await interleaved([ours, bare], rounds=rounds)
        figures += latencies(name, taken, floor=(what, floor))
    alone = Times.of([await timed(_one_row(ground.bare)) for _ in range(rounds)])
    figures.append(Figure("one bare INSERT of an entity alone, p50", alone.median, "ms"))
    taken, floor = await interleaved([await _getting(ground), await _bare_getting(ground)], rounds=rounds)
    return [*figures, *latencies("entity read by key", taken, floor=("the same by a bare statement", floor))]


def _creating(ground: WorkGround) -> Act:
    async def create() -> None:
        await ground.service.entities.create(PROJECT, "task", DATA)

    return create


def _one_row(bare: Connection) -> Act:
    async def create() -> None:
        await bare.fetchrow(INSERT_ENTITY, uuid4(), DATA, DATA["title"])

    return create


def _bare_creating(bare: Connection) -> Act:
    async def create() -> None:
        async with bare.transaction():
            await _insert(bare, uuid4())

    return create


async def _insert(transaction: Connection, entity_id: UUID) -> None:
    await transaction.fetchrow(INSERT_ENTITY, entity_id, DATA, DATA["title"])
    await transaction.execute(INSERT_VERSION, entity_id, 1, "create", DATA, None)
    await transaction.execute(INSERT_CHANGE, "create", entity_id, 1)


async def _updating(ground: WorkGround) -> Act:
    written = await ground.service.entities.create(PROJECT, "task", DATA)
    versions = itertools.count(written.entity.version)

    async def update() -> None:
        version = next(versions)
        data = {**DATA, "title": f"Seen {version} times"}
        await ground.service.entities.update(PROJECT, str(written.entity.id), data, expected_version=version)

    return update


async def _bare_updating(bare: Connection) -> Act:
    entity_id = uuid4()
    await _insert(bare, entity_id)

    async def update() -> None:
        async with bare.transaction():
            row = await bare.fetchrow(LOCK_ENTITY, entity_id)
            data = {**row["data"], "title": f"Seen {row['version']} times"}
            patch = [{"op": "replace", "path": "/title", "value": data["title"]}]
            await bare.fetchrow(UPDATE_ENTITY, entity_id, data, data["title"])
            await bare.execute(INSERT_VERSION, entity_id, row["version"] + 1, "update", data, patch)
            await bare.execute(INSERT_CHANGE, "update", entity_id, row["version"] + 1)

    return update


async def _getting(ground: WorkGround) -> Act:
    key = (await ground.service.entities.create(PROJECT, "task", DATA)).entity.key

    async def get() -> None:
        await ground.service.entities.get(PROJECT, key)

    return get


async def _bare_getting(ground: WorkGround) -> Act:
    key = (await ground.service.entities.create(PROJECT, "task", DATA)).entity.key

    async def get() -> None:
        await ground.bare.fetchrow(GET_ENTITY, key)

    return get


async def _batches(ground: WorkGround, rounds: int) -> list[Figure]:
    """Create a thousand entities in one call, and as many by one bare statement each in one transaction."""
    operations = [{"op": "create", "schema_name": "task", "data": DATA} for _ in range(BATCH)]

    async def batch() -> None:
        await ground.service.batches.apply(PROJECT, operations)

    async def bare() -> None:
        async with ground.bare.transaction():
            for _ in range(BATCH):
                await _insert(ground.bare, uuid4())

    ours, floor = await interleaved([batch, bare], rounds=rounds, warm_up=1)
    what = Floor("the same rows by bare statements in a transaction", floor.median / 1000)
    return [Figure(f"{BATCH:,} creates in one batch", ours.median / 1000, "s", what, BATCH_SECONDS)]


async def _over_mcp(ground: WorkGround, calls: int) -> list[Figure]:
    """Let clients in a process of their own call the tools over HTTP, and the trivial tool of the same server."""
    written = [(await ground.service.entities.create(PROJECT, "task", DATA)).entity.key for _ in range(CLIENTS)]
    named = {"project_name": PROJECT}
    merge = {"mode": "merge", "force": True, "data": {"title": "Seen"}}
    jobs = {
        "a trivial tool": [tool_call("add", {"left": 1, "right": 2})],
        "create_entity": [tool_call("create_entity", {**named, "schema_name": "task", "data": DATA})],
        "update_entity": [tool_call("update_entity", {**named, "entity_id": key, **merge}) for key in written],
        "get_entity": [tool_call("get_entity", {**named, "entity_id": key}) for key in written],
    }
    figures = []
    with over_http(OURS, ground.home.environment) as (url, _):
        for clients in (1, CLIENTS):
            times = {name: await _called(url, messages, clients, calls) for name, messages in jobs.items()}
            floor = ("a trivial tool of the same server, as many clients", times.pop("a trivial tool"))
            for name, taken in times.items():
                title = f"{name} over HTTP, {clients} client{'s'[: clients - 1]}"
                figures += latencies(title, taken, floor=floor, targets={0.95: OVER_MCP_MS}, shares=(0.5, 0.95))
    return figures


async def _called(url: str, messages: Sequence[dict[str, Any]], clients: int, calls: int) -> Times:
    """Let each client make its calls without a pause, after a few that count for nothing."""
    await run_load(Job(url, messages, clients=clients, calls=5))
    return (await run_load(Job(url, messages, clients=clients, calls=calls))).times
