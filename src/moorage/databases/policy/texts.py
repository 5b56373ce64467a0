"""What is looked at before any parser sees a statement: its length, and what no parser reads well."""

from __future__ import annotations

from moorage.databases.errors import InvalidStatement, StatementTooLarge

MAX_COMMENTS = 200
"""Openers of comments. PostgreSQL's lexer takes time by their square, and no time limit interrupts it."""

_WAY_OUT = "Give values as parameters $1, $2, ...; a longer list fits into one array: = ANY ($1)."


def check_text(sql: str, *, max_bytes: int) -> None:
    """Refuse a text that no parser should be given.

    Raises:
        InvalidStatement: it is empty, or holds what no text of PostgreSQL can hold.
        StatementTooLarge: it is too long, or has too many comments.
    """
    if not sql or sql.isspace():
        raise InvalidStatement("there is no statement in sql", hint="Give one SQL statement.")
    if "\0" in sql:
        raise InvalidStatement(f"sql holds a NUL at character {sql.index(chr(0)) + 1}", hint="Leave it out.")
    _check_length(sql, max_bytes)
    openers = sql.count("/*")
    if openers > MAX_COMMENTS:
        raise StatementTooLarge(
            f"sql opens {openers} comments; at most {MAX_COMMENTS} are read", hint="Leave comments out."
        )


def _check_length(sql: str, max_bytes: int) -> None:
    if len(sql) > max_bytes:  # not encoded: it could be any length
        raise StatementTooLarge(f"sql has {len(sql):,} characters; at most {max_bytes:,} bytes are read", hint=_WAY_OUT)
    try:
        size = len(sql.encode())
    except UnicodeEncodeError as error:
        raise InvalidStatement(
            f"sql holds half of a surrogate pair at character {error.start + 1}", hint="Leave it out."
        ) from None
    if size > max_bytes:
        raise StatementTooLarge(f"sql has {size:,} bytes; at most {max_bytes:,} are read", hint=_WAY_OUT)
