"""Turning JSON values into what the server says a statement's parameters are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from moorage.databases.connectors.arrays import array_text, written
from moorage.databases.connectors.type_names import TypeName
from moorage.databases.errors import InvalidParameter

_SHOWN_CHARACTERS = 40
_RANGES = {
    "int2": (-(2**15), 2**15 - 1),
    "int4": (-(2**31), 2**31 - 1),
    "int8": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
    "xid": (0, 2**32 - 1),
    "cid": (0, 2**32 - 1),
    "xid8": (0, 2**64 - 1),
}
_TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
_DOCUMENTS = frozenset({"json", "jsonb"})
_VECTORS = frozenset({"vector", "halfvec"})
# Shown where a value is of the wrong kind; the rest is text as PostgreSQL reads it.
_FITTING = {
    "bool": "true or false",
    "float8": "a number",
    "date": 'text such as "2026-01-31"',
    "timestamptz": 'text such as "2026-01-31T12:00:00Z"',
    "timestamp": 'text such as "2026-01-31 12:00:00"',
    "numeric": 'a number, or text such as "12.50"',
    "bytea": 'text such as "\\\\x00ff"',
    "uuid": "text of 36 characters",
    **{name: f"a whole number from {least} to {most}" for name, (least, most) in _RANGES.items()},
}


def bound(values: Sequence[Any], types: Sequence[TypeName]) -> list[Any]:
    """Return JSON values as the driver takes them.

    A document may be any JSON value; text that is itself a JSON object or array stands for that one. Lists become
    arrays, and text is taken as PostgreSQL reads the type.

    Raises:
        InvalidParameter: there are too few or too many, or one does not fit; it names $n, its type and what fits.
    """
    if len(values) != len(types):
        raise InvalidParameter(
            f"parameters in the statement: {len(types)}; values that came: {len(values)}",
            hint="Give one value for each of $1, $2, ...; null where there is none.",
            expected=len(types),
        )
    return [_bound(number, value, kind) for number, (value, kind) in enumerate(zip(values, types, strict=True), 1)]


def misfit(number: int, value: Any, kind: TypeName, reason: str | None = None) -> InvalidParameter:
    """Return the failure that says which parameter does not fit, and what does."""
    fitting = _FITTING.get(kind.name) or ("a list" if kind.element else f"text as PostgreSQL reads {kind.name}")
    because = f": {reason}" if reason else ""
    return InvalidParameter(
        f"${number} is of type {kind.name}, and {_shown(value)} does not fit{because}",
        hint=f"Give {fitting}, or null.",
        parameter=number,
        type=kind.name,
    )


def _bound(number: int, value: Any, kind: TypeName) -> Any:
    if value is None:
        return None
    try:
        return _encodable(_converted(value, kind))
    except (ValueError, TypeError, KeyError, OverflowError):
        raise misfit(number, value, kind) from None


def _converted(value: Any, kind: TypeName) -> Any:
    if kind.name in _DOCUMENTS:
        return _document(value)
    if kind.element is not None:
        return _array(value, kind.element)
    if isinstance(value, list) and kind.name in _VECTORS:
        return json.dumps(value)
    if isinstance(value, (list, dict)):
        raise TypeError
    return _scalar_of(kind.name)(value)


def _scalar_of(name: str) -> Callable[[Any], Any]:
    if name in _RANGES:
        return lambda value: _whole_number(value, *_RANGES[name])
    return {"bool": _truth, "float8": _number}.get(name, written)


def _whole_number(value: Any, least: int, most: int) -> int:
    number = int(value)
    if isinstance(value, bool) or (isinstance(value, float) and number != value) or not least <= number <= most:
        raise ValueError
    return number


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else _TRUTHS[str(value).strip().lower()]


def _document(value: Any) -> str:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and _is_document(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_document(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _array(value: Any, element: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise TypeError
    items = [None if each is None else _document(each) for each in value] if element in _DOCUMENTS else value
    return array_text(items, ";" if element == "box" else ",")


def _encodable(value: Any) -> Any:
    """Refuse what is no text to PostgreSQL: a NUL, or half of a surrogate pair."""
    if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        raise ValueError
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
