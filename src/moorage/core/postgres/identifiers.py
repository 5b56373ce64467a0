"""The only place that turns text into SQL identifiers."""

from __future__ import annotations

# https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS: NAMEDATALEN - 1.
# Longer names are cut silently, also in the connection packet, so two long names can meet in one database.
MAX_IDENTIFIER_BYTES = 63


def quote_identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier.

    Raises:
        ValueError: it is empty, holds a NUL, or PostgreSQL would cut it.
    """
    if not name or "\0" in name or len(name.encode()) > MAX_IDENTIFIER_BYTES:
        raise ValueError(f"not a usable PostgreSQL identifier: {name[:80]!r}")
    return '"' + name.replace('"', '""') + '"'
