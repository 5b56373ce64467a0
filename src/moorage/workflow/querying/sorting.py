"""The order of entities, and where in it a page begins.

What has no value comes last, in both directions. Equal ones are ordered by id, so that every order is complete and a
page begins exactly after the last row of the one before, whatever was written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moorage.workflow.errors import InvalidFilter
from moorage.workflow.querying.columns import PRIORITY
from moorage.workflow.querying.expressions import (
    beginning_at,
    instant_at,
    number_at,
    path_of,
    truth_at,
    type_order_at,
)
from moorage.workflow.querying.field_names import FieldNames
from moorage.workflow.querying.models import Column, DataField, Field, Kind
from moorage.workflow.querying.parameters import Cast, Parameters

MAX_SORTED_BY = 5
NEWEST_CHANGE = ("-@updated_at",)
_CASTS: dict[Kind, Cast] = {
    Kind.TEXT: "text",
    Kind.NUMBER: "numeric",
    Kind.INSTANT: "timestamptz",
    Kind.BOOLEAN: "boolean",
    Kind.ID: "uuid",
}


@dataclass(frozen=True)
class SortKey:
    """One thing that rows are ordered by.

    Attributes:
        expression: SQL over `entities`.
        cast: the type of its values, which travel as text.
        is_indexed: an index has the rows in this order, those without a value in a place of their own.
    """

    expression: str
    cast: Cast
    is_descending: bool = False
    is_nullable: bool = False
    is_indexed: bool = False

    @property
    def order(self) -> str:
        return f"{self.expression}{' DESC NULLS LAST' if self.is_descending and self.is_nullable else self._direction}"

    @property
    def _direction(self) -> str:
        return " DESC" if self.is_descending else ""


BY_ID = SortKey("entities.id", "uuid")


@dataclass(frozen=True)
class SortedField:
    """A field to sort by, and in which direction."""

    field: Field
    is_descending: bool


def parse_sort(texts: Sequence[str], names: FieldNames) -> tuple[SortedField, ...]:
    """Return what to sort by; a leading minus means largest first.

    Raises:
        InvalidFilter: too many, or no such field.
    """
    if len(texts) > MAX_SORTED_BY:
        raise InvalidFilter(f"sort: {len(texts)} fields, {MAX_SORTED_BY} at most", hint="Fewer decide the order.")
    return tuple(SortedField(names.find(text.removeprefix("-")), text.startswith("-")) for text in texts)


def keys_of(sort: Sequence[SortedField], parameters: Parameters) -> tuple[SortKey, ...]:
    """Return the keys of an order; the id comes last."""
    keys = [key for each in sort for key in _keys(each, parameters)]
    return (*keys, BY_ID)


def order_by(keys: Sequence[SortKey]) -> str:
    """Return what stands after ORDER BY."""
    return ", ".join(key.order for key in keys)


def after(keys: Sequence[SortKey], values: Sequence[str | None], parameters: Parameters) -> str:
    """Return the condition that a row comes after the one with these values of the keys."""
    places = [
        None if value is None else parameters.text(value, key.cast) for key, value in zip(keys, values, strict=True)
    ]
    later = _after(keys, places)
    if keys[0].is_nullable or len(keys) == 1:
        return later
    # Said once more for the first key alone, which an index understands.
    return f"{_compared(keys[0], '>=', places[0])} AND {later}"


def _after(keys: Sequence[SortKey], places: Sequence[str | None]) -> str:
    key, place = keys[0], places[0]
    if place is None:
        return f"({key.expression} IS NULL AND {_after(keys[1:], places[1:])})"
    beyond = _compared(key, ">", place)
    if key.is_nullable:
        beyond = f"({beyond} OR {key.expression} IS NULL)"
    if len(keys) == 1:
        return beyond
    return f"({beyond} OR ({key.expression} = {place} AND {_after(keys[1:], places[1:])}))"


def _compared(key: SortKey, sign: str, place: str | None) -> str:
    return f"{key.expression} {sign.replace('>', '<') if key.is_descending else sign} {place}"


def _keys(sorted_: SortedField, parameters: Parameters) -> Iterator[SortKey]:
    field = PRIORITY if isinstance(sorted_.field, DataField) and sorted_.field.is_priority else sorted_.field
    expressions = _of_column(field) if isinstance(field, Column) else _of_data(field, parameters)
    is_nullable = isinstance(field, DataField) or field.is_nullable
    for expression, kind in expressions:
        is_indexed = isinstance(field, DataField) and field.is_indexed
        yield SortKey(expression, _CASTS[kind], sorted_.is_descending, is_nullable, is_indexed)


def _of_column(column: Column) -> Sequence[tuple[str, Kind]]:
    expressions = column.sort or ((column.expression, column.kind),)
    return [(f'({sql} COLLATE "C")' if kind is Kind.TEXT else sql, kind) for sql, kind in expressions]


def _of_data(field: DataField, parameters: Parameters) -> Sequence[tuple[str, Kind]]:
    path = path_of(field, parameters)
    match field.kind:
        case Kind.TEXT:
            return [(beginning_at(path), Kind.TEXT)]
        case Kind.NUMBER:
            return [(number_at(path), Kind.NUMBER)]
        case Kind.INSTANT:
            return [(instant_at(path), Kind.INSTANT)]
    unlike = [(type_order_at(path), Kind.NUMBER), (beginning_at(path), Kind.TEXT), (number_at(path), Kind.NUMBER)]
    return [*unlike, (truth_at(path), Kind.BOOLEAN)]
