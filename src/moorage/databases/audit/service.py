"""Reading the audit log, and deleting what is old in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nlargest
from typing import TYPE_CHECKING

from moorage.core.access import Scope, allow, current_caller
from moorage.core.postgres.errors import translated
from moorage.core.values import Value
from moorage.databases.audit import store
from moorage.databases.audit.files import AuditFiles
from moorage.databases.audit.reading import newest_in
from moorage.databases.audit.records import AuditEntry, AuditFilter, line_before
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.grants import allow_administration

if TYPE_CHECKING:
    from moorage.projects.connections import ProjectConnectionManager

MAX_ENTRIES = 1_000


class AuditPage(Value):
    """Entries, the newest first.

    Attributes:
        is_cut: there are more, or may be.
    """

    entries: tuple[AuditEntry, ...]
    is_cut: bool


class AuditService:
    """What was written down, from the files and from the table.

    Args:
        files: None where none are kept.
        registry: None where there is none.
    """

    def __init__(self, catalog: Catalog, files: AuditFiles | None, registry: ProjectConnectionManager | None) -> None:
        self._catalog = catalog
        self._files = files
        self._registry = registry

    async def entries(
        self, database_id: str | None = None, wanted: AuditFilter | None = None, *, limit: int = 100
    ) -> AuditPage:
        """Return what was done in a database, or in all that the caller may see. For administrators.

        Those of databases that are not there any more are for administrators of everything.

        Args:
            limit: at most so many, 1 to 1,000.

        Raises:
            NotAllowed, DatabaseNotFound, RegistryUnavailable.
        """
        allow(Scope.ADMIN, "reading the audit log")
        wanted, limit = wanted or AuditFilter(), max(1, min(limit, MAX_ENTRIES))
        database_ids = await self._readable(database_id)
        found = await self._in_table(wanted, database_ids, limit + 1)
        in_files, is_cut = await asyncio.to_thread(self._in_files, wanted, database_ids, limit + 1)
        newest = _newest([*in_files, *found], limit + 1)
        return AuditPage(entries=tuple(newest[:limit]), is_cut=is_cut or len(newest) > limit)

    async def purge(self, *, before: datetime, database_id: str | None = None) -> int:
        """Delete what is older, of one database or of all; return how many entries it were.

        Raises:
            NotAllowed, RegistryUnavailable.
        """
        allow_administration("deleting from the audit log")
        return await self.forget(before=before, database_id=database_id)

    async def forget(self, *, before: datetime, database_id: str | None = None) -> int:
        """Delete what is older, in nobody's name."""
        deleted = await asyncio.to_thread(self._purge_files, before, database_id)
        if self._registry is None:
            return deleted
        with translated("deleting from the audit log"):
            return deleted + await store.entry_purge(
                self._registry.registry_pool, before=before, database_id=database_id
            )

    async def _readable(self, database_id: str | None) -> list[str] | None:
        """Return whose entries the caller may read, of those wanted; None is all, also of databases that are gone."""
        if current_caller().is_limited:
            if database_id is None:
                return [each.id for each in await self._catalog.all()]
            await self._catalog.find(database_id)
        return None if database_id is None else [database_id]

    async def _in_table(
        self, wanted: AuditFilter, database_ids: Sequence[str] | None, limit: int
    ) -> Sequence[AuditEntry]:
        if self._registry is None:
            return []
        with translated("reading the audit log"):
            return await store.entry_list(self._registry.registry_pool, wanted, database_ids=database_ids, limit=limit)

    def _in_files(
        self, wanted: AuditFilter, database_ids: Sequence[str] | None, limit: int
    ) -> tuple[list[AuditEntry], bool]:
        """Return the newest of each database, and whether one has more lines than are looked at."""
        if self._files is None:
            return [], False
        ids = self._files.database_ids() if database_ids is None else database_ids
        scans = [newest_in(self._files.lines(each), wanted, limit) for each in ids]
        return [entry for found, _ in scans for entry in found], any(is_cut for _, is_cut in scans)

    def _purge_files(self, before: datetime, database_id: str | None) -> int:
        if self._files is None:
            return 0
        wanted = self._files.database_ids() if database_id is None else [database_id]
        return sum(self._files.purge(each, before=line_before(before)) for each in wanted)


def _newest(entries: Iterable[AuditEntry], limit: int) -> list[AuditEntry]:
    """Return the newest first, each once: what was about to be committed gives way to how it ended."""
    by_id: dict[str, AuditEntry] = {}
    for entry in entries:
        if entry.id not in by_id or by_id[entry.id].outcome == "committing":
            by_id[entry.id] = entry
    return nlargest(limit, by_id.values(), key=lambda entry: entry.at)
