"""JSON as it may be stored: what PostgreSQL's jsonb or other readers would refuse or change is refused here, by place.

Source: https://www.postgresql.org/docs/current/datatype-json.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonpointer import escape as escaped

from moorage.core.errors import InvalidInput

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
# Beyond them an integer is no longer exact in readers that have 64 bits for it.
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
# JSON makes of one character `\u001f` at most, and of a value, beside its characters, `-1.2345678901234567e-300, `.
_MOST_BYTES_A_CHARACTER, _MOST_BYTES_A_VALUE = 6, 26
_SHOWN_PROBLEMS = 20

Document = dict[str, Any]


def refuse_unfit(document: Document, *, what: str = "data", max_bytes: int = MAX_BYTES) -> None:
    """Refuse a document that cannot be stored as it is.

    Raises:
        InvalidInput: too large, too deep, or with values that JSON or PostgreSQL has no room for; with JSON pointers.
    """
    problems = list(islice(problems_of(document, max_bytes=max_bytes), _SHOWN_PROBLEMS))
    if problems:
        raise InvalidInput(
            f"{what} cannot be stored: {'; '.join(problems)}",
            hint="Correct the places named; keep large texts in files and refer to them.",
            problems=problems,
        )


def problems_of(document: Document, *, max_bytes: int = MAX_BYTES, max_nodes: int = MAX_NODES) -> Iterator[str]:
    """Yield what is wrong, with JSON pointers; the size is only looked at where the rest is right."""
    most_bytes = _most_bytes(document, max_nodes)
    if most_bytes is None:
        yield from _problems_by_place(document, max_nodes)
    elif most_bytes > max_bytes and (size := _bytes_of(document)) > max_bytes:
        yield f"{size:,} bytes, {max_bytes:,} at most"


def _bytes_of(document: Document) -> int:
    return len(json.dumps(document, ensure_ascii=False).encode())


def _most_bytes(document: Document, max_nodes: int) -> int | None:
    """Return how large it may be as JSON, or None when anything is wrong.

    Every write comes here, so places are not kept, and texts are not written out.
    """
    nodes, characters, level = 1, 0, [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            nodes += len(container)
            count = None if nodes > max_nodes else _characters_in(container, below)
            if count is None:
                return None
            characters += count
        if not below:
            return characters * _MOST_BYTES_A_CHARACTER + nodes * _MOST_BYTES_A_VALUE
        level = below
    return None


def _characters_in(container: Any, below: list[Any]) -> int | None:
    """Count the characters of its keys and texts, and add what it contains to `below`; None when any is unfit."""
    values, keys = container, ""
    if type(container) is dict:
        values, keys = container.values(), "".join(container)
    texts = [keys]
    for value in values:
        kind = type(value)
        if kind is str:
            texts.append(value)
        elif kind is dict or kind is list:
            below.append(value)
        elif value is not None and kind is not bool and _unfit_number(value):
            return None
    text = "".join(texts)
    return None if _unfit_text(text) else len(text)


def _problems_by_place(document: Document, max_nodes: int) -> Iterator[str]:
    nodes = 1
    stack: list[tuple[str, Any, int]] = [("", document, 1)]
    while stack:
        pointer, value, depth = stack.pop()
        nodes += len(value) if isinstance(value, dict | list) else 0
        if nodes > max_nodes:
            yield f"more than {max_nodes:,} values"
            return
        problem = _problem_of(value, depth)
        if problem:
            yield f"{pointer or 'the whole'}: {problem}"
            continue
        if isinstance(value, dict):
            yield from (f"{pointer or 'the whole'}: a key {problem}" for key in value if (problem := _unfit_text(key)))
        stack.extend((f"{pointer}/{key}", each, depth + 1) for key, each in _fit_places_in(value))


def _fit_places_in(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((escaped(key), each) for key, each in value.items() if not _unfit_text(key))
    elif isinstance(value, list):
        yield from ((str(place), each) for place, each in enumerate(value))


def _problem_of(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return _unfit_text(value)
    if isinstance(value, dict | list):
        return f"deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else None
    return None if value is None or isinstance(value, bool) else _unfit_number(value)


def _unfit_number(value: Any) -> str | None:
    if isinstance(value, int):
        return None if SMALLEST_INTEGER <= value <= LARGEST_INTEGER else "an integer beyond 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "not a number that JSON has"
    return f"{type(value).__name__} is no JSON"


def _unfit_text(text: str) -> str | None:
    if "\x00" in text:
        return "has the character U+0000, which PostgreSQL cannot store"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "has half of a surrogate pair"
    return None
