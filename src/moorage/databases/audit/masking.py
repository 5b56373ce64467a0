"""Statements without the values in them, as they may be kept.

PostgreSQL's own grammar puts `$1`, `$2`, ... in the place of values. Some it leaves: those inside definitions (a
default, a check, a view's body, a comment on a table), and what stands in comments. So comments are taken out of what
is left, numbers become `?`, and the text ends at the first quote: before that one nothing can be inside a string.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pgparse  # ty: ignore[import-not-found]  (compiled, without stubs)

MAX_CHARACTERS = 8_000
"""Of a longer statement no text is kept: its terms could be nested deeper than the stack of this thread is."""

MAX_COMMENTS = 100
"""The time to read openers of comments inside each other grows with their square."""

REMEMBERED_CHARACTERS = 1_000
REMEMBERED_STATEMENTS = 1_000
CUT = "…"

_PIECE = re.compile(
    r"""
      "(?:[^"]|"")*" | [^\W\d][\w$]* | \$\d+               # names, and the parameters that stand for values
    | (?P<comment> --[^\n\r]* | /\*(?:(?!/\*).)*?\*/ )     # to the end of the line; or without another inside
    | (?P<number> \.?\d[\w.]* )
    | (?P<end> ['"$] | /\* )                               # where a string may begin, or what is not understood
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(sql: str) -> str | None:
    """Return the statement with no value in it; None for what cannot be read, and for what is too large to try."""
    if len(sql) > MAX_CHARACTERS or sql.count("/*") > MAX_COMMENTS:
        return None
    return _masked_short(sql) if len(sql) <= REMEMBERED_CHARACTERS else _masked(sql)


def _masked(sql: str) -> str | None:
    try:
        text = pgparse.normalize(sql)
    except (pgparse.PGQueryError, ValueError):  # no statement; or no text that PostgreSQL could be sent
        return None
    end = next((found.start() for found in _PIECE.finditer(text) if found["end"]), None)
    shown = _PIECE.sub(_without_values, text[:end]).strip()
    return shown if end is None else f"{shown} {CUT}"


_masked_short = lru_cache(REMEMBERED_STATEMENTS)(_masked)


def _without_values(found: re.Match[str]) -> str:
    if found["comment"]:
        return " "
    return "?" if found["number"] else found[0]
