"""Reading statements with PostgreSQL's own grammar, and never with one of ours.

The parser (libpg_query, PostgreSQL 17's grammar) calls itself for each level of a statement, so a long one could need
more stack than its thread has. Long texts are read in one thread with a large stack; the parser holds the
interpreter's lock meanwhile, so waiting for that thread costs others nothing more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, TypeVar

import pgparse  # ty: ignore[import-not-found]  (compiled, without stubs)

from moorage.databases.errors import InvalidStatement, StatementTooLarge

STACK_BYTES = 64 * 1024 * 1024
"""Enough for a megabyte of `1+1+1+...`: measured, each of its levels takes less than 100 bytes."""

SHORT_CHARACTERS = 2_000
"""A text of this length nests too little to fill any thread's stack."""

_EXCERPT_CHARACTERS = 40
_MESSAGE_CHARACTERS = 200

Tree = dict[str, Any]
_Result = TypeVar("_Result")


def parse(sql: str) -> list[Tree]:
    """Return the trees of the statements in a text, as PostgreSQL's own parser makes them.

    Raises:
        InvalidStatement: it is no SQL; the message has PostgreSQL's words, the place, and an excerpt.
        StatementTooLarge: it is nested deeper than is read.
    """
    return _read(pgparse.parse, sql)


def parse_function(definition: str) -> list[Tree]:
    """Return the tree of a function in PL/pgSQL, given its CREATE FUNCTION.

    Raises:
        InvalidStatement: it cannot be read.
        StatementTooLarge: it is nested deeper than is read.
    """
    try:
        return _deep(lambda: pgparse.parse_pgsql(definition))
    except (pgparse.PGQueryError, ValueError) as error:
        raise InvalidStatement(str(error)[:_MESSAGE_CHARACTERS]) from None
    except RecursionError:
        raise _too_deep() from None


@lru_cache(maxsize=256)
def fingerprint(sql: str) -> str:
    """Return what statements have in common that differ in values alone; it fails as `parse` does."""
    return _read(pgparse.fingerprint, sql)


def normalized(sql: str) -> str:
    """Return the text with `$1`, `$2`, ... in the place of its values; it fails as `parse` does."""
    return _read(pgparse.normalize, sql)


def _read(read: Callable[[str], _Result], sql: str) -> _Result:
    try:
        return _deep(lambda: read(sql)) if len(sql) > SHORT_CHARACTERS else _shallow(read, sql)
    except pgparse.PGQueryError as error:
        raise _syntax_error(sql, error) from None
    except RecursionError:
        raise _too_deep() from None


def _shallow(read: Callable[[str], _Result], sql: str) -> _Result:
    try:
        return read(sql)
    except RecursionError:  # what called us took a part of the levels that Python allows; a thread begins anew
        return _deep(lambda: read(sql))


def _deep(read: Callable[[], _Result]) -> _Result:
    return _reader().submit(read).result()


@cache
def _reader() -> ThreadPoolExecutor:
    """Return the one thread with a large stack; memory for it is taken only as far as it is used."""
    reader = ThreadPoolExecutor(1, thread_name_prefix="sql-parser")
    before = threading.stack_size(STACK_BYTES)
    try:
        reader.submit(int).result()
    finally:
        threading.stack_size(before)
    return reader


def _too_deep() -> StatementTooLarge:
    return StatementTooLarge(
        "the statement is nested deeper than is read: some hundred operators or subqueries inside each other",
        hint="Use IN (...), = ANY ($1), VALUES, or shorter chains of operators.",
    )


def _syntax_error(sql: str, error: pgparse.PGQueryError) -> InvalidStatement:
    message = str(error.message)[:_MESSAGE_CHARACTERS]
    place = (error.position or 0) - 1
    if not 0 <= place <= len(sql):
        return InvalidStatement(message, hint="Give one statement in PostgreSQL's SQL.")
    line = sql.count("\n", 0, place) + 1
    column = place - (sql.rfind("\n", 0, place) + 1) + 1
    return InvalidStatement(
        f"{message} (line {line}, column {column})\n{_excerpt(sql, place)}",
        hint="Give one statement in PostgreSQL's SQL.",
        line=line,
        column=column,
    )


def _excerpt(sql: str, place: int) -> str:
    """Return the line around a place with a caret under it."""
    first = max(sql.rfind("\n", 0, place) + 1, place - _EXCERPT_CHARACTERS)
    end = sql.find("\n", place)
    last = min(len(sql) if end < 0 else end, place + _EXCERPT_CHARACTERS)
    return f"  {sql[first:last]}\n  {' ' * (place - first)}^"
