"""Running a caller's statement."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

from moorage.databases.audit.recorder import Recorder
from moorage.databases.connectors.connections import Connections
from moorage.databases.definitions import Database, StatementKind
from moorage.databases.errors import NotConfirmed, QueryFailed
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.nearest import advise
from moorage.databases.execution.notices import question, read_notices
from moorage.databases.execution.pages import RowReader
from moorage.databases.execution.readings import Reading, Readings
from moorage.databases.execution.requests import Confirm, Request, Run, refuse_unfit
from moorage.databases.execution.writes import Writes
from moorage.databases.policy.guard import Guard
from moorage.databases.settings import SqlSettings

IDLE_GRACE_SECONDS = 10.0
"""PostgreSQL ends a transaction that is read on only after this process should have: for processes that die."""

__all__ = ["Confirm", "Request", "Runner"]


class Runner:
    """Runs callers' statements: judged, in a transaction of their own, within limits, written down."""

    def __init__(self, connections: Connections, guard: Guard, recorder: Recorder, settings: SqlSettings) -> None:
        self._connections = connections
        self._guard = guard
        self._recorder = recorder
        self._writes = Writes(recorder)
        self._readings = Readings(seconds=settings.reading_seconds, most=settings.max_readings)
        self._idle_seconds = settings.reading_seconds + IDLE_GRACE_SECONDS

    async def run(self, database: Database, request: Request, confirm: Confirm | None = None) -> Answer:
        """Run one statement, or read on in its answer; what is left out is said in the answer.

        Args:
            confirm: asks a person before something is written; None where nobody can be asked.
        """
        if request.next is not None:
            return await self._read_on(database, request, request.next)
        if request.commit and confirm is not None:
            return await self._run_confirmed(database, request, confirm)
        return await self._run(database, request)

    def database_of(self, handle: str) -> str:
        """Return the id of the database in which a handle reads on.

        Raises:
            ReadingEnded: there is nothing to read on for this caller.
        """
        return self._readings.database_of(handle)

    async def close(self) -> None:
        """End everything that could be read on."""
        await self._readings.close()

    async def _run_confirmed(self, database: Database, request: Request, confirm: Confirm) -> Answer:
        """Try the statement, ask whether that is what is meant, and write exactly that.

        Locks are not held while a person thinks: it runs again, and is refused when it would write more or less.
        """
        tried = await self._run(database, replace(request, commit=False))
        if tried.is_committed is None:
            return tried
        if await confirm(question(request, tried)):
            return await self._run(database, request, confirmed_rows=tried.rows_affected or 0)
        async with self._recorder.recorded(database.id, request.sql):
            raise NotConfirmed("a person was asked whether to write and did not say yes; nothing was written")

    async def _run(self, database: Database, request: Request, *, confirmed_rows: int | None = None) -> Answer:
        async with self._recorder.recorded(database.id, request.sql) as record:
            refuse_unfit(request)
            run = Run(database, await self._connections.to(database), request, record, confirmed_rows)
            try:
                return await self._read(run) or await self._writes.write(run)
            except QueryFailed as error:
                await advise(error, run)
                raise

    async def _read(self, run: Run) -> Answer | None:
        """Run a statement that reads; None when it writes, and then it did not run."""
        async with AsyncExitStack() as held:
            terms = run.terms(idle_seconds=self._idle_seconds)
            session = await held.enter_async_context(run.connector.session(terms))
            verdict = await self._guard.judge(run.request.sql, run.database, session)
            run.record.judged(verdict)
            if verdict.kind is not StatementKind.READ:
                return None
            rows = RowReader(await session.open(run.request.sql, run.request.parameters))
            return await self._page(run, Reading(run.database, session, rows, held, run.record.id, run.request))

    async def _read_on(self, database: Database, request: Request, handle: str) -> Answer:
        reading = self._readings.take(handle, database)
        async with self._recorder.recorded(database.id, "", continues=reading.record_id) as record, reading.held:
            further = request.within(reading.request)
            run = Run(database, await self._connections.to(database), further, record)
            return await self._page(run, replace(reading, request=further))

    async def _page(self, run: Run, reading: Reading) -> Answer:
        """Give out what the limits allow; what remains is kept for whoever reads on."""
        page = run.empty_page(reading.rows.cursor.columns)
        has_more = await reading.rows.fill(page)
        handle = self._readings.hold(reading) if has_more and run.request.reads_on else None
        notices = read_notices(page, reading_seconds=self._readings.seconds if handle else None)
        return run.answer(page, reading.rows.cursor, notices, next_handle=handle)
