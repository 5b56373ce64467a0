"""Sessions that hold others up, and what keeps old rows alive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moorage.core.shape import Finding
from moorage.databases.connectors.session import Session
from moorage.databases.tuning.amounts import duration, size
from moorage.databases.tuning.health.findings import MOST_OF_A_KIND, Look, error, statements, warning

LONG_SECONDS, VERY_LONG_SECONDS = 300, 3_600
IDLE_SECONDS = 60
LAGGING_SECONDS, LAGGING_BYTES = 60, 256 * 1024**2
KEPT_BYTES, KEPT_MUCH_BYTES = 1024**3, 20 * 1024**3


async def waiting(look: Look) -> list[Finding]:
    """Look for long statements, transactions left open, and sessions that wait for each other."""
    rows = await look.rows(
        statements.session_waiting, long_seconds=LONG_SECONDS, idle_seconds=IDLE_SECONDS, limit=3 * MOST_OF_A_KIND
    )
    return [_about(row) for row in rows]


def _about(row: Mapping[str, Any]) -> Finding:
    who = f"pid {row['pid']} ({row['application'] or row['role_name']})"
    if row["blocked_by"]:
        message = f"waits {duration(row['state_seconds'])} for a lock that pid {row['blocked_by']} holds"
        return warning("blocked", who, message, f"End the transaction of pid {row['blocked_by']} if it is not needed.")
    if str(row["state"]).startswith("idle in transaction"):
        message = f"has left its transaction open for {duration(row['state_seconds'])}; it holds locks and old rows"
        remedy = "Mend the program, or set idle_in_transaction_session_timeout."
        return _by_length(row["state_seconds"], "idle_in_transaction", who, message, remedy)
    message = f"runs a statement for {duration(row['seconds'])}"
    return _by_length(row["seconds"], "long_statement", who, message, "See that it is meant to; set statement_timeout.")


def _by_length(seconds: int, code: str, who: str, message: str, remedy: str) -> Finding:
    return (error if seconds >= VERY_LONG_SECONDS else warning)(code, who, message, remedy)


async def hidden(session: Session) -> str | None:
    """Say how much of other sessions our role may not see; None when it sees all."""
    count = await statements.session_hidden(session)
    return f"{count} sessions of other roles (needs pg_read_all_stats)" if count else None


async def prepared_transactions(look: Look) -> list[Finding]:
    rows = await look.rows(statements.prepared_transaction_old, idle_seconds=LONG_SECONDS, limit=MOST_OF_A_KIND)
    remedy = "COMMIT PREPARED or ROLLBACK PREPARED it; nothing else ever ends it."
    return [
        error("prepared_transaction", row["name"], f"was prepared {duration(row['seconds'])} ago", remedy)
        for row in rows
    ]


async def replicas(look: Look) -> Iterator[Finding]:
    """Look for replicas that are behind."""
    rows = await look.rows(statements.replica_lag, limit=100)
    late = [
        row for row in rows if (row["lag_seconds"] or 0) >= LAGGING_SECONDS or (row["lag_bytes"] or 0) >= LAGGING_BYTES
    ]
    return (
        warning(
            "replica_lags",
            row["name"],
            f"is {duration(row['lag_seconds'] or 0)} and {size(row['lag_bytes'] or 0)} behind",
            "Look at the network, the replica's disk, and long reads on it.",
        )
        for row in late[:MOST_OF_A_KIND]
    )


async def slots(look: Look) -> list[Finding]:
    """Look for replication slots that fill the disk, or that have lost what they are for."""
    rows = await look.rows(statements.slot_holding, limit=100)
    return [found for row in rows if (found := _about_slot(row)) is not None][:MOST_OF_A_KIND]


def _about_slot(row: Mapping[str, Any]) -> Finding | None:
    subject, kept = f"slot {row['name']}", row["kept_bytes"] or 0
    if row["status"] == "lost":
        return error("slot_lost", subject, "has lost the log its reader needs", "Drop it and make the replica anew.")
    if kept < KEPT_BYTES or row["is_active"]:
        return None
    message = f"keeps {size(kept)} of the write-ahead log, and nobody reads it: the disk fills"
    level = error if kept >= KEPT_MUCH_BYTES else warning
    return level("slot_unread", subject, message, "Start its reader, or drop it; set max_slot_wal_keep_size.")
