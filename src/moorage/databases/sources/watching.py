"""Files that say which databases there are: read again when they change, as a whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, time
from typing import Generic, TypeVar

import structlog

from moorage.core.errors import MoorageError

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
# Many editors empty a file and fill it again; one that was written just now is left alone for a moment.
SETTLE_SECONDS = 0.1
_SETTLING_ROUNDS = 5
T = TypeVar("T")
Stamp = tuple[tuple[int, int, int] | None, ...]


class Watched(Generic[T]):
    """A value that is read from files.

    Args:
        first: the value as it was read at the start.
        files: looked at, at most every `LOOK_SECONDS`; one that is not there may come.
        read: reads the value anew, in a thread; what it raises leaves the value as it was. None keeps the first.

    Attributes:
        value: as last read well.
        problem: why the files, as they stand now, are not followed; None while they are.
    """

    def __init__(self, first: T, files: Sequence[Path] = (), read: Callable[[], T] | None = None) -> None:
        self.value = first
        self.problem: str | None = None
        self._files = tuple(files)
        self._read = read
        self._stamp = _stamp(self._files)
        self._looked_at = monotonic()
        self._reading: asyncio.Lock = asyncio.Lock()

    @property
    def is_due(self) -> bool:
        return monotonic() - self._looked_at >= LOOK_SECONDS

    async def look(self) -> bool:
        """Read the files if they changed; return whether there is a new value.

        Who looks while another reads waits for nothing and goes on with the value there is.
        """
        self._looked_at = monotonic()
        if self._reading.locked() or _stamp(self._files) == self._stamp:
            return False
        async with self._reading:
            await self._settled()
            return await self._read_now()

    async def read(self) -> bool:
        """Read the files now; return whether they could be."""
        async with self._reading:
            return await self._read_now()

    async def _read_now(self) -> bool:
        if self._read is None:
            return False
        stamp = _stamp(self._files)
        emptied = self._emptied(stamp)
        if emptied is not None:  # and it counts as changed until something is in it
            self._tell(f"{emptied} is empty; `databases: {{}}` would mean that there are none")
            return False
        try:
            self.value = await asyncio.to_thread(self._read)
        except MoorageError as error:
            self._stamp = stamp
            self._tell(error.message)
            return False
        # Of before: what is written meanwhile is read the next time. Kept when the call was cancelled: then by another.
        self._stamp = stamp
        self.problem = None
        log.info("databases.read", files=[str(each) for each in self._files])
        return True

    async def _settled(self) -> None:
        """Wait until nobody has written for a moment; not for ever, since somebody may write all the time."""
        for _ in range(_SETTLING_ROUNDS):
            age = time() - max((stamp[0] / 1e9 for stamp in _stamp(self._files) if stamp), default=0)
            if not 0 <= age < SETTLE_SECONDS:
                return
            await asyncio.sleep(SETTLE_SECONDS - age)

    def _emptied(self, stamp: Stamp) -> Path | None:
        """Return a file that has lost all it held, as a full disk leaves it behind."""
        for file, before, now in zip(self._files, self._stamp, stamp, strict=True):
            if before and before[1] and now and not now[1]:
                return file
        return None

    def _tell(self, problem: str) -> None:
        if self.problem != problem:
            log.warning("databases.kept", problem=problem)
        self.problem = problem


def _stamp(files: Sequence[Path]) -> Stamp:
    """Return what changes with the files; a name that leads to another file, as in Kubernetes, is a change too."""
    return tuple(map(_stamp_of, files))


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
