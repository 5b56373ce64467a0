"""One transaction on one connection, and the answers of its statements, read in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from moorage.core.errors import MoorageError
from moorage.databases.connectors.cells import menders
from moorage.databases.connectors.driver import DriverConnection
from moorage.databases.connectors.failures import DRIVER_ERRORS, failure_of, statement_failure
from moorage.databases.connectors.messages import CLEAN, END
from moorage.databases.connectors.parameters import bound
from moorage.databases.connectors.session import Terms
from moorage.databases.connectors.type_names import TypeName, TypeNames
from moorage.databases.errors import AnswerTooLarge, DatabaseUnavailable, QueryFailed, QueryTookTooLong
from moorage.databases.models import Cell, Column

MAX_FETCHED_BYTES = 32 * 1024 * 1024
"""What one fetch may bring over the network: twice what an answer may hold at most."""
MAX_BYTES_WITH_LISTS = 2 * 1024 * 1024
"""What brings more at once keeps its arrays as text: lists of all would keep every other caller waiting for seconds."""
GRACE_SECONDS = 5.0
"""How much later than PostgreSQL's own time limit a server that says nothing is given up."""
_WRITING = frozenset({b"INSERT", b"UPDATE", b"DELETE", b"MERGE"})

Result = TypeVar("Result")
Failure = Callable[[BaseException], MoorageError]


class DirectSession:
    """One transaction on one connection.

    Args:
        hold: says that the session is only held open, and how it is asked to leave; None takes that back.
    """

    def __init__(
        self,
        connection: DriverConnection,
        terms: Terms,
        types: TypeNames,
        hold: Callable[[Callable[[], None] | None], None],
    ) -> None:
        self._connection = connection
        self._seconds = terms.statement_seconds + GRACE_SECONDS
        self._types = types
        self._hold = hold
        self._is_lent = False
        self._is_committed = False

    @property
    def ending(self) -> str:
        """What ends the transaction and leaves its connection clean for the next one."""
        return CLEAN if self._is_committed else END

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]:
        return await self.bounded(self._connection.fetch(query, *args))

    async def fetchrow(self, query: str, *args: Any) -> Any:
        return await self.bounded(self._connection.fetchrow(query, *args))

    async def execute(self, query: str, *args: Any) -> str:
        return await self.bounded(self._connection.execute(query, *args))

    async def open(self, sql: str, parameters: Sequence[Any]) -> DirectCursor:
        """Have a statement understood and its parameters fitted; the first `fetch` runs it."""
        received = self._connection.incoming.received
        statement = await self.bounded(
            self._connection.prepare(sql, name=""), lambda error: statement_failure(error, sql)
        )
        kinds = await self._types.of([each.type for each in statement.get_attributes()], self)
        fitting = await self._types.of(statement.get_parameters(), self)
        return DirectCursor(
            self,
            self._connection,
            statement,
            columns=kinds,
            parameters=_Parameters(parameters, fitting),
            received=received,
        )

    async def commit(self) -> None:
        status = await self.bounded(self._connection.execute("COMMIT"), _lost_while_committing)
        if status != "COMMIT":  # of a transaction that had failed
            raise QueryFailed("PostgreSQL rolled the transaction back", hint="A statement in it had failed before.")
        self._is_committed = True

    def lend_until(self, wanted: Callable[[], None]) -> None:
        self._is_lent = True
        self._hold(wanted)

    async def bounded(self, awaited: Awaitable[Result], failure: Failure = failure_of) -> Result:
        """Return what is awaited of the server, within the time and the bytes that one message may take.

        Raises:
            MoorageError: what `failure` makes of an error of the driver.
            AnswerTooLarge: more came than one fetch may bring.
            QueryTookTooLong: the server did not even say that it took too long.
        """
        if self._is_lent:
            self._is_lent = False
            self._hold(None)
        self._connection.incoming.allow(MAX_FETCHED_BYTES)
        try:
            async with asyncio.timeout(self._seconds):
                return await awaited
        except TimeoutError:
            raise _silent(self._seconds) from None
        except DRIVER_ERRORS as error:
            if self._connection.incoming.has_overflowed:
                raise _too_large() from None
            raise failure(error) from error


