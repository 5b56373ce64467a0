"""Where entries go: into files at once, or into a table of the registry in batches, with the files to fall back on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.databases.audit import store
from moorage.databases.audit.files import AuditFiles
from moorage.databases.audit.records import Entry, line_of
from moorage.databases.errors import AuditUnavailable

if TYPE_CHECKING:
    from moorage.projects.connections import ProjectConnectionManager

log = structlog.get_logger(__name__)

BATCH_SECONDS = 0.5
"""How long an entry waits at most for others, and how much a killed process loses where the log is not required."""

INSERT_SECONDS = 5.0
MAX_WAITING = 10_000


class FileSink:
    """Writes each entry into the file of its database before it returns."""

    def __init__(self, files: AuditFiles) -> None:
        self._files = files

    async def write(self, entry: Entry, *, wait: bool = True) -> None:  # noqa: ARG002  (what is written is safe)
        """Write the entry; the file system takes it in microseconds, a thread would cost more."""
        self.write_now(entry)

    def write_now(self, entry: Entry) -> None:
        try:
            self._files.append(entry["database_id"], line_of(entry))
        except OSError as error:
            raise AuditUnavailable(
                f"the audit log cannot be written: {error.strerror or error}",
                hint="Tell whoever runs this server: the folder audit/databases below MOORAGE_HOME takes nothing.",
            ) from error


class TableSink:
    """Writes entries into the registry, several at once; into files while the registry does not take them."""

    def __init__(self, connections: ProjectConnectionManager, files: FileSink) -> None:
        self._connections = connections
        self._files = files
        self._waiting: list[Entry] = []
        self._is_any = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[TableSink]:
        """Write what waits until the end, and the rest then."""
        writing = asyncio.create_task(self._write_regularly())
        try:
            yield self
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self._write_waiting()

    async def write(self, entry: Entry, *, wait: bool) -> None:
        """Take the entry; with `wait` it has a statement of its own."""
        if wait:
            await self._insert([entry])
        elif len(self._waiting) >= MAX_WAITING:
            self._files.write_now(entry)
        else:
            self._waiting.append(entry)
            self._is_any.set()

    async def _write_regularly(self) -> None:
        while True:
            await self._is_any.wait()
            await asyncio.sleep(BATCH_SECONDS)
            await self._write_waiting()

    async def _write_waiting(self) -> None:
        """Write what waits; what can be written nowhere is lost, and the log says so."""
        entries, self._waiting = self._waiting, []
        self._is_any.clear()
        if not entries:
            return
        try:
            await self._insert(entries)
        except AuditUnavailable as error:
            log.exception("audit.not_written", reason=error.message, entries=len(entries))

    async def _insert(self, entries: Sequence[Entry]) -> None:
        """Insert entries; if that fails, or is cancelled, they go into the files, and may then be in both."""
        newest = {entry["id"]: entry for entry in entries}
        try:
            async with asyncio.timeout(INSERT_SECONDS):
                with translated("writing the audit log"):
                    await store.entry_insert(self._connections.registry_pool, list(newest.values()))
        except (MoorageError, TimeoutError) as error:
            log.warning("audit.kept_in_files", reason=str(error) or type(error).__name__, entries=len(newest))
            self._keep_in_files(newest.values())
        except asyncio.CancelledError:
            self._keep_in_files(newest.values())
            raise

    def _keep_in_files(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._files.write_now(entry)
