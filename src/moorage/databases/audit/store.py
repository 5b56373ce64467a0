"""The statements about the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from moorage.core.postgres.queries import Executor, load_statements
from moorage.databases.audit.records import AuditEntry, AuditFilter, Entry

_statements = load_statements("moorage.databases.audit")


async def entry_insert(registry: Executor, entries: Sequence[Entry]) -> None:
    """Insert entries, each of another id."""
    await _statements.entry_insert(registry, entries=entries)


async def entry_list(
    registry: Executor, wanted: AuditFilter, *, database_ids: Sequence[str] | None, limit: int
) -> list[AuditEntry]:
    """Return the newest entries that are wanted, of these databases; None is any."""
    rows = await _statements.entry_list(
        registry,
        database_ids=None if database_ids is None else list(database_ids),
        caller=wanted.caller,
        outcome=wanted.outcome,
        kind=wanted.kind,
        fingerprint=wanted.fingerprint,
        since=wanted.since,
        until=wanted.until,
        limit=limit,
    )
    return [_entry(dict(row)) for row in rows]


async def entry_purge(registry: Executor, *, before: datetime, database_id: str | None = None) -> int:
    """Delete what is older, of one database or of all; return how many entries it were."""
    return await _statements.entry_purge(registry, before=before, database_id=database_id)


def _entry(row: dict[str, Any]) -> AuditEntry:
    row |= {"id": row["id"].hex, "continues": row["continues"] and row["continues"].hex}
    return AuditEntry.model_validate({name: value for name, value in row.items() if value is not None})
