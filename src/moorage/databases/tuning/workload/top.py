"""The statements that a database is busiest with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from moorage.core.errors import MoorageError
from moorage.core.postgres.queries import Row, load_statements
from moorage.core.values import Value
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database
from moorage.databases.policy.guard import Guard
from moorage.databases.policy.tables import has_rules
from moorage.databases.tuning.amounts import size
from moorage.databases.tuning.workload.texts import CLOSED, MOST_CHARACTERS_READ, shown

Measure = Literal["total_time", "mean_time", "calls", "rows", "reads", "temp", "wal"]

SHOWN_CHARACTERS = 300
BLOCK_BYTES = 8_192
INSTALLING = (
    "pg_stat_statements is not installed here. An administrator adds it to shared_preload_libraries, restarts"
    " the server, and runs CREATE EXTENSION pg_stat_statements; until then only what runs now is known."
)
UPDATING = (
    "pg_stat_statements is of an old version here: ALTER EXTENSION pg_stat_statements UPDATE; then it can be read."
)
_statements = load_statements("moorage.databases.tuning.workload")


class BusyStatement(Value):
    """One statement with what it took since its statistics began.

    Attributes:
        sql: without values, on one line, cut; or why it is not shown.
        text: as PostgreSQL keeps it; None where it is longer than is read.
        share: of what is ordered by, of all statements of this database.
    """

    sql: str
    text: str | None
    share: float
    calls: int
    total_ms: float
    mean_ms: float
    rows: int
    blocks_read: int
    blocks_found: int
    temporary_blocks: int
    wal_bytes: float


@dataclass(frozen=True)
class Workload:
    """What a database is busy with.

    Attributes:
        statements: the first takes the most of what they are ordered by.
        running: lines on what runs at this moment, where no statistics are kept.
        notice: why there are no statistics; None when there are.
    """

    database: str
    by: Measure
    statements: Sequence[BusyStatement] = ()
    running: Sequence[str] = ()
    notice: str | None = None

    def as_text(self) -> str:
        """Return it for a model: one statement a line, with what it took."""
        lines = [f"{self.database}, by {self.by}:", *(_line(each, self.by) for each in self.statements)]
        if self.notice:
            lines = [self.notice, *(self.running or ["Nothing else runs now."])]
        elif not self.statements:
            lines.append("Nothing is counted yet.")
        return "\n".join(lines)


async def workload_of(
    database: Database, connections: Connections, guard: Guard, *, by: Measure, limit: int
) -> Workload:
    """Return the statements that took the most, of this database only."""
    connector, terms = await connections.to(database), terms_of(database)
    async with connector.session(terms) as session:
        place = await _statements.extension_place(session)
        if place is None or not place["has_columns"]:
            notice = INSTALLING if place is None else UPDATING
            return Workload(database.id, by, running=await _running(session, limit), notice=notice)
    async with connector.session(replace(terms, search_path=(place["schema_name"],))) as session:
        rows = await _statements.statement_top(session, by=by, limit=limit, max_characters=MOST_CHARACTERS_READ)
        busy = [_busy(row) for row in rows]
        if has_rules(database.definition):
            busy = [await _as_open(each, guard, database, session) for each in busy]
    return Workload(database.id, by, busy)


async def _running(session: Session, limit: int) -> list[str]:
    rows = await _statements.statement_running(session, limit=limit, max_characters=MOST_CHARACTERS_READ)
    return [
        f"{row['seconds'] or 0:,.1f} s pid {row['pid']} {row['role_name']} {row['waits_for']}:"
        f" {shown(row['query'], row['text_length'], SHOWN_CHARACTERS)}"
        for row in rows
    ]


def _busy(row: Row) -> BusyStatement:
    is_whole = row["query"] is not None and row["text_length"] == len(row["query"])
    return BusyStatement(
        sql=shown(row["query"], row["text_length"], SHOWN_CHARACTERS),
        text=row["query"] if is_whole else None,
        share=row["measure"] / row["whole"],
        **{name: row[name] for name in BusyStatement.model_fields.keys() - {"sql", "text", "share"}},
    )


async def _as_open(busy: BusyStatement, guard: Guard, database: Database, session: Session) -> BusyStatement:
    """Hide the text of a statement that the caller could not have planned: it may name what the rules keep hidden."""
    try:
        await guard.judge(busy.text or "", database, session, purpose="plan")
    except MoorageError:
        return busy.model_copy(update={"sql": CLOSED, "text": None})
    return busy


def _line(busy: BusyStatement, by: Measure) -> str:
    share = "" if by == "mean_time" else f"{busy.share:.1%} | "  # means add up to nothing
    return f"{share}{', '.join(_figures(busy))} | {busy.sql}"


def _figures(busy: BusyStatement) -> Iterator[str]:
    yield f"{busy.calls:,} calls"
    yield f"{busy.mean_ms:,.2f} ms each"
    yield f"{busy.total_ms / 1000:,.1f} s in all"
    yield f"{busy.rows / max(busy.calls, 1):,.1f} rows each"
    if busy.blocks_read:
        yield f"{size(busy.blocks_read * BLOCK_BYTES)} read"
    if busy.temporary_blocks:
        yield f"{size(busy.temporary_blocks * BLOCK_BYTES)} of temporary files"
    if busy.wal_bytes:
        yield f"{size(busy.wal_bytes)} of log"
