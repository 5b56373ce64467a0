"""Ending for good what the settings no longer keep: deleted entities, old changes of the feed, answered requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.entities import store
from moorage.workflow.entities.models import PurgeReport
from moorage.workflow.settings import WorkflowSettings

# So many rows a transaction: others wait for no longer than these take, and what is done stays done.
BATCH_ROWS = 1_000


@dataclass(frozen=True)
class Limits:
    """What is older goes."""

    deleted_before: datetime
    changes_before: datetime
    requests_before: datetime


class PurgeService:
    """End what is kept no longer; a project that is full can be purged, an archived one cannot."""

    def __init__(
        self, connections: ProjectConnectionManager, settings: WorkflowSettings, *, batch_rows: int = BATCH_ROWS
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._batch_rows = batch_rows

    async def purge(self, project_name: str, *, dry_run: bool = False) -> PurgeReport:
        """End what the settings no longer keep, in batches; repeating it after an interruption goes on.

        Args:
            dry_run: only count.

        Raises:
            ProjectArchived, and those of reading.
        """
        limits = self._limits(datetime.now(UTC))
        async with self._connections.get_project_connection(project_name) as connection:
            act = _count if dry_run else self._purge
            entities, changes, requests = await act(connection, limits)
        return PurgeReport(
            project_name=project_name, entities=entities, changes=changes, requests=requests, dry_run=dry_run
        )

    def _limits(self, now: datetime) -> Limits:
        kept = self._settings
        return Limits(
            now - timedelta(days=kept.keep_deleted_days),
            now - timedelta(days=kept.keep_changes_days),
            now - timedelta(hours=kept.keep_requests_hours),
        )

    async def _purge(self, connection: Connection, limits: Limits) -> tuple[int, int, int]:
        actor, rows = current_caller().name, self._batch_rows
        place = await store.change_last_old(connection, limits.changes_before)
        return (
            await self._all(lambda: store.entity_purge(connection, limits.deleted_before, limit=rows, actor=actor)),
            await self._all(lambda: store.change_purge(connection, place, limit=rows)),
            await self._all(lambda: store.request_purge(connection, limits.requests_before, limit=rows)),
        )

    async def _all(self, purge: Callable[[], Awaitable[int]]) -> int:
        """Repeat a statement, each time a transaction of its own, until little is left for it to do."""
        done = 0
        while True:
            purged = await purge()
            done += purged
            if purged < self._batch_rows:
                return done


async def _count(connection: Connection, limits: Limits) -> tuple[int, int, int]:
    place = await store.change_last_old(connection, limits.changes_before)
    row = await store.purge_count(
        connection, deleted_before=limits.deleted_before, place=place, requests_before=limits.requests_before
    )
    return row["entities"], row["changes"], row["requests"]
