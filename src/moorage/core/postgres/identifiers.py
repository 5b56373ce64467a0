"""The only place that turns text into SQL identifiers and strings."""

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


def quote_qualified(schema_name: str, name: str) -> str:
    """Return the quoted name of something in a schema."""
    return f"{quote_identifier(schema_name)}.{quote_identifier(name)}"


def quote_literal(text: str) -> str:
    """Return `text` as a quoted SQL string, for statements that take no parameters and for scripts.

    Raises:
        ValueError: it holds a NUL.
    """
    if "\0" in text:
        raise ValueError("a NUL is no text to PostgreSQL")
    escaped = text.replace("'", "''")
    # Backslashes are escapes only in E'' strings: these read the same whatever standard_conforming_strings is.
    return "'" + escaped + "'" if "\\" not in text else "E'" + escaped.replace("\\", "\\\\") + "'"
