"""What a filter means, in plain Python and without a database: the oracle of the property tests."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from moorage.workflow.querying.instants import instant_of, is_date, is_instant

ABSENT = object()
_ORDERS = {
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
}


def holds(filters: dict[str, Any], document: dict[str, Any], *, times: frozenset[str] = frozenset()) -> bool:
    """Tell whether a document passes; `times` are the fields whose type says `format: date-time`."""
    return all(_holds(name, value, document, times) for name, value in filters.items())


def _holds(name: str, value: Any, document: dict[str, Any], times: frozenset[str]) -> bool:
    match name:
        case "and":
            return all(holds(each, document, times=times) for each in value)
        case "or":
            return any(holds(each, document, times=times) for each in value)
        case "not":
            return not holds(value, document, times=times)
    operations = value if isinstance(value, dict) else {"eq": value}
    found = at(document, name)
    return all(compared(operator, found, operand, is_time=name in times) for operator, operand in operations.items())


def at(document: Any, name: str) -> Any:
    """Return what stands at a dotted name; numbers are places in lists, -1 the last."""
    for part in name.split("."):
        if isinstance(document, dict):
            document = document.get(part, ABSENT)
        elif (
            isinstance(document, list) and part.lstrip("-").isdecimal() and -len(document) <= int(part) < len(document)
        ):
            document = document[int(part)]
        else:
            return ABSENT
    return document


def compared(operator: str, found: Any, operand: Any, *, is_time: bool) -> bool:
    """Tell whether a comparison holds; what is absent is equal to nothing."""
    if operator in ("ne", "not_in"):
        return not compared({"ne": "eq", "not_in": "in"}[operator], found, operand, is_time=is_time)
    if operator in _ORDERS:
        return _ordered(operator, found, operand, is_time=is_time)
    is_there = found is not ABSENT
    return {
        "eq": lambda: is_there and same(found, operand, is_time=is_time),
        "in": lambda: is_there and any(same(found, each, is_time=is_time) for each in operand),
        "exists": lambda: is_there is operand,
        "prefix": lambda: isinstance(found, str) and found.startswith(operand),
        "contains": lambda: contains(found, operand),
    }[operator]()


def same(one: Any, other: Any, *, is_time: bool = False) -> bool:
    """Tell whether two values of JSON are equal: 1 and 1.0 are, 1 and true are not."""
    if is_time and (is_date(other) or is_instant(other)):
        return is_instant(one) and moment(one) == moment(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if is_number(one) and is_number(other):
        return exact(one) == exact(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def contains(found: Any, operand: Any) -> bool:
    """Tell whether a list has the value, or all values of a list; an object, at least the keys of another."""
    if isinstance(operand, list):
        return within(operand, found)
    return within([operand], found) or (isinstance(operand, dict) and within(operand, found))


def within(part: Any, whole: Any) -> bool:
    """Tell whether one value is contained in another, as `jsonb @>` has it below the top."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and within(part[key], whole[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(within(each, one) for one in whole) for each in part)
    return not isinstance(whole, dict | list) and same(whole, part)


def _ordered(operator: str, found: Any, operand: Any, *, is_time: bool) -> bool:
    order = _ORDERS[operator]
    if is_number(operand):
        return is_number(found) and order(exact(found), exact(operand))
    if is_time or is_instant(operand):
        return is_instant(found) and order(moment(found), moment(operand))
    return isinstance(found, str) and order(found, operand)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def exact(number: float) -> Decimal:
    return Decimal(repr(number))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(instant_of(text).upper()).astimezone(UTC)
