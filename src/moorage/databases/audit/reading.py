"""Finding entries among the lines of a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from pydantic import ValidationError

from moorage.databases.audit.records import LINE_START, AuditEntry, AuditFilter, line_before
from moorage.databases.definitions import StatementKind

MAX_LINES = 100_000
"""So many lines are looked at, so that a rare thing is not searched for ever."""

LONGEST_STATEMENT = timedelta(hours=1)
"""Lines stand in the order in which statements ended; one that began before `since` is no reason to stop sooner.
Source: the upper bound of `limits.statement_seconds`."""


def newest_in(lines: Iterable[bytes], wanted: AuditFilter, limit: int) -> tuple[list[AuditEntry], bool]:
    """Return at most `limit` entries that are wanted, and whether there may be more.

    Args:
        lines: those written last first.
    """
    found: list[AuditEntry] = []
    ended: set[str] = set()
    oldest = None if wanted.since is None else line_before(wanted.since - LONGEST_STATEMENT)
    for number, line in enumerate(lines):
        if oldest is not None and LINE_START <= line < oldest:
            break
        if number == MAX_LINES or len(found) == limit:
            return found, True
        entry = _entry(line)
        if entry is None or entry.id in ended:  # half a line; or what was about to be committed, and how it ended
            continue
        if entry.kind not in (None, StatementKind.READ):
            ended.add(entry.id)
        if wanted.takes(entry):
            found.append(entry)
    return found, False


def _entry(line: bytes) -> AuditEntry | None:
    """Return what a line holds; None for one that was cut off by the end of its process."""
    try:
        return AuditEntry.model_validate_json(line)
    except ValidationError:
        return None
