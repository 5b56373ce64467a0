"""JSON as it may be stored: what PostgreSQL's jsonb or other readers would refuse or change is refused here, by place.

Source: https://www.postgresql.org/docs/current/datatype-json.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from moorage.core.errors import InvalidInput

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
# Beyond it an integer is no longer exact in readers that have only IEEE doubles for it, or no room at all.
INTEGERS = range(-(2**63), 2**63)
_SHOWN_PROBLEMS = 20

Document = dict[str, Any]


def refuse_unfit(document: Document, *, what: str = "data", max_bytes: int = MAX_BYTES) -> None:
    """Refuse a document that cannot be stored as it is.

    Raises:
        InvalidInput: too large, too deep, or with values that JSON or PostgreSQL has no room for; with JSON pointers.
    """
    problems = list(problems_of(document, max_bytes=max_bytes))
    if problems:
        raise InvalidInput(
            f"{what} cannot be stored: " + "; ".join(problems[:_SHOWN_PROBLEMS]),
            hint="Correct the places named; keep large texts in files and refer to them.",
            problems=problems[:_SHOWN_PROBLEMS],
        )


def problems_of(document: Document, *, max_bytes: int = MAX_BYTES) -> Iterator[str]:
    """Yield what is wrong, with JSON pointers; the size is only looked at where the rest is right."""
    nodes, found = 0, False
    stack: list[tuple[str, Any, int]] = [("", document, 1)]
    while stack:
        pointer, value, depth = stack.pop()
        nodes += 1
        if nodes > MAX_NODES:
            yield f"more than {MAX_NODES:,} values"
            return
        problem = _problem_of(value, depth)
        if problem:
            found = True
            yield f"{pointer or '/'}: {problem}"
        elif isinstance(value, dict):
            for key, each in value.items():
                unfit = _unfit_text(key)
                if unfit:
                    found = True
                    yield f"{pointer or '/'}: a key {unfit}"
                else:
                    stack.append((f"{pointer}/{escaped(key)}", each, depth + 1))
        elif isinstance(value, list):
            stack.extend((f"{pointer}/{place}", each, depth + 1) for place, each in enumerate(value))
    if not found:
        size = len(json.dumps(document, ensure_ascii=False).encode())
        if size > max_bytes:
            yield f"{size:,} bytes, {max_bytes:,} at most"


def escaped(key: str) -> str:
    """Return a key as it stands in a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _problem_of(value: Any, depth: int) -> str | None:
    match value:
        case str():
            return _unfit_text(value)
        case bool() | None:
            return None
        case int():
            return None if value in INTEGERS else "an integer beyond 64 bits"
        case float():
            return None if math.isfinite(value) else "not a number that JSON has"
        case dict() | list():
            return f"deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else None
    return f"{type(value).__name__} is no JSON"


def _unfit_text(text: str) -> str | None:
    if "\x00" in text:
        return "has the character U+0000, which PostgreSQL cannot store"
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        return "has half of a surrogate pair"
    return None