class _Parameters:
    """What came for the parameters of a statement, and what the server takes for them."""

    def __init__(self, values: Sequence[Any], types: list[TypeName]) -> None:
        self.values = values
        self.types = types
        self.bound = bound(values, types)


class DirectCursor:
    """A portal, read in pieces.

    It is the one without a name, which the next statement of the session closes: one that is open at a rollback is left
    out by what counts statements (pg_stat_statements).
    """

    def __init__(
        self,
        session: DirectSession,
        connection: DriverConnection,
        statement: PreparedStatement,
        *,
        columns: list[TypeName],
        parameters: _Parameters,
        received: int,
    ) -> None:
        self._session = session
        self._connection = connection
        self._statement = statement
        self._sql = statement.get_query()  # a statement does not tell it any more once its connection is cut
        self._parameters = parameters
        self._received = received
        self._kinds = columns
        self._mend = menders(columns)
        self._is_begun = False
        self._is_complete = False
        self._rows_given = 0
        names = [each.name for each in statement.get_attributes()]
        self.columns = tuple(Column(name=name, type=kind.name) for name, kind in zip(names, columns, strict=True))
        self.rows_affected: int | None = None

    @property
    def bytes_received(self) -> int:
        return self._connection.incoming.received - self._received

    async def fetch(self, limit: int) -> list[list[Cell]]:
        if self._is_complete:
            return []
        received = self._connection.incoming.received
        records, status, self._is_complete = await self._session.bounded(self._portal(limit), self._failure)
        self._is_begun = True
        self._rows_given += len(records or ())
        written = _rows_written(status)
        if written is not None:  # of a portal with rows it counts those of the last piece alone
            self.rows_affected = self._rows_given if self.columns else written
        rows = [list(record) for record in records or ()]
        is_heavy = self._connection.incoming.received - received > MAX_BYTES_WITH_LISTS
        for mend in menders(self._kinds, has_lists=False) if is_heavy else self._mend:
            mend(rows)
        return rows

    def _portal(self, limit: int) -> Awaitable[tuple[list[asyncpg.Record] | None, bytes | None, bool]]:
        if self._is_begun:
            return self._connection.run_further(self._statement, limit)
        return self._connection.run_portal(self._statement, self._parameters.bound, limit)

    def _failure(self, error: BaseException) -> MoorageError:
        return statement_failure(error, self._sql, self._parameters.values, self._parameters.types)


def _rows_written(status: bytes | None) -> int | None:
    """Return the number in "INSERT 0 5"; None for what only reads, or is not at its end.

    Source: https://www.postgresql.org/docs/current/protocol-message-formats.html (CommandComplete)
    """
    words = (status or b"").split()
    return int(words[-1]) if len(words) > 1 and words[0] in _WRITING else None


def _silent(seconds: float) -> QueryTookTooLong:
    return QueryTookTooLong(
        f"the server said nothing for {seconds:g} s, its own time limit included, and was given up",
        hint="Look at the server with database_health; then ask for less.",
    )


def _too_large() -> AnswerTooLarge:
    return AnswerTooLarge(
        f"more than {MAX_FETCHED_BYTES // 1024 // 1024} MiB came at once; the statement was ended",
        hint="Leave out large columns, or cut values with left(), substring() or jsonb paths; or aggregate.",
    )


def _lost_while_committing(error: BaseException) -> MoorageError:
    failure = failure_of(error)
    if isinstance(failure, DatabaseUnavailable):
        return DatabaseUnavailable(
            "the connection was lost while committing, so whether it was written is not known",
            hint="Look before you write again.",
        )
    return failure
