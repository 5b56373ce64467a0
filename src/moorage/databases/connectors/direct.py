"""PostgreSQL's own protocol, by asyncpg.

Statements of callers go by the extended protocol only, which takes one statement and nothing else. What we send by
the simple one are the terms of a transaction and its end: text of our own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import asyncpg
import structlog

from moorage.core.errors import MoorageError
from moorage.databases.connectors.budget import Budget, Place
from moorage.databases.connectors.dialing import Dialer, FindLogin
from moorage.databases.connectors.driver import DriverConnection
from moorage.databases.connectors.failures import DRIVER_ERRORS, begin_failure
from moorage.databases.connectors.health import FIRST_PAUSE_SECONDS, ConnectorState, Health
from moorage.databases.connectors.messages import END, beginning
from moorage.databases.connectors.metering import CONNECT_FAILURES
from moorage.databases.connectors.pools import Pool
from moorage.databases.connectors.session import Terms
from moorage.databases.connectors.statements import DirectSession
from moorage.databases.connectors.type_names import TypeNames
from moorage.databases.definitions import DirectPostgres
from moorage.databases.errors import DatabaseBusy, DatabaseUnavailable
from moorage.databases.settings import SqlSettings
from moorage.databases.sources.secrets import login_of

log = structlog.get_logger(__name__)

END_SECONDS = 5.0
"""How long the end of a transaction may take, a cancelled statement's included, before the connection is cut."""
CLOSE_SECONDS = 2.0
ROOM_PAUSES_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.4)
"""A server counts a connection for a moment after it was closed, and other calls of ours want its room as well."""


class DirectConnector:
    """The connections to one database.

    Args:
        budget: what the connectors of this process share.
        find_login: returns user and password as they are now.
    """

    def __init__(
        self, definition: DirectPostgres, settings: SqlSettings, budget: Budget, *, find_login: FindLogin = login_of
    ) -> None:
        self._definition = definition
        self._begin_seconds = settings.connect_seconds
        self._budget = budget
        self._dialer = Dialer(definition, settings.connect_seconds, find_login)
        self._pool = Pool(definition.pool_size, budget, server=f"{definition.hostname}:{definition.port}")
        self._health = Health()
        self._types = TypeNames()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_watched = False

    @property
    def state(self) -> ConnectorState:
        """What is known of the database, without asking it."""
        health, pool = self._health, self._pool
        return ConnectorState(
            status=health.status,
            since=health.since,
            error=health.error.message if health.error else None,
            next_try_seconds=round(health.seconds_to_next_try, 1) if health.error else None,
            open=pool.open,
            in_use=pool.in_use,
            waiting=pool.waiting,
            latency_ms=None if health.latency_seconds is None else round(health.latency_seconds * 1000, 2),
        )

    @asynccontextmanager
    async def session(self, terms: Terms) -> AsyncGenerator[DirectSession]:
        self._health.want()
        if not self._pool.has_idle:
            self._health.check()
        place = await self._pool.take()
        try:
            connection = await self._begun(place, terms)
            session = DirectSession(connection, terms, self._types, lambda wanted: self._pool.hold(place, wanted))
            yield session
        except BaseException:
            self._end_aside(place)
            raise
        await self._end(place, session.ending)

    async def close(self, patience_seconds: float = CLOSE_SECONDS) -> None:
        """End all connections; sessions that are open are given a moment, and new ones keep nothing."""
        try:
            await self._pool.retire(patience_seconds)
        finally:  # patience may be cut short, and a tunnel must not outlive us
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._dialer.close()

    async def _begun(self, place: Place, terms: Terms) -> DriverConnection:
        """Begin a transaction: on a connection that lay idle, or where that turns out dead, once more on a new one."""
        if place.connection is not None:
            try:
                return await self._begin(place.connection, terms)
            except DRIVER_ERRORS as error:
                if not _is_dead(place.connection, error):
                    raise begin_failure(error) from error
            place.connection.terminate()
            place.connection = None
            self._pool.drop_idle()
        place.connection = await self._open()
        try:
            return await self._begin(place.connection, terms)
        except DRIVER_ERRORS as error:
            raise begin_failure(error) from error

    async def _begin(self, connection: DriverConnection, terms: Terms) -> DriverConnection:
        version, is_superuser = connection.get_server_version().major, connection.is_superuser
        sent = perf_counter()
        async with asyncio.timeout(self._begin_seconds):
            await connection.execute(beginning(terms, version, is_superuser=is_superuser))
        self._health.answered(perf_counter() - sent)
        return connection

    async def _open(self) -> DriverConnection:
        """Open a connection, and remember how that went."""
        self._health.check()
        with self._health.trying():
            try:
                return await self._dial()
            except DatabaseBusy:
                raise
            except MoorageError as error:
                CONNECT_FAILURES.labels(error.code).inc()
                self._health.failed(error)
                self._pool.refuse_waiting(error)
                if isinstance(error, DatabaseUnavailable):
                    self._watch()
                raise

    async def _dial(self) -> DriverConnection:
        """Open a connection; where the server is full, close what is of less use there and try again, a few times."""
        for pause in ROOM_PAUSES_SECONDS:
            try:
                return await self._dialer.connect()
            except DatabaseBusy:
                await self._budget.make_room_at(self._pool.server)
            await asyncio.sleep(pause)
        return await self._dialer.connect()

    async def _end(self, place: Place, message: str) -> None:
        """End the transaction by a message, and give the connection back, clean or not at all."""
        assert place.connection is not None
        connection, place.connection = place.connection, None
        try:
            async with asyncio.timeout(END_SECONDS):
                await connection.execute(message)
            place.connection = connection
        except DRIVER_ERRORS:  # nothing of the caller's is lost: it was rolled back, or committed before
            log.info("connection.not_clean", database=self._definition.database)
        finally:
            if place.connection is None:
                connection.terminate()
            self._pool.give_back(place)

    def _end_aside(self, place: Place) -> None:
        """End what failed or was cancelled without making its caller wait, who may be gone.

        A cancelled statement is cancelled in PostgreSQL first; the place is taken until that is done. The driver does
        not know yet whether a BEGIN that was cancelled took place.
        """
        if place.connection is None or place.connection.is_closed():
            self._pool.give_back(place)
        else:
            self._start(self._end(place, END))

    def _watch(self) -> None:
        """See to it that somebody notices when the database is back."""
        if not self._is_watched:
            self._is_watched = True
            self._start(self._until_back())

    async def _until_back(self) -> None:
        """Try again after each pause, for as long as calls want the database."""
        try:
            while self._health.is_wanted:
                await asyncio.sleep(max(self._health.seconds_to_next_try, FIRST_PAUSE_SECONDS))
                await self._try_again()
        finally:
            self._is_watched = False

    async def _try_again(self) -> None:
        place = self._pool.try_take()
        if place is None:
            return
        sent = perf_counter()
        try:
            place.connection = await self._open()
            self._health.answered(perf_counter() - sent)
        except MoorageError as error:
            log.info("database.down", database=self._definition.database, reason=error.message)
        finally:
            self._pool.give_back(place)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_dead(connection: DriverConnection, error: BaseException) -> bool:
    """Tell whether a connection failed as one does that was cut while it lay idle: nothing was run by then."""
    return connection.is_closed() or isinstance(error, (TimeoutError, asyncpg.InterfaceError))
