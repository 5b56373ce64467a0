"""What the connections to all databases share: one budget, and who has to leave when it is used up.

A call takes a place: a connection that lay idle, or the right to open one. Where neither is to be had, the connection
of another database that has been idle for longest is closed; sessions that are only held open are asked to leave; and
the call waits its turn, for a bounded time. Nothing here runs while nobody holds or waits for anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from moorage.databases.connectors.driver import DriverConnection
from moorage.databases.errors import DatabaseBusy

if TYPE_CHECKING:
    from moorage.databases.connectors.pools import Pool


@dataclass(eq=False)
class Place:
    """The right to one connection of a pool.

    Attributes:
        connection: what lay idle; None when it has to be opened, or is not to be kept.
        wanted: asks whoever holds the place to leave, where it is only held.
        left: set once it is given back; None where nobody waits for that.
    """

    pool: Pool
    connection: DriverConnection | None = None
    wanted: Callable[[], None] | None = None
    left: asyncio.Event | None = None


@dataclass(eq=False)
class _Waiter:
    pool: Pool
    granted: asyncio.Future[Place]


@dataclass
class Budget:
    """What all pools of this process share.

    Attributes:
        open: connections that are open, or being opened.
        idle: with the time since when, longest first.
    """

    limit: int
    wait_seconds: float
    idle_seconds: float
    open: int = 0
    idle: dict[DriverConnection, tuple[Pool, float]] = field(default_factory=dict)
    _waiting: deque[_Waiter] = field(default_factory=deque)
    _held: dict[Place, None] = field(default_factory=dict)
    _sweep: asyncio.TimerHandle | None = None

    def has_room(self) -> bool:
        """Tell whether one more may be opened, closing one that is idle where that is needed."""
        return self.open < self.limit or self.close_idlest()

    def close_idlest(self) -> bool:
        """Close the connection that has been idle for longest; False when none is idle."""
        for connection, (pool, _) in self.idle.items():
            pool.drop(connection)
            return True
        return False

    async def make_room_at(self, server: str) -> bool:
        """Close a connection to this server, and wait until it is: one that is idle, else one that is only held.

        Returns:
            False when there is none of these, or others had it first.
        """
        if await self._close_idlest_at(server):
            return True
        held = next((each for each in self._held if each.pool.server == server and each.wanted is not None), None)
        if held is None or held.wanted is None:
            return False
        del self._held[held]
        held.left = asyncio.Event()
        held.wanted()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait_seconds):
                await held.left.wait()
        return await self._close_idlest_at(server)

    async def _close_idlest_at(self, server: str) -> bool:
        for connection, (pool, _) in self.idle.items():
            if pool.server == server:
                await pool.close_idle(connection)
                return True
        return False

    def keep(self, connection: DriverConnection, pool: Pool) -> None:
        self.idle[connection] = (pool, monotonic())
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(self.idle_seconds, self._close_unused)

    def hold(self, place: Place) -> None:
        """Remember a place that is only held, to be asked for when somebody waits; or that it is in use again."""
        self._held.pop(place, None)
        if place.wanted is not None:
            self._held[place] = None
            if self._waiting:
                self._ask(self._waiting[0].pool)

    def ask_all_of(self, pool: Pool) -> None:
        """Ask every session that holds a place of this pool to leave."""
        for place in tuple(self._held):
            if place.pool is pool and place.wanted is not None:
                wanted, place.wanted = place.wanted, None
                wanted()

    def released(self, place: Place) -> None:
        self._held.pop(place, None)
        if place.left is not None:
            place.left.set()
        self._grant()

    def must_queue(self, pool: Pool) -> bool:
        """Tell whether somebody waits already for what this pool's next caller needs."""
        return any(each.pool is pool for each in self._waiting)

    async def wait(self, pool: Pool) -> Place:
        """Wait for a place, after those who came before.

        Raises:
            DatabaseBusy: none became free in time.
        """
        waiter, place = _Waiter(pool, asyncio.get_running_loop().create_future()), None
        self._waiting.append(waiter)
        self._ask(pool)
        try:
            async with asyncio.timeout(self.wait_seconds):
                place = await waiter.granted
        except TimeoutError:
            raise self._busy(pool) from None
        finally:
            self._waiting.remove(waiter)
            if place is None:
                _take_back(waiter)
        return place

    def refuse(self, pool: Pool, error: Exception) -> None:
        """Let those who wait for this pool know that waiting is of no use."""
        for each in self._waiting:
            if each.pool is pool and not each.granted.done():
                each.granted.set_exception(error)

    def waiting_for(self, pool: Pool) -> int:
        return sum(each.pool is pool for each in self._waiting)

    def _grant(self) -> None:
        for each in self._waiting:
            if not each.granted.done() and (place := each.pool.try_take()) is not None:
                each.granted.set_result(place)

    def _ask(self, pool: Pool) -> None:
        """Ask the session that was held first to leave: one of this pool, or any where the budget is used up."""
        is_own = pool.open >= pool.size
        for place in self._held:
            if place.wanted is not None and (place.pool is pool or not is_own):
                del self._held[place]
                place.wanted()
                return

    def _busy(self, pool: Pool) -> DatabaseBusy:
        return DatabaseBusy(
            f"no connection became free within {self.wait_seconds:g} s: {pool.in_use} of {pool.size} of this database"
            f" and {self.open} of {self.limit} over all databases are in use",
            hint="Repeat the call in a moment; answers that were cut hold a connection until they are read or expire.",
        )

    def _close_unused(self) -> None:
        self._sweep = None
        now = monotonic()
        while self.idle:
            connection, (pool, since) = next(iter(self.idle.items()))
            if since + self.idle_seconds > now:
                delay = since + self.idle_seconds - now
                self._sweep = asyncio.get_running_loop().call_later(delay, self._close_unused)
                return
            pool.drop(connection)


def _take_back(waiter: _Waiter) -> None:
    """Give back what was granted just when the caller went away."""
    granted = waiter.granted
    if not granted.cancel() and not granted.cancelled() and granted.exception() is None:
        waiter.pool.give_back(granted.result())
