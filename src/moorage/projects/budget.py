"""One budget of connections over the pools of all projects.

A call is admitted when its pool may grow within the budget, or need not grow. Otherwise the pool that has been unused
for longest is closed, and where every pool is busy the call waits: in a bounded crowd, for a bounded time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args
from uuid import UUID

import structlog

from moorage.core.postgres.pools import Pool, close_pool
from moorage.core.telemetry.metrics import counter
from moorage.projects.errors import PoolExhausted
from moorage.projects.models import MAIN_SERVER

log = structlog.get_logger()

POOLS_OPENED = counter("moorage_pools_opened_total", "Pools of projects that were opened.", ["server"])
POOLS_CLOSED = counter(
    "moorage_pools_closed_total",
    "Pools of projects that were closed; room: for another project, replaced: by one of a newer generation.",
    ["server", "reason"],
)
CONNECTIONS_REFUSED = counter(
    "moorage_connections_refused_total", "Calls that got no connection to a project's database.", ["server"]
)
Reason = Literal["room", "replaced", "forgotten", "shutdown"]


@dataclass(eq=False)
class Member:
    """A pool under the budget.

    Attributes:
        active: calls that were admitted and have not ended.
        peak: the most of them at once since the pool was idle; each has opened a connection, or is about to. The
            pool counts those it is still opening as none.
        generation: of the project when the pool was opened.
        limit: most connections of this member; None is the budget's own limit a member.
        waiting: calls that wait to be admitted.
        turn: grows with each use; the smallest is the least recently used.
    """

    project_id: UUID
    name: str
    pool: Pool
    generation: int = 1
    limit: int | None = None
    active: int = 0
    waiting: int = 0
    peak: int = 0
    turn: int = 0

    @property
    def cost(self) -> int:
        """Connections the pool has, or is about to have."""
        return max(self.pool.get_size(), self.peak)


@dataclass
class Budget:
    """At most `limit` connections over all members, at most `per_member` in one."""

    limit: int
    per_member: int
    max_waiting: int
    wait_seconds: float
    server: str = MAIN_SERVER
    members: dict[UUID, Member] = field(default_factory=dict)
    waiting: int = 0
    _turn: int = 0
    _closing: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Show the counters at 0: an increase is seen only from a value that was there before."""
        POOLS_OPENED.labels(self.server)
        CONNECTIONS_REFUSED.labels(self.server)
        for reason in get_args(Reason):
            POOLS_CLOSED.labels(self.server, reason)

    @property
    def used(self) -> int:
        """Connections open or about to open, those of pools being closed included."""
        return sum(member.cost for member in self.members.values()) + self._closing

    def limit_of(self, member: Member) -> int:
        """Return how many connections this member may have."""
        return self.per_member if member.limit is None else min(member.limit, self.limit)

    def has(self, member: Member) -> bool:
        """Tell whether this member's pool is still open."""
        return self.members.get(member.project_id) is member

    @asynccontextmanager
    async def admitted(self, member: Member) -> AsyncGenerator[None]:
        """Hold a place for one connection of this member's pool.

        Raises:
            PoolExhausted: too many calls wait already, or this one waited for too long.
        """
        await self._admit(member)
        try:
            yield
        finally:
            member.active -= 1
            if member.active == 0:
                member.peak = 0
            self._announce()

    def add(self, member: Member) -> None:
        """Take in a pool that was opened; its project has no other."""
        self.members[member.project_id] = member
        POOLS_OPENED.labels(self.server).inc()
        log.info("pool.opened", pool=member.name, server=self.server, generation=member.generation)

    async def close(self, member: Member, reason: Reason) -> None:
        """Take a member out and close its pool; calls inside it are given a moment to end."""
        if self.has(member):
            del self.members[member.project_id]
            POOLS_CLOSED.labels(self.server, reason).inc()
            log.info("pool.closed", pool=member.name, server=self.server, reason=reason, connections=member.cost)
        cost = member.cost
        self._closing += cost
        try:
            await close_pool(member.pool)
        finally:
            self._closing -= cost
            self._announce()

    async def _admit(self, member: Member) -> None:
        if not await self._make_room(member):
            await self._wait_for_room(member)
        self._turn += 1
        member.turn = self._turn
        member.active += 1
        member.peak = max(member.peak, member.active)

    async def _wait_for_room(self, member: Member) -> None:
        if self.waiting >= self.max_waiting:
            raise self._exhausted(member, f"{self.waiting} calls wait already")
        self.waiting += 1
        member.waiting += 1
        try:
            async with asyncio.timeout(self.wait_seconds):
                changed = self._changed
                while not await self._make_room(member):
                    await changed.wait()
                    changed = self._changed
        except TimeoutError:
            raise self._exhausted(member, f"none became free within {self.wait_seconds:g} s") from None
        finally:
            self.waiting -= 1
            member.waiting -= 1

    async def _make_room(self, member: Member) -> bool:
        while not self._fits(member):
            idle = self._least_recently_used_idle(member)
            if member.active >= self.limit_of(member) or idle is None:
                return False
            await self.close(idle, "room")
        return True

    def _fits(self, member: Member) -> bool:
        growth = max(member.cost, member.active + 1) - member.cost
        return member.active < self.limit_of(member) and self.used + growth <= self.limit

    def _least_recently_used_idle(self, member: Member) -> Member | None:
        idle = [each for each in self.members.values() if each is not member and each.active == 0 and each.cost]
        return min(idle, key=lambda each: each.turn, default=None)

    def _announce(self) -> None:
        """Wake the calls that wait. Nothing is awaited here, so that a cancelled call announces its end too."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _exhausted(self, member: Member, why: str) -> PoolExhausted:
        CONNECTIONS_REFUSED.labels(self.server).inc()
        return PoolExhausted(
            f"no connection to project {member.name!r}: {self.used} of {self.limit} are open,"
            f" {member.active} of {self.limit_of(member)} of this project are in use, {why}",
            hint="Repeat the call in a moment; raise connections.budget if this happens often.",
            budget=self.limit,
            open=self.used,
            waiting=self.waiting,
        )
