"""Writing statements down, however they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from moorage.core.errors import Internal, MoorageError
from moorage.databases.audit.records import Outcome, Record
from moorage.databases.errors import (
    InvalidStatement,
    NotConfirmed,
    QueryTookTooLong,
    RoleTooPowerful,
    StatementRefused,
    StatementTooLarge,
    WriteNotAllowed,
)

_REFUSALS = (InvalidStatement, StatementTooLarge, StatementRefused, WriteNotAllowed, NotConfirmed, RoleTooPowerful)


class Recorder:
    """Writes down every statement that callers ask for."""

    @asynccontextmanager
    async def recorded(self, database_id: str, sql: str, *, continues: str | None = None) -> AsyncGenerator[Record]:
        """Run a statement inside; its record is written when that ends, also when it fails or is cancelled.

        Args:
            continues: the id of the record whose answer is read on, with `sql` empty.
        """
        record = Record(database_id, sql, continues)
        try:
            yield record
        except BaseException as error:
            record.outcome, record.error_code = _end_of(error)
            raise

    async def before_commit(self, record: Record) -> None:
        """Write down that the statement is about to be committed; call it right before that."""


def _end_of(error: BaseException) -> tuple[Outcome, str | None]:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled", None
    if not isinstance(error, MoorageError):
        return "failed", Internal.code
    if isinstance(error, QueryTookTooLong):
        return "timeout", error.code
    return "refused" if isinstance(error, _REFUSALS) else "failed", error.code
