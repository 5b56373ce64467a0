"""Statements that write: tried and rolled back, or committed."""

from __future__ import annotations

from moorage.core.errors import MoorageError
from moorage.core.postgres.queries import load_statements
from moorage.databases.audit.recorder import Recorder
from moorage.databases.connectors.session import Connector, Session, Terms
from moorage.databases.errors import DatabaseUnavailable, NotConfirmed, OutcomeUnknown, QueryFailed
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.notices import write_notices
from moorage.databases.execution.pages import RowReader
from moorage.databases.execution.requests import Run
from moorage.databases.sources.grants import allow_write

statements = load_statements("moorage.databases.execution")


class Writes:
    """Runs what the guard has judged to write, and is allowed by the database's policy."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def write(self, run: Run) -> Answer:
        """Run the statement; what it wrote stays only when the request says commit.

        Raises:
            WriteNotAllowed: the caller may not write here.
            NotConfirmed: it would write other than was agreed to, or nobody can be asked who has to be.
            OutcomeUnknown: the connection was lost over the commit, and nobody can tell.
        """
        allow_write(run.database)
        _refuse_unasked(run)
        async with run.connector.session(run.terms(read_only=False)) as session:
            cursor = await session.open(run.request.sql, run.request.parameters)
            rows, page = RowReader(cursor), run.empty_page(cursor.columns)
            await rows.fill(page)
            await rows.read_to_the_end()
            run.record.rows_affected, run.record.is_committed = cursor.rows_affected, False
            # What is checked at the end of a transaction is checked now, so that a preview tells it as well.
            await statements.constraints_check(session)
            if run.request.commit:
                _refuse_unlike(run, cursor.rows_affected)
                await self._commit(run, session)
        return run.answer(page, cursor, write_notices(page, run.record))

    async def _commit(self, run: Run, session: Session) -> None:
        transaction = await statements.transaction_id(session)
        await self._recorder.before_commit(run.record)
        run.record.is_committed = None  # until that is known
        try:
            await session.commit()
        except QueryFailed:
            run.record.is_committed = False
            raise
        except DatabaseUnavailable as error:
            await _settle(run, transaction, error)
        run.record.is_committed = True


def _refuse_unasked(run: Run) -> None:
    if run.request.commit and run.confirmed_rows is None and run.database.definition.require_confirmation:
        raise NotConfirmed(
            f"writing to {run.database.id!r} needs a person's yes, and this client cannot ask one",
            hint="Use a client that can (elicitation), or `moorage db query` in a terminal.",
        )


def _refuse_unlike(run: Run, rows_affected: int | None) -> None:
    """Refuse to write anything but what a person has seen."""
    if run.confirmed_rows not in (None, rows_affected or 0):
        raise NotConfirmed(
            f"{run.confirmed_rows} rows were agreed to, and now it would be {rows_affected}; nothing was written",
            hint="The data has changed meanwhile: look at it, and ask again.",
        )


async def _settle(run: Run, transaction: str | None, error: DatabaseUnavailable) -> None:
    """Find out whether a commit over which the connection was lost took place; return when it did."""
    status = await _status_of(run.connector, run.terms(), transaction) if transaction else "aborted"
    if status == "aborted":
        run.record.is_committed = False
        raise DatabaseUnavailable(
            "the connection was lost over the commit; PostgreSQL says that nothing was written",
            hint="Call again.",
        ) from error
    if status != "committed":
        raise OutcomeUnknown(
            "the connection was lost over the commit, and the database does not answer: it may be written or not",
            hint=f"Ask once it answers: SELECT pg_xact_status('{transaction}'::xid8), or look at the rows.",
            transaction=transaction,
        ) from error


async def _status_of(connector: Connector, terms: Terms, transaction: str) -> str | None:
    try:
        async with connector.session(terms) as session:
            return await statements.transaction_status(session, transaction=transaction)
    except MoorageError:
        return None
