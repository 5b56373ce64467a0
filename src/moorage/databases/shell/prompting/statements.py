"""Where statements end in what somebody types.

Only a person's convenience hangs on it: each piece is judged by PostgreSQL's own grammar before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What may hold a semicolon that ends nothing: strings, quoted names, comments, bodies of functions.
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html
_PIECE = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]*
    | (?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)
    | (?P<comment>/\*)
    | (?P<open>[eE]?'|"|\$(?:[^\W\d]\w*)?\$)             # begun, and not ended
    | [^\W\d][\w$]*                                      # a word, which may hold a dollar
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


def taken_apart(text: str) -> tuple[list[str], str]:
    """Return the statements that have ended, without their semicolons, and what has only begun."""
    statements, start = [], 0
    for end in _ends(text):
        statements.append(text[start:end].strip())
        start = end + 1
    return [each for each in statements if each], text[start:].lstrip()


def _ends(text: str) -> Iterator[int]:
    place = 0
    while found := _PIECE.search(text, place):
        place = found.end()
        if found["open"]:
            return
        if found["comment"]:
            place = _end_of_comment(text, place)
        elif found["end"]:
            yield found.start()


def _end_of_comment(text: str, place: int) -> int:
    """Return where a comment ends whose opener ends at `place`; they nest. One without an end takes the rest."""
    depth = 1
    while depth and (mark := _COMMENT_MARK.search(text, place)):
        depth += 1 if mark[0] == "/*" else -1
        place = mark.end()
    return len(text) if depth else place
