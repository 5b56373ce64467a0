"""Texts of statements as they may be shown: without the values in them, and cut."""

from __future__ import annotations

from moorage.core.errors import MoorageError
from moorage.databases.policy.parsing import normalized
from moorage.databases.policy.texts import check_text

MOST_CHARACTERS_READ = 20_000
NOT_SHOWN = "(text not shown: it is too long, or is not read)"
HIDDEN = "(text of another role: needs pg_read_all_stats)"
CLOSED = "(text not shown: it is not open to callers of this database)"
_HIDDEN_BY_POSTGRESQL = "<insufficient privilege>"


def shown(text: str | None, text_length: int | None, most: int) -> str:
    """Return a statement on one line, with `$1`, `$2`, ... in the place of its values.

    What cannot be read is not shown: PostgreSQL keeps some statements with their values, passwords among them.
    """
    if text is None or text == _HIDDEN_BY_POSTGRESQL:
        return HIDDEN
    whole = without_values(text) if text_length == len(text) else None
    if whole is None:
        return NOT_SHOWN
    line = " ".join(whole.split())
    return line if len(line) <= most else f"{line[:most]}..."


def without_values(text: str) -> str | None:
    """Return a statement with `$1`, `$2`, ... in the place of its values; None when it cannot be read."""
    try:
        check_text(text, max_bytes=4 * MOST_CHARACTERS_READ)
        return normalized(text)
    except (MoorageError, ValueError, RecursionError):
        return None
