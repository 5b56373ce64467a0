"""Statements without the values in them, as they may be kept.

PostgreSQL's own grammar puts `$1`, `$2`, ... in the place of values. Some it leaves: those inside definitions (a
default, a check, a view's body, a comment on a table), and what stands in comments. So comments are taken out of what
is left, numbers become `?`, and the text ends at the first quote: before that one nothing can be inside a string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from moorage.core.errors import MoorageError
from moorage.databases.policy.parsing import fingerprint, normalized
from moorage.databases.policy.texts import check_text

MAX_BYTES = 32_768
"""Of a longer statement no text is kept; it is the length that `sql.max_sql_bytes` lets run unless it is raised."""

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
_INSTEAD = {"comment": " ", "number": "?"}


@dataclass(frozen=True)
class Masked:
    """A statement without its values, and what it has in common with those that differ in values alone."""

    text: str
    fingerprint: str


def masked(sql: str) -> Masked | None:
    """Return the statement with no value in it; None for what cannot be read, and for what is too large."""
    return _masked_short(sql) if len(sql) <= REMEMBERED_CHARACTERS else _masked(sql)


def _masked(sql: str) -> Masked | None:
    try:
        check_text(sql, max_bytes=MAX_BYTES)
        text = normalized(sql)
        return Masked(_shown(text), fingerprint(sql))
    except MoorageError:
        return None


_masked_short = lru_cache(REMEMBERED_STATEMENTS)(_masked)


def _shown(text: str) -> str:
    """Return what may be shown of a text in which `$1`, `$2`, ... stand for the values that the grammar knows."""
    parts, place = [], 0
    for found in _PIECE.finditer(text):
        if found.lastgroup is None:
            continue
        parts.append(text[place : found.start()])
        if found.lastgroup == "end":
            return f"{''.join(parts).strip()} {CUT}"
        parts.append(_INSTEAD[found.lastgroup])
        place = found.end()
    return "".join([*parts, text[place:]]).strip()
