"""Answers that can be read on: their transactions stay open for a while, so that every page is of one moment."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace

from moorage.core.access import current_caller
from moorage.core.errors import MoorageError
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database
from moorage.databases.errors import ReadingEnded
from moorage.databases.execution.pages import RowReader
from moorage.databases.execution.requests import Request

HANDLE_BYTES = 16
_WAY_OUT = "Run the statement again; to read on after a pause, page with ORDER BY a key and WHERE key > the last one."


@dataclass(frozen=True)
class Reading:
    """A statement whose rows were not all given out.

    Attributes:
        database: as it was described when the statement ran.
        held: the transaction; closing it ends that.
        record_id: of what is written down about the first page.
        request: what the page before was asked with.
        caller: the name of who may read on.
    """

    database: Database
    session: Session
    rows: RowReader
    held: AsyncExitStack
    record_id: str
    request: Request
    caller: str = field(default_factory=lambda: current_caller().name)


class Readings:
    """The readings of this process by their handles: each handle is good for one page.

    They end with their time, when there are too many, and when somebody else needs their connection.

    Args:
        seconds: how long each is kept.
        most: how many are kept; one more ends the oldest. None can be kept with 0.
    """

    def __init__(self, *, seconds: float, most: int) -> None:
        self.seconds = seconds
        self._most = most
        self._held: dict[str, tuple[Reading, asyncio.TimerHandle]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def hold(self, reading: Reading) -> str | None:
        """Take a reading over from the caller and return its handle; None, and nothing is taken, when none are kept."""
        if not self._most:
            return None
        if len(self._held) >= self._most:
            self._end(next(iter(self._held)))
        handle = secrets.token_urlsafe(HANDLE_BYTES)
        timer = asyncio.get_running_loop().call_later(self.seconds, self._end, handle)
        self._held[handle] = (replace(reading, held=reading.held.pop_all()), timer)
        reading.session.lend_until(lambda: self._end(handle))
        return handle

    def database_of(self, handle: str) -> str:
        """Return the id of the database that a handle of the current caller belongs to.

        Raises:
            ReadingEnded: there is none.
        """
        reading, _ = self._held.get(handle, (None, None))
        if reading is None or reading.caller != current_caller().name:
            raise ReadingEnded("next is no handle of an answer that is still open", hint=_WAY_OUT)
        return reading.database.id

    def take(self, handle: str, database: Database) -> Reading:
        """Return the reading of a handle, which is good for nothing any more; the transaction is the caller's now.

        Raises:
            ReadingEnded: it is another caller's, of another database or of one that has changed, or is no more.
        """
        if self.database_of(handle) != database.id:
            raise ReadingEnded(f"next belongs to another database than {database.id!r}", hint="Leave out database_id.")
        reading, timer = self._held[handle]
        if reading.database.definition != database.definition:
            self._end(handle)
            raise ReadingEnded(f"the definition of {database.id!r} has changed meanwhile", hint=_WAY_OUT)
        timer.cancel()
        del self._held[handle]
        return reading

    async def close(self) -> None:
        """End all of them."""
        for handle in list(self._held):
            self._end(handle)
        await asyncio.gather(*self._ending)

    def _end(self, handle: str) -> None:
        """End a reading soon: whoever needs its place or its connection waits for that anyway."""
        if handle not in self._held:
            return
        reading, timer = self._held.pop(handle)
        timer.cancel()
        ending = asyncio.create_task(_closed(reading))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


async def _closed(reading: Reading) -> None:
    with suppress(MoorageError):  # of a connection that is gone nothing is left to end
        await reading.held.aclose()
