"""What all connectors have in common: a transaction under terms, and rows read in pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from moorage.databases.models import Cell, Column


@dataclass(frozen=True)
class Terms:
    """What a transaction may do and take; set by the server for this transaction alone.

    Attributes:
        idle_seconds: how long it may lie open between two statements before PostgreSQL ends it.
        role: what it runs as; None is the login role.
    """

    read_only: bool = True
    statement_seconds: float = 30.0
    lock_seconds: float = 2.0
    idle_seconds: float = 70.0
    work_memory_bytes: int = 16 * 1024 * 1024
    temporary_file_bytes: int | None = None
    role: str | None = None
    search_path: tuple[str, ...] = ()


class Cursor(Protocol):
    """The answer of one statement, read in pieces."""

    @property
    def columns(self) -> Sequence[Column]:
        """Empty when the statement gives no rows back."""
        ...

    @property
    def bytes_received(self) -> int:
        """How much of the answer has come over the network so far."""
        ...

    @property
    def rows_affected(self) -> int | None:
        """Rows written, once everything was fetched; None for what only reads."""
        ...

    async def fetch(self, limit: int) -> list[list[Cell]]:
        """Return at most `limit` further rows; fewer only at the end. The first call is what runs the statement.

        Cells are fit for JSON already: whole numbers beyond 2^53, numeric, NaN and infinity are text; json[] is
        RawJson.

        Raises:
            AnswerTooLarge: so much came at once that the connection was given up.
            QueryFailed: PostgreSQL gave up while it ran.
            QueryTookTooLong: it ran into its time limit.
        """
        ...


class Session(Protocol):
    """One transaction. It ends with its context, rolled back unless `commit` was called.

    Statements of our own run by `fetch`, `fetchrow` and `execute` with `$1`, `$2`, ...: what named statements need
    (`moorage.core.postgres.queries.Executor`); what they give back is numbers, booleans and text, lists as JSON. A
    caller's statement runs by `open` alone.
    """

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...

    async def open(self, sql: str, parameters: Sequence[Any]) -> Cursor:
        """Begin a caller's statement: exactly one, its parameters bound by the server.

        The next statement of the session may take its cursor away.

        Raises:
            QueryFailed: PostgreSQL refused it.
            InvalidParameter: the values do not fit.
        """
        ...

    async def commit(self) -> None:
        """Make what was written last; the session is at its end then."""
        ...

    def lend_until(self, wanted: Callable[[], None]) -> None:
        """Say that the session is only held open, to read on: `wanted` is called when somebody needs its connection.

        It is called once, must not wait, and is to have the session ended soon. None of this is needed of connectors
        whose sessions hold nothing that others wait for.
        """
        ...


class Connector(Protocol):
    """One database's connections."""

    def session(self, terms: Terms) -> AbstractAsyncContextManager[Session]:
        """Open a transaction. Cancelling the task inside cancels the statement in PostgreSQL.

        Raises:
            DatabaseUnavailable: it does not answer, or did not a moment ago.
            DatabaseLoginRefused: it refuses to let us in.
            DatabaseBusy: every connection is in use, and none became free in time.
        """
        ...

    async def close(self, patience_seconds: float = 2.0) -> None:
        """End all connections; sessions that are open are given so long to end by themselves."""
        ...
