"""Who waits for room under the budget, and who is told when there is some."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from moorage.core.telemetry.metrics import REGISTRY
from moorage.projects.budget import Budget, Member
from moorage.projects.errors import PoolExhausted


class PoolOfSize:
    """A pool with so many connections, that closes when it is allowed to."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.may_close = asyncio.Event()

    def get_size(self) -> int:
        return self.size

    async def close(self) -> None:
        await self.may_close.wait()


def make_member(budget: Budget, *, size: int) -> Member:
    project_id = uuid4()
    member = Member(project_id, "app", PoolOfSize(size))  # ty: ignore[invalid-argument-type]
    budget.members[project_id] = member
    return member


async def test_one_pool_that_is_closed_makes_room_for_all_that_wait():
    budget = Budget(limit=2, per_member=2, max_waiting=10, wait_seconds=5)
    idle = make_member(budget, size=2)
    admitted = []

    async def call(member: Member) -> None:
        async with budget.admitted(member):
            admitted.append(member)
            await asyncio.sleep(3600)

    members = [make_member(budget, size=0) for _ in range(2)]
    calls = [asyncio.create_task(call(each)) for each in members]
    while not (budget.waiting == 1 and not budget.has(idle)):  # one closes the idle pool, the other waits
        await asyncio.sleep(0)
    idle.pool.may_close.set()  # ty: ignore[missing-attribute]
    async with asyncio.timeout(2):
        while len(admitted) < 2:
            await asyncio.sleep(0)
    for each in calls:
        each.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert [each.active for each in members] == [0, 0]


async def test_a_call_that_gets_no_connection_is_counted_by_server():
    budget = Budget(limit=1, per_member=1, max_waiting=0, wait_seconds=5, server=f"s{uuid4().hex[:8]}")
    member = make_member(budget, size=0)

    def refused() -> float | None:
        return REGISTRY.get_sample_value("moorage_connections_refused_total", {"server": budget.server})

    assert refused() == 0  # shown before the first, so that the first is seen as an increase
    async with budget.admitted(member):
        with pytest.raises(PoolExhausted):
            async with budget.admitted(member):
                pass
    assert refused() == 1


async def test_a_pool_says_why_it_was_closed():
    budget = Budget(limit=2, per_member=2, max_waiting=1, wait_seconds=5)
    idle = make_member(budget, size=2)
    idle.pool.may_close.set()  # ty: ignore[missing-attribute]
    with capture_logs() as lines:
        async with budget.admitted(make_member(budget, size=0)):
            pass
    assert [(line["event"], line["reason"], line["connections"]) for line in lines] == [("pool.closed", "room", 2)]
