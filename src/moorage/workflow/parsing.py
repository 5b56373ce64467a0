"""JSON text from people and files, read strictly: what Python's reader lets pass, or quietly drops, is refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonpointer import escape

from moorage.core.errors import InvalidInput

MAX_DEPTH = 200
_TOO_DEEP = f"deeper than {MAX_DEPTH} levels"
_SHOWN_PROBLEMS = 20


class _Repeating(dict[str, Any]):
    """An object that was written with a key more than once."""

    repeated: tuple[str, ...] = ()


def parse_json(text: str, *, what: str) -> Any:
    """Return the value that JSON text holds (RFC 8259).

    Args:
        what: what the text is, for the message: "rules.json", "line 3".

    Raises:
        InvalidInput: it is no JSON, says a key twice, has NaN, Infinity or a number beyond a double, U+0000 or half
            of a surrogate pair, or is deeper than `MAX_DEPTH`; with JSON pointers.
    """
    problems = list(islice(_problems_in(value := _read(text, what)), _SHOWN_PROBLEMS))
    if problems:
        raise InvalidInput(f"{what}: {'; '.join(problems)}", hint="Correct the places named.", problems=problems)
    return value


def _read(text: str, what: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput(f"{what} is no JSON: {error.msg} at {place}", hint="Correct the place named.") from None
    except RecursionError:
        raise InvalidInput(f"{what}: {_TOO_DEEP}", hint="Make it flatter.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidInput(f"{what}: {error}", hint="Write such a number as text.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    repeating = _Repeating(value)
    repeating.repeated = tuple(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
    return repeating


def _problems_in(value: Any) -> Iterator[str]:
    stack: list[tuple[str, Any, int]] = [("", value, 1)]
    while stack:
        pointer, value, depth = stack.pop()
        yield from (f"{pointer or 'the whole'}: {problem}" for problem in _problems_at(value))
        if depth > MAX_DEPTH:
            yield f"{_TOO_DEEP} at {pointer[:60]}…"
            return
        stack.extend(reversed([(f"{pointer}/{key}", each, depth + 1) for key, each in _inside(value)]))


def _problems_at(value: Any) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield "not a number that JSON has, or one beyond a double"
    elif isinstance(value, str):
        yield from _problem_of_text(value)
    elif isinstance(value, dict):
        yield from (f"the key {_printable(key)!r} has {problem}" for key in value for problem in _problem_of_text(key))
    if isinstance(value, _Repeating):
        yield from (f"the key {_printable(key)!r} stands there more than once" for key in value.repeated)


def _problem_of_text(text: str) -> Iterator[str]:
    if "\x00" in text:
        yield "the character U+0000, which cannot be stored"
    elif not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        yield "half of a surrogate pair"


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((escape(_printable(key)), each) for key, each in value.items())
    elif isinstance(value, list):
        yield from ((str(place), each) for place, each in enumerate(value))


def _printable(key: str) -> str:
    return key.encode("utf-8", "backslashreplace").decode()
