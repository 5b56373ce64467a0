"""What is written down about one statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

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
    """

    database_id: str
    sql: str
    continues: str | None = None
    id: str = field(default_factory=lambda: uuid4().hex)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kind: StatementKind | None = None
    fingerprint: str = ""
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
        self.kind, self.fingerprint, self.tables = verdict.kind, verdict.fingerprint, verdict.tables
