"""Sharing work: what is ready among ten thousand items, and twenty agents that claim at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.entities import PROJECT, WorkGround, work_ground
from benchmarks.measure import Figure, Floor, interleaved, latencies
from benchmarks.options import Options
from benchmarks.work_items import write_links, write_tasks
from moorage.core.postgres.pools import connect

ITEMS = 10_000
LINKS = 20_000
ROUNDS = 100
CLAIMERS = 20
CLAIMS = 1_000
READY_MS = 50

# The simplest statement that looks at the same rows: open items without an open blocker of their own.
UNBLOCKED = """
    SELECT entity.id, entity.key, entity.title
    FROM workflow.entities AS entity
    WHERE entity.is_open AND entity.deleted_at IS NULL AND NOT EXISTS (
        SELECT
        FROM workflow.links AS link
        JOIN workflow.entities AS source ON source.id = link.source_id
        WHERE link.target_id = entity.id AND link.kind = 'blocks' AND source.is_open AND source.deleted_at IS NULL
    )
    ORDER BY entity.priority, entity.created_at
    LIMIT 10
"""
TAKE = """
    UPDATE workflow.entities
    SET updated_by = $1
    WHERE id = (
        SELECT id
        FROM workflow.entities
        WHERE is_open AND deleted_at IS NULL AND updated_by <> $1
        ORDER BY priority, created_at, id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


async def measure(options: Options) -> list[Figure]:
    async with work_ground() as ground:
        items = options.scaled(ITEMS)
        await write_tasks(ground.bare, 1, items)
        links = await write_links(ground.bare, items, options.scaled(LINKS))
        figures = await _ready(ground, items, links, options.scaled(ROUNDS))
        return figures + await _claims(ground, options.scaled(CLAIMS))


async def _ready(ground: WorkGround, items: int, links: int, rounds: int) -> list[Figure]:
    async def ready() -> None:
        await ground.service.work.ready(PROJECT, limit=10)

    async def unblocked() -> None:
        await ground.bare.fetch(UNBLOCKED)

    ours, floor = await interleaved([ready, unblocked], rounds=rounds)
    what = "items without a blocker of their own, by a bare statement"
    name = f"ready work of {items:,} items with {links:,} links"
    return latencies(name, ours, floor=(what, floor), targets={0.95: READY_MS})


async def _claims(ground: WorkGround, claims: int) -> list[Figure]:
    """Let agents claim one item after another, and bare connections take one in the simplest way there is."""
    taken: list[str] = []

    async def claim(_number: int) -> None:
        answer = await ground.service.work.claim(PROJECT)
        assert answer.work is not None, "there are more items than claims"
        taken.append(answer.work.entity.key)

    seconds = await _at_once(claim, claims)
    bare = await _bare_claims(ground, claims)
    name = f"{CLAIMERS} agents claim the next item"
    return [
        Figure(name, claims / seconds, "claims/s", Floor("bare UPDATE ... SKIP LOCKED", claims / bare), better="more"),
        Figure(f"{name}, items claimed twice", len(taken) - len(set(taken)), "items", target=0),
    ]


async def _bare_claims(ground: WorkGround, claims: int) -> float:
    connections = [await connect(ground.home.address, f"project_{PROJECT}") for _ in range(CLAIMERS)]

    async def take(number: int) -> None:
        await connections[number].fetchval(TAKE, "bare")

    seconds = await _at_once(take, claims)
    for each in connections:
        await each.close()
    return seconds


async def _at_once(act: Callable[[int], Awaitable[None]], count: int) -> float:
    async def claimer(number: int) -> None:
        for _ in range(count // CLAIMERS):
            await act(number)

    began = time.perf_counter()
    await asyncio.gather(*map(claimer, range(CLAIMERS)))
    return time.perf_counter() - began
