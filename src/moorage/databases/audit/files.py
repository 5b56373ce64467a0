"""Lines of JSON in files, one file a database, written by any number of processes at once.

A line is in the file when `append` returns: nothing is kept back in this process, so a process that is killed loses
none. One lock a file, held for one line, keeps lines whole and lets one process begin a file anew while others write:
whoever gets the lock of a file that is not at its place any more opens the new one.
"""

from __future__ import annotations

import fcntl
import os
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

ENDING = ".jsonl"
MAX_OPEN_FILES = 64
BLOCK_BYTES = 65_536
OWNER_ONLY, FOLDER_OF_OWNER = 0o600, 0o700


class AuditFiles:
    """The files of one folder: `<id>.jsonl`, and the full ones behind it, `<id>.jsonl.1` the newest.

    In names `=` stands for the colon of an id, which not every file system takes.

    Args:
        max_bytes: a file that would grow beyond it is begun anew.
        kept: so many full files stay beside it.
    """

    def __init__(self, folder: Path, *, max_bytes: int, kept: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._kept = kept
        self._open: OrderedDict[str, LogFile] = OrderedDict()

    def append(self, database_id: str, line: bytes) -> None:
        """Write one line, which ends with its newline.

        Raises:
            OSError: it is not there, whole or in part.
        """
        self._file(database_id).append(line)

    def database_ids(self) -> list[str]:
        """Return the databases that have a file, in the order of their ids."""
        return sorted(path.name.removesuffix(ENDING).replace("=", ":") for path in self._folder.glob(f"*{ENDING}"))

    def lines(self, database_id: str) -> Iterator[bytes]:
        """Yield the lines of a database, those written last first."""
        for path in self._paths(database_id):
            with suppress(FileNotFoundError), path.open("rb") as file:
                yield from _backwards(file)

    def purge(self, database_id: str, *, before: bytes) -> int:
        """Delete lines that sort before `before`, as times at their beginning do; return how many it were."""
        if not any(path.exists() for path in self._paths(database_id)):
            return 0
        file = LogFile(self._path(database_id), max_bytes=self._max_bytes, kept=self._kept)
        try:
            return sum(file.purge(path, before) for path in self._paths(database_id))
        finally:
            file.close()

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _file(self, database_id: str) -> LogFile:
        """Return a database's file; the one used longest ago is closed when many are open."""
        file = self._open.get(database_id)
        if file is None:
            file = LogFile(self._path(database_id), max_bytes=self._max_bytes, kept=self._kept)
            self._open[database_id] = file
            if len(self._open) > MAX_OPEN_FILES:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(database_id)
        return file

    def _path(self, database_id: str) -> Path:
        return self._folder / (database_id.replace(":", "=") + ENDING)

    def _paths(self, database_id: str) -> list[Path]:
        path = self._path(database_id)
        return [path, *(_full(path, number) for number in range(1, self._kept + 1))]


class LogFile:
    """One file that lines are added to."""

    def __init__(self, path: Path, *, max_bytes: int, kept: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._descriptor: int | None = None

    def append(self, line: bytes) -> None:
        with self._locked() as (descriptor, size):
            if size == 0 or size + len(line) <= self._max_bytes:
                _write(descriptor, line if _ends_whole(descriptor, size) else b"\n" + line, size)
                return
            self._begin_anew()
        self.append(line)

    def purge(self, path: Path, before: bytes) -> int:
        """Delete the lines that sort before `before` in this file, or in a full one that nobody moves meanwhile.

        Whoever has the file open goes over to the new one.
        """
        with self._locked():
            if not path.exists():
                return 0
            lines = path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if line >= before]
            if len(kept) < len(lines):
                _replace(path, b"".join(kept))
            return len(lines) - len(kept)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def _locked(self) -> Generator[tuple[int, int]]:
        """Hold the lock of the file that is at the place now; yield its descriptor and its size."""
        while True:
            descriptor = self._descriptor if self._descriptor is not None else self._opened()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = self._size_at_place(descriptor)
            if size is not None:
                break
            self.close()  # and with it the lock
        try:
            yield descriptor, size
        finally:
            if self._descriptor is not None:
                fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _opened(self) -> int:
        self._path.parent.mkdir(mode=FOLDER_OF_OWNER, parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        return self._descriptor

    def _size_at_place(self, descriptor: int) -> int | None:
        """Return the size of the file; None when another one, or none, is at its place."""
        ours = os.fstat(descriptor)
        try:
            there = os.stat(self._path)  # noqa: PTH116  (a Path would cost a third of a line's time)
        except FileNotFoundError:
            return None
        return there.st_size if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino) else None

    def _begin_anew(self) -> None:
        """Move the file behind itself; the oldest is overwritten."""
        for number in range(self._kept - 1, 0, -1):
            with suppress(FileNotFoundError):
                _full(self._path, number).replace(_full(self._path, number + 1))
        self._path.replace(_full(self._path, 1))


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_ONLY)
    try:
        _write(descriptor, content, 0)
    finally:
        os.close(descriptor)
    new.replace(path)


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file from its end, holding one block at a time."""
    place, rest = file.seek(0, os.SEEK_END), b""
    while place > 0:
        size = min(BLOCK_BYTES, place)
        place = file.seek(place - size)
        rest, *lines = (file.read(size) + rest).split(b"\n")
        yield from (line for line in reversed(lines) if line)
    if rest:
        yield rest


def _full(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _ends_whole(descriptor: int, size: int) -> bool:
    """Tell whether the last line has its end; that of a process killed in the middle of it has not."""
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _write(descriptor: int, content: bytes, size: int) -> None:
    """Add all of the content to a file of this size, or nothing: half a line would spoil the next one as well."""
    if os.write(descriptor, content) == len(content):
        return
    os.ftruncate(descriptor, size)
    raise OSError(f"only a part of {len(content)} bytes could be written")
