"""Writing statements down, however they end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import structlog

from moorage.core.access import current_caller
from moorage.core.errors import Internal, MoorageError
from moorage.core.telemetry.subjects import facts
from moorage.databases.audit.counting import count
from moorage.databases.audit.masking import MAX_BYTES, Masked, masked
from moorage.databases.audit.records import Entry, Outcome, Record
from moorage.databases.errors import (
    AuditUnavailable,
    InvalidStatement,
    NotConfirmed,
    OutcomeUnknown,
    QueryTookTooLong,
    RoleTooPowerful,
    StatementRefused,
    StatementTooLarge,
    WriteNotAllowed,
)
from moorage.databases.settings import AuditSettings

log = structlog.get_logger(__name__)

COMPLAIN_SECONDS = 60.0
_REFUSALS = (InvalidStatement, StatementTooLarge, StatementRefused, WriteNotAllowed, NotConfirmed, RoleTooPowerful)
_OF_CALL = ("tool", "transport", "client", "request_id")


class Sink(Protocol):
    """Where entries go."""

    async def write(self, entry: Entry, *, wait: bool) -> None:
        """Take an entry.

        Args:
            wait: return only when it is safe from the end of this process.

        Raises:
            AuditUnavailable: it is written nowhere.
        """
        ...


class Recorder:
    """Writes down every statement that callers ask for, and counts it.

    What cannot be written down is logged, and goes on; where the settings require it, the caller gets no answer, and
    nothing is committed.

    Args:
        sink: None writes nothing down.
    """

    def __init__(self, settings: AuditSettings | None = None, sink: Sink | None = None) -> None:
        self._settings = settings or AuditSettings()
        self._sink = sink
        self._lost = 0
        self._complained_at = float("-inf")

    @asynccontextmanager
    async def recorded(self, database_id: str, sql: str, *, continues: str | None = None) -> AsyncGenerator[Record]:
        """Run a statement inside; its record is written when that ends, also when it fails or is cancelled.

        Args:
            continues: the id of the record whose answer is read on, with `sql` empty.

        Raises:
            AuditUnavailable: it succeeded, but the settings require what cannot be written.
        """
        record = Record(database_id, sql, continues)
        try:
            yield record
            record.outcome = "ok"
        except BaseException as error:
            record.outcome, record.error_code = _end_of(error)
            raise
        finally:
            count(record)
            await self._write(record, required=record.outcome == "ok" and not record.is_committed)

    async def before_commit(self, record: Record) -> None:
        """Write down that the statement is about to be committed; call it right before that.

        Raises:
            AuditUnavailable: the settings require what cannot be written; do not commit.
        """
        record.outcome = "committing"
        await self._write(record, required=True)

    async def _write(self, record: Record, *, required: bool) -> None:
        """Write a record; where that is `required` by what it tells and by the settings, fail when it fails."""
        if self._sink is None:
            return
        try:
            await self._sink.write(self._entry(record), wait=self._settings.required)
        except AuditUnavailable as error:
            self._complain(error)
            if required and self._settings.required:
                raise

    def _entry(self, record: Record) -> Entry:
        call = facts()
        entry = record.facts()
        entry["caller"] = current_caller().name
        entry.update((name, _storable(call[name])) for name in _OF_CALL if name in call)
        entry.update(self._text(record.sql))
        return {name: value for name, value in entry.items() if value is not None}

    def _text(self, sql: str) -> dict[str, Any]:
        """Return what is kept of a statement's text: as much as the settings say, its length where that is nothing."""
        if not sql:
            return {}
        found = masked(sql)
        shown = self._shown(sql, found)
        return {
            "fingerprint": found and found.fingerprint,
            "statement": shown,
            "statement_characters": len(sql) if shown is None else None,
        }

    def _shown(self, sql: str, found: Masked | None) -> str | None:
        match self._settings.statements:
            case "masked":
                return None if found is None else found.text
            case "full":
                return _storable(sql) if len(sql) <= MAX_BYTES else None
            case "none":
                return None

    def _complain(self, error: AuditUnavailable) -> None:
        """Log that something was not written: at once, then each minute."""
        self._lost += 1
        if time.monotonic() - self._complained_at >= COMPLAIN_SECONDS:
            log.error("audit.not_written", reason=error.message, entries=self._lost)
            self._lost, self._complained_at = 0, time.monotonic()


def _end_of(error: BaseException) -> tuple[Outcome, str | None]:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled", None
    if not isinstance(error, MoorageError):
        return "failed", Internal.code
    if isinstance(error, QueryTookTooLong):
        return "timeout", error.code
    if isinstance(error, OutcomeUnknown):
        return "committing", error.code
    return "refused" if isinstance(error, _REFUSALS) else "failed", error.code


def _storable(text: str) -> str:
    """Return text without what neither JSON in UTF-8 nor PostgreSQL can hold."""
    return text.encode(errors="replace").decode().replace("\0", "?")
