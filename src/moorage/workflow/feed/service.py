"""The feed as use cases: read on from a cursor, wait for what comes, see the newest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime

from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.cursors import cursor_key_get, seal, unseal
from moorage.workflow.errors import CursorGone
from moorage.workflow.feed import store
from moorage.workflow.feed.models import BEGINNING, ChangePage, LatestChanges, Place, Selection
from moorage.workflow.lines import LINE

NOW = "now"
"""In the place of a cursor: only what comes from here on."""

MAX_LIMIT = 500
MAX_WAIT_SECONDS = 60.0
# A page of a selection looks through no more changes than this; the next page goes on behind them.
SCANNED = 10_000
# How often a call that waits asks the database, and how often a project that is watched is looked at.
POLL_SECONDS = 0.5
WATCH_SECONDS = 1.0


class ChangeFeed:
    """Read what is done in projects, each change exactly once.

    Args:
        poll_seconds: how long a call that waits rests between two looks.
        watch_seconds: the same for `watch`.
    """

    def __init__(
        self,
        connections: ProjectConnectionManager,
        *,
        poll_seconds: float = POLL_SECONDS,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._connections = connections
        self._poll_seconds = poll_seconds
        self._watch_seconds = watch_seconds

    async def changes(
        self,
        project_name: str,
        cursor: str | None = None,
        *,
        since: datetime | None = None,
        subjects: Sequence[str] | None = None,
        schema_names: Sequence[str] | None = None,
        limit: int = 100,
        wait_seconds: float = 0.0,
    ) -> ChangePage:
        """Return the changes after a cursor, in an order in which nothing is ever put before what was read.

        A change is given once every transaction that was begun before its own has ended, whatever it did; so one that
        stays open on the project's server holds the feed back.

        Args:
            cursor: `next_cursor` of the page before; NOW; None is the oldest change that is kept.
            since: without a cursor, begin with the transaction of the first change at or after this time.
            subjects, schema_names: give only these; None gives all.
            limit: at most so many, 1 to MAX_LIMIT. A page can be shorter, or empty, and still have more behind it.
            wait_seconds: when there is nothing, wait for it so long, at most MAX_WAIT_SECONDS.

        Raises:
            InvalidCursor: it is none of this project.
            CursorGone: the change that it names is no longer in the feed.
            InvalidInput, and those of the project.
        """
        _refuse_unfit(cursor, since, limit, wait_seconds)
        selection = Selection(_tuple_of(subjects), _tuple_of(schema_names))
        ends_at = time.monotonic() + wait_seconds
        while True:
            page = await self._page(project_name, cursor, since, selection, limit)
            rest = ends_at - time.monotonic()
            if page.changes or page.has_more or rest <= 0:
                return page
            cursor, since = page.next_cursor, None
            await asyncio.sleep(min(self._poll_seconds, rest))

    async def latest(self, project_name: str, *, limit: int = 50) -> LatestChanges:
        """Return the newest changes, the last one first."""
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            found = await store.change_latest(connection, limit=limit)
            cursors = await _cursors_of(connection, project)
        return LatestChanges(
            project_name=project.name,
            changes=[change for _, change in found],
            next_cursor=cursors.seal(found[0][0] if found else BEGINNING),
        )

    async def watch(self, project_name: str) -> AsyncGenerator[None]:
        """Yield once when watching has begun, and then each time something new is in the feed."""
        seen = await self._newest(project_name)
        yield
        while True:
            await asyncio.sleep(self._watch_seconds)
            newest = await self._newest(project_name)
            if newest != seen:
                seen = newest
                yield

    async def begin_anew(self, project_name: str) -> None:
        """Let numbers of transactions begin above all that are stored; who writes just now is waited for."""
        async with self._connections.get_project_connection(project_name) as connection:
            await connection.execute(LINE.after_copying)

    async def _newest(self, project_name: str) -> Place | None:
        async with self._connections.get_project_connection(project_name) as connection:
            return await store.change_newest(connection)

    async def _page(
        self, project_name: str, cursor: str | None, since: datetime | None, selection: Selection, limit: int
    ) -> ChangePage:
        project = await self._connections.find_project(project_name)
        scanned = limit + 1 if selection.is_everything else SCANNED
        async with self._connections.connection_to(project) as connection:
            cursors = await _cursors_of(connection, project)
            after = await _start(connection, cursors, cursor, since)
            stretch = await store.change_page(connection, after, selection, limit=limit + 1, scanned=scanned)
        if not stretch.place_is_there and after != BEGINNING:
            raise _gone(project)
        wanted, is_cut = stretch.changes[:limit], len(stretch.changes) > limit
        return ChangePage(
            project_name=project.name,
            changes=[change for _, change in wanted],
            next_cursor=cursors.seal(wanted[-1][0] if is_cut else stretch.scanned_to or after),
            has_more=is_cut or stretch.scanned == scanned,
        )


@dataclass(frozen=True)
class _Cursors:
    """Places of one project's feed as text.

    Attributes:
        purpose: names the project, for databases that were copied from each other have the same key.
    """

    key: bytes
    purpose: str

    def seal(self, place: Place) -> str:
        return seal(self.key, self.purpose, list(place))

    def unseal(self, cursor: str) -> Place:
        return Place(*unseal(self.key, self.purpose, cursor))


async def _cursors_of(connection: Connection, project: Project) -> _Cursors:
    return _Cursors(await cursor_key_get(connection), f"changes of {project.id}")


async def _start(connection: Connection, cursors: _Cursors, cursor: str | None, since: datetime | None) -> Place:
    if cursor == NOW:
        return await store.change_newest(connection) or BEGINNING
    if cursor is not None:
        return cursors.unseal(cursor)
    if since is not None:
        return await store.change_before(connection, since) or BEGINNING
    return BEGINNING


def _gone(project: Project) -> CursorGone:
    return CursorGone(
        f"cursor: the change that it names is no longer in the feed of project {project.name!r}",
        hint="It was purged, or the project was put back to before it. Read the entities anew with query_entities,"
        ' and go on with cursor="now"; or leave the cursor out for the oldest change that is kept.',
        project_name=project.name,
    )


def _refuse_unfit(cursor: str | None, since: datetime | None, limit: int, wait_seconds: float) -> None:
    if cursor is not None and since is not None:
        raise InvalidInput("cursor and since name two places", hint="Pass one of them.")
    if since is not None and since.tzinfo is None:
        raise InvalidInput(f"since: {since} has no time zone", hint="Write it like 2026-11-21T18:30:00Z.")
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit: {limit} is not between 1 and {MAX_LIMIT}", hint="Read page by page.")
    if not 0 <= wait_seconds <= MAX_WAIT_SECONDS:
        raise InvalidInput(
            f"wait_seconds: {wait_seconds} is not between 0 and {MAX_WAIT_SECONDS:g}",
            hint="Call again to go on waiting.",
        )


def _tuple_of(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
