"""What callers ask, and what is known of it while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from moorage.databases.audit.records import Record
from moorage.databases.connectors.connections import terms_of
from moorage.databases.connectors.session import Connector, Cursor, Terms
from moorage.databases.definitions import Database
from moorage.databases.errors import InvalidStatement
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.pages import Bounds, Page
from moorage.databases.execution.writing import Format
from moorage.databases.models import Column

Confirm = Callable[[str], Awaitable[bool]]
"""Asks a person; False is no, or no answer."""


@dataclass(frozen=True)
class Request:
    """What a caller asks.

    Attributes:
        max_rows, max_bytes, statement_seconds: None is what the database's limits say; never more than they allow.
        commit: keep what is written; without it a statement that writes is tried and rolled back.
        next: the handle of an answer that was cut; `sql` is empty then.
        reads_on: keep what is left of an answer that is cut, so that it can be read on.
    """

    sql: str
    parameters: Sequence[Any] = ()
    max_rows: int | None = None
    max_bytes: int | None = None
    statement_seconds: float | None = None
    format: Format = Format.JSON
    commit: bool = False
    next: str | None = None
    reads_on: bool = True

    def within(self, earlier: Request) -> Request:
        """Return the request with the limits of an earlier one where it names none of its own."""
        max_rows, max_bytes = self.max_rows or earlier.max_rows, self.max_bytes or earlier.max_bytes
        return replace(self, max_rows=max_rows, max_bytes=max_bytes)


@dataclass(frozen=True)
class Run:
    """One request under way.

    Attributes:
        record: what is written down about it.
        confirmed_rows: how many rows a person has agreed to write; None where nobody was asked.
    """

    database: Database
    connector: Connector
    request: Request
    record: Record
    confirmed_rows: int | None = None

    def terms(self, *, read_only: bool = True, idle_seconds: float | None = None) -> Terms:
        """Return what the transaction may do and take."""
        most = self.database.limits.statement_seconds
        seconds = min(self.request.statement_seconds or most, most)
        terms = terms_of(self.database, read_only=read_only, statement_seconds=seconds)
        return terms if idle_seconds is None else replace(terms, idle_seconds=idle_seconds)

    def empty_page(self, columns: Sequence[Column]) -> Page:
        """Return the page of its answer before any row is there."""
        request = self.request
        bounds = Bounds.of(self.database.limits, max_rows=request.max_rows, max_bytes=request.max_bytes)
        return Page(bounds, request.format, bytes=len(request.format.head_of(columns).encode()))

    def answer(self, page: Page, cursor: Cursor, notices: Sequence[str], *, next_handle: str | None = None) -> Answer:
        """Return the answer, and write down how much of it there is."""
        record = self.record
        record.rows, record.bytes = len(page.rows), page.bytes
        record.cut_by = page.cut_by or ("cells" if page.values_cut else None)
        return Answer(
            database=self.database.id,
            columns=cursor.columns,
            rows=page.rows,
            lines=page.lines,
            format=page.format,
            cut_by=record.cut_by,
            next=next_handle,
            rows_affected=record.rows_affected,
            is_committed=record.is_committed,
            notices=tuple(notices),
            kind=record.kind,
            tables=record.tables,
        )


def refuse_unfit(request: Request) -> None:
    """Refuse what is no text that PostgreSQL knows, before anything looks at it."""
    if not request.sql.strip():
        raise InvalidStatement("sql is empty", hint="Write one statement of SQL.")
    try:
        request.sql.encode()
    except UnicodeEncodeError as error:
        raise InvalidStatement(
            f"sql has half of a surrogate pair at character {error.start + 1}", hint="Leave it out."
        ) from None
