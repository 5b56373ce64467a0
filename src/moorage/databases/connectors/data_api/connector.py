"""A database that is reached by Amazon's Data API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from time import perf_counter

from moorage.databases.connectors.data_api.calls import DataApi
from moorage.databases.connectors.data_api.sessions import DataApiSession, Translated
from moorage.databases.connectors.health import ConnectorState, Health
from moorage.databases.connectors.session import Terms
from moorage.databases.definitions import RdsDataApi
from moorage.databases.errors import DatabaseBusy, DatabaseLoginRefused, DatabaseUnavailable, SecretUnavailable
from moorage.databases.settings import SqlSettings

_CLOSE_SECONDS = 5.0


class DataApiConnector:
    """The transactions of one database; at most `pool_size` at once."""

    def __init__(self, definition: RdsDataApi, settings: SqlSettings) -> None:
        self._api = DataApi(definition, settings.connect_seconds)
        self._places = asyncio.Semaphore(definition.pool_size)
        self._places_in_all = definition.pool_size
        self._wait_seconds = settings.wait_seconds
        self._open: set[DataApiSession] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._health = Health()
        self._translated: Translated = {}

    @asynccontextmanager
    async def session(self, terms: Terms) -> AsyncGenerator[DataApiSession]:
        session = DataApiSession(self._api, self._translated)
        self._health.want()
        self._health.check()
        await self._place()
        self._open.add(session)
        try:
            await self._begin(session, terms)
            yield session
        finally:
            await asyncio.shield(self._ending(session))

    @property
    def state(self) -> ConnectorState:
        """What is known of the database, without asking it."""
        health = self._health
        return ConnectorState(
            status=health.status,
            since=health.since,
            error=health.error.message if health.error else None,
            next_try_seconds=round(health.seconds_to_next_try, 1) if health.error else None,
            open=len(self._open),
            in_use=len(self._open),
            latency_ms=None if health.latency_seconds is None else round(health.latency_seconds * 1000, 2),
        )

    async def close(self, patience_seconds: float = _CLOSE_SECONDS) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                for _ in range(self._places_in_all):
                    await self._places.acquire()
        self._api.close()

    async def _begin(self, session: DataApiSession, terms: Terms) -> None:
        started = perf_counter()
        try:
            await session.begin(terms)
        except (DatabaseUnavailable, DatabaseLoginRefused, SecretUnavailable) as error:
            self._health.failed(error)
            raise
        self._health.answered(perf_counter() - started)

    async def _place(self) -> None:
        if self._places.locked():
            self._ask_for_one()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise DatabaseBusy(
                f"all {self._places_in_all} transactions of this database are in use",
                hint="Repeat the call in a moment, or raise pool_size of its definition.",
            ) from None

    def _ask_for_one(self) -> None:
        """Let one session go that is only held to read on."""
        for session in self._open:
            if session.wanted is not None:
                wanted, session.wanted = session.wanted, None
                wanted()
                return

    def _ending(self, session: DataApiSession) -> asyncio.Task[None]:
        task = asyncio.create_task(self._end(session))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    async def _end(self, session: DataApiSession) -> None:
        try:
            await session.end()
        finally:
            self._open.discard(session)
            self._places.release()
