"""Connections to one database kept for its next caller: at most so many, and as many as the budget of all allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from moorage.databases.connectors.budget import Budget, Place
from moorage.databases.connectors.driver import DriverConnection
from moorage.databases.connectors.failures import DRIVER_ERRORS

_CLOSE_SECONDS = 2.0


class Pool:
    """The connections to one database.

    Attributes:
        server: where they lead.
        open: connections that are open, or being opened.
        in_use: those that calls hold.
    """

    def __init__(self, size: int, budget: Budget, *, server: str) -> None:
        self.size = size
        self.server = server
        self.open = 0
        self.in_use = 0
        self._budget = budget
        self._idle: list[DriverConnection] = []
        self._is_retired = False
        self._all_back = asyncio.Event()

    @property
    def has_idle(self) -> bool:
        return bool(self._idle)

    @property
    def waiting(self) -> int:
        return self._budget.waiting_for(self)

    async def take(self) -> Place:
        """Return a place at once where there is one, else when one becomes free.

        Raises:
            DatabaseBusy: none became free in time.
        """
        place = None if self._budget.must_queue(self) else self.try_take()
        return place or await self._budget.wait(self)

    def try_take(self) -> Place | None:
        while self._idle:
            connection = self._idle.pop()
            del self._budget.idle[connection]
            if not connection.is_closed():
                self.in_use += 1
                return Place(self, connection)
            self._forget()
        if self.open >= self.size or not self._budget.has_room():
            return None
        self.open += 1
        self._budget.open += 1
        self.in_use += 1
        return Place(self)

    def give_back(self, place: Place) -> None:
        """Take a place back, with its connection where that is clean, or without."""
        self.in_use -= 1
        if place.connection is None or place.connection.is_closed():
            self._forget()
        elif self._is_retired:
            place.connection.terminate()
            self._forget()
        else:
            self._idle.append(place.connection)
            self._budget.keep(place.connection, self)
        if self.in_use == 0:
            self._all_back.set()
        self._budget.released(place)

    def hold(self, place: Place, wanted: Callable[[], None] | None) -> None:
        """Say that a place is only held: `wanted` is called when somebody waits for it; None takes that back."""
        place.wanted = wanted
        self._budget.hold(place)

    def drop(self, connection: DriverConnection) -> None:
        """Close a connection that is idle."""
        self._idle.remove(connection)
        del self._budget.idle[connection]
        connection.terminate()
        self._forget()

    async def close_idle(self, connection: DriverConnection) -> None:
        """Close a connection that is idle, and return when the server has seen it."""
        self._idle.remove(connection)
        del self._budget.idle[connection]
        try:
            await connection.close(timeout=_CLOSE_SECONDS)
        except DRIVER_ERRORS:
            connection.terminate()
        finally:
            self._forget()

    def drop_idle(self) -> None:
        """Close what is idle: one of them turned out dead, and the others are as old."""
        for connection in tuple(self._idle):
            self.drop(connection)

    def refuse_waiting(self, error: Exception) -> None:
        self._budget.refuse(self, error)

    async def retire(self, patience_seconds: float) -> None:
        """Keep no connection from now on; return when all are back, or patience is at its end."""
        self._is_retired = True
        self.drop_idle()
        self._budget.ask_all_of(self)
        self._all_back.clear()
        if self.in_use:
            try:
                async with asyncio.timeout(patience_seconds):
                    await self._all_back.wait()
            except TimeoutError:
                return

    def _forget(self) -> None:
        self.open -= 1
        self._budget.open -= 1
