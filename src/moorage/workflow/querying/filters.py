"""The filter language: JSON in, a tree of comparisons out; docs/how-to/query-work-items.md has the operators.

    {"status": "pending", "due_date": {"lt": "2026-12-01"}, "or": [{"tags": {"contains": "auth"}}, {"not": {...}}]}

Values keep JSON's types: 1 is not "1", null is not absent. What compares as an instant, and what a comparison of
unlike values gives, is said in `conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args
from uuid import UUID

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import Document, refuse_unfit
from moorage.workflow.errors import InvalidFilter
from moorage.workflow.querying.field_names import FieldNames
from moorage.workflow.querying.instants import is_date, is_instant
from moorage.workflow.querying.models import Column, DataField, Field, Kind

MAX_DEPTH = 10
MAX_COMPARISONS = 100
MAX_LISTED = 200
MAX_BYTES = 64 * 1024

Operator = Literal["eq", "in", "gt", "gte", "lt", "lte", "contains", "prefix", "exists"]
_NEGATED: dict[str, Operator] = {"ne": "eq", "not_in": "in"}
OPERATORS: tuple[str, ...] = (*get_args(Operator), *_NEGATED)
RANGES = ("gt", "gte", "lt", "lte")
_GROUPS = ("and", "or", "not")


@dataclass(frozen=True)
class Comparison:
    """A field, compared with a value."""

    field: Field
    operator: Operator
    value: Any


@dataclass(frozen=True)
class AllOf:
    """Every part holds; without parts it holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold; what is absent does not hold."""

    part: Filter


Filter = Comparison | AllOf | AnyOf | Not


def parse_filter(filters: Document, names: FieldNames) -> Filter:
    """Return the tree of a filter.

    Raises:
        InvalidFilter: with the place, and what would be right.
    """
    try:
        refuse_unfit(filters, what="filters", max_bytes=MAX_BYTES)
    except InvalidInput as error:
        raise InvalidFilter(error.message, hint=error.hint) from None
    parsed = _group(filters, names, depth=1)
    count = sum(1 for _ in comparisons_in(parsed))
    if count > MAX_COMPARISONS:
        raise InvalidFilter(f"{count} comparisons, {MAX_COMPARISONS} at most", hint='Use "in" for many values.')
    return parsed


def comparisons_in(filter_: Filter) -> Iterator[Comparison]:
    """Yield every comparison of a tree."""
    match filter_:
        case Comparison():
            yield filter_
        case Not(part):
            yield from comparisons_in(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons_in(part)


def _group(filters: Any, names: FieldNames, *, depth: int) -> Filter:
    if not isinstance(filters, dict):
        raise InvalidFilter(f"{_shown(filters)} is no filter", hint='Write an object like {"status": "pending"}.')
    if depth > MAX_DEPTH:
        raise InvalidFilter(f"groups inside groups, deeper than {MAX_DEPTH}", hint="Write it flatter.")
    parts = tuple(part for name, value in filters.items() for part in _parts(name, value, names, depth=depth))
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _parts(name: str, value: Any, names: FieldNames, *, depth: int) -> Iterator[Filter]:
    if name == "not":
        yield Not(_group(value, names, depth=depth + 1))
    elif name in _GROUPS:
        if not isinstance(value, list) or not value:
            raise InvalidFilter(f"{name!r} takes a list of filters", hint=f'Write {{"{name}": [{{...}}, {{...}}]}}.')
        parts = tuple(_group(each, names, depth=depth + 1) for each in value)
        yield AllOf(parts) if name == "and" else AnyOf(parts)
    else:
        field = names.find(name)
        for operator, operand in _operations(field, value):
            yield _comparison(field, operator, operand)


def _operations(field: Field, value: Any) -> list[tuple[str, Any]]:
    """Return operators with operands; a plain value is meant to be equal."""
    if isinstance(value, list):
        raise InvalidFilter(
            f"{field.name}: a list alone could mean two things",
            hint='Write {"in": [...]} for one of these, {"eq": [...]} for this very list, or {"contains": ...}.',
            field=field.name,
        )
    if not isinstance(value, dict):
        return [("eq", value)]
    if not value:
        raise InvalidFilter(f"{field.name}: no operator", hint=f"Operators: {', '.join(OPERATORS)}.", field=field.name)
    return list(value.items())


def _comparison(field: Field, operator: str, operand: Any) -> Filter:
    if operator in _NEGATED:
        return Not(_comparison(field, _NEGATED[operator], operand))
    known = next((each for each in get_args(Operator) if each == operator), None)
    if known is None:
        raise _unknown_operator(field, operator)
    problem = _problem_with(field, known, operand)
    if problem:
        said = f"{field.name}: {operator} takes {problem}, not {_shown(operand)}"
        raise InvalidFilter(said, hint=_HINTS.get(operator, ""), field=field.name, operator=operator)
    if known == "exists" and operand is False:
        return Not(Comparison(field, "exists", True))
    return Comparison(field, known, operand)


def _unknown_operator(field: Field, operator: str) -> InvalidFilter:
    alike = get_close_matches(operator.lstrip("$_"), OPERATORS, n=1)
    asked = f"Did you mean {alike[0]}? " if alike else ""
    below = f'A field below is "{field.name}.{operator}"; an object to compare with is {{"eq": {{...}}}}.'
    return InvalidFilter(
        f"{field.name}: no operator is called {operator!r}",
        hint=f"{asked}Operators: {', '.join(OPERATORS)}. {below}",
        field=field.name,
    )


_HINTS = {
    "contains": "contains looks into lists and objects; for text there are prefix, and the argument search.",
    "gt": "Numbers compare with numbers, strings with strings.",
}


def _problem_with(field: Field, operator: Operator, operand: Any) -> str | None:
    """Say what the operator takes, when that is not what it was given."""
    match operator:
        case "exists":
            return None if isinstance(operand, bool) else "true or false"
        case "prefix":
            fits = field.kind in (Kind.TEXT, Kind.INSTANT, Kind.ANY) and not _is_time(field)
            return "text, at a field of text" if not fits else None if isinstance(operand, str) else "text"
        case "contains":
            return (
                None if isinstance(field, DataField) and field.kind is Kind.ANY else "a field that is a list or object"
            )
        case "in":
            return _problem_with_list(field, operand)
        case "eq":
            return _problem_with_value(field, operand)
    return _problem_with_bound(field, operand)


def _problem_with_list(field: Field, operand: Any) -> str | None:
    if not isinstance(operand, list) or len(operand) > MAX_LISTED:
        return f"a list of at most {MAX_LISTED} values"
    if isinstance(field, Column) and None in operand:
        return "a list without null"
    return next(filter(None, (_problem_with_value(field, each) for each in operand)), None)


def _problem_with_value(field: Field, operand: Any) -> str | None:
    if isinstance(field, DataField) or (operand is None and field.is_nullable):
        return None
    what, fits = _VALUES[field.kind]
    return None if fits(operand) else what


def _problem_with_bound(field: Field, operand: Any) -> str | None:
    if field.kind in (Kind.BOOLEAN, Kind.ID):
        return "a field with an order"
    what, fits = _VALUES[field.kind]
    return None if fits(operand) else what


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    try:
        return bool(UUID(value))
    except (ValueError, AttributeError, TypeError):
        return False


def _is_time(field: Field) -> bool:
    return isinstance(field, Column) and field.kind is Kind.INSTANT


_VALUES: dict[Kind, tuple[str, Callable[[Any], bool]]] = {
    Kind.TEXT: ("text", lambda value: isinstance(value, str)),
    Kind.NUMBER: ("a number", _is_number),
    Kind.INSTANT: (
        "a date like 2026-01-31 or a time like 2026-01-31T08:00:00Z",
        lambda value: is_date(value) or is_instant(value),
    ),
    Kind.BOOLEAN: ("true or false", lambda value: isinstance(value, bool)),
    Kind.ID: ("an id", _is_id),
    Kind.ANY: ("a number or text", lambda value: _is_number(value) or isinstance(value, str)),
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - what a message has room for
