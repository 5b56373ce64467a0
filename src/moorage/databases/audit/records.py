"""What is written down about one statement, and what is read of it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from time import perf_counter
from typing import Any, Literal

from pydantic import AwareDatetime

from moorage.core.values import GivenValue, Value
from moorage.databases.definitions import StatementKind
from moorage.databases.policy.guard import Verdict

Outcome = Literal["ok", "refused", "failed", "timeout", "cancelled", "committing"]


@dataclass(slots=True)
class Record:
    """One statement, from before it is looked at; whoever runs it adds what turns out.

    Attributes:
        sql: the caller's text; empty where an answer is read on.
        continues: the id of the record whose answer is read on; None at the beginning.
        rows: given back.
        rows_affected: written, or tried; None for what only reads.
        bytes: of the answer.
        is_committed: None for what only reads, False for a preview.
        cut_by: which limit left something of the answer out.
        outcome: "committing" until it is known whether the commit succeeded, which may be never.
    """

    database_id: str
    sql: str
    continues: str | None = None
    id: str = field(default_factory=lambda: token_hex(16))
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=perf_counter)
    kind: StatementKind | None = None
    tables: tuple[str, ...] = ()
    rows: int | None = None
    rows_affected: int | None = None
    bytes: int | None = None
    is_committed: bool | None = None
    cut_by: str | None = None
    outcome: Outcome = "ok"
    error_code: str | None = None

    def judged(self, verdict: Verdict) -> None:
        """Add what the guard found out."""
        self.kind, self.tables = verdict.kind, verdict.tables

    def facts(self) -> dict[str, Any]:
        """Return what is kept of it besides its text, the time first, by which lines are told apart."""
        return {
            "at": _moment(self.at),
            "id": self.id,
            "database_id": self.database_id,
            "outcome": self.outcome,
            "error_code": self.error_code,
            "duration_ms": round((perf_counter() - self.started) * 1000, 3),
            "kind": self.kind,
            "tables": self.tables or None,
            "rows": self.rows,
            "rows_affected": self.rows_affected,
            "bytes": self.bytes,
            "is_committed": self.is_committed,
            "cut_by": self.cut_by,
            "continues": self.continues,
        }


class AuditEntry(Value):
    """A statement as it was written down.

    Attributes:
        statement: its text as far as the settings keep it; None where they do not, or it could not be masked.
        statement_characters: the length of a text that is not kept.
        tool, transport, client, request_id: of the call it was part of; None from the command line.
    """

    at: datetime
    id: str
    database_id: str
    caller: str
    outcome: Outcome
    error_code: str | None = None
    duration_ms: float
    kind: str | None = None
    fingerprint: str | None = None
    tables: tuple[str, ...] = ()
    statement: str | None = None
    statement_characters: int | None = None
    rows: int | None = None
    rows_affected: int | None = None
    bytes: int | None = None
    is_committed: bool | None = None
    cut_by: str | None = None
    continues: str | None = None
    tool: str | None = None
    transport: str | None = None
    client: str | None = None
    request_id: str | None = None


class AuditFilter(GivenValue):
    """Which entries are wanted; what is None does not matter.

    Attributes:
        since, until: when the statement began; `until` itself is left out.
    """

    caller: str | None = None
    outcome: Outcome | None = None
    kind: StatementKind | None = None
    fingerprint: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def takes(self, entry: AuditEntry) -> bool:
        asked = {"caller": self.caller, "outcome": self.outcome, "kind": self.kind, "fingerprint": self.fingerprint}
        return (
            all(value is None or getattr(entry, name) == value for name, value in asked.items())
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


Entry = Mapping[str, Any]
"""An `AuditEntry` on its way out: JSON-ready, without what is None."""

LINE_START = b'{"at":"'
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def line_of(entry: Entry) -> bytes:
    """Return an entry as a line of JSON; a lone surrogate, which no text can hold, becomes a question mark."""
    return (_encode(entry) + "\n").encode(errors="replace")


def line_before(at: datetime) -> bytes:
    """Return what sorts before every line of this moment or a later one, and after those of earlier ones."""
    return LINE_START + _moment(at).encode()


def _moment(at: datetime) -> str:
    """Return a moment as entries have it, always of the same length, so that their text sorts as they do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
