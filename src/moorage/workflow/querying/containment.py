"""Comparisons as documents that data contains: what the one index over all data finds, several of them at once.

PostgreSQL tries a document on a sample of whole data, and so knows how many have all of its values. Of conditions that
are said one by one it multiplies the shares: for values that never go together it expects many rows, and looks for the
first of them among all that are newer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moorage.workflow.documents import Document
from moorage.workflow.querying.filters import Comparison, Filter
from moorage.workflow.querying.instants import is_date, is_instant
from moorage.workflow.querying.models import DataField, Kind


def document_of(part: Filter) -> Document | None:
    """Return the document that data contains exactly where the part holds; None where no single one says so.

    A field whose values differ has an index that finds the one row, and is left to it.
    """
    if not isinstance(part, Comparison) or not isinstance(part.field, DataField):
        return None
    field, value = part.field, part.value
    if field.is_unique or not is_all_keys(field) or isinstance(value, list | dict):
        return None
    match part.operator:
        case "eq" if not is_compared_as_instant(field, value):
            return nested(field, value)
        case "contains":
            return nested(field, [value])
    return None


def together(documents: Iterable[Document]) -> list[Document]:
    """Return one document instead of several; those that have another value in the same place stay apart."""
    first: Document = {}
    apart: list[Document] = []
    for document in documents:
        both = _both(first, document)
        if both is None:
            apart.append(document)
        else:
            first = both
    return [first, *apart]


def nested(field: DataField, value: Any) -> Any:
    """Return a document that has nothing but this value in the field."""
    for part in reversed(field.path):
        value = {part: value}
    return value


def is_all_keys(field: DataField) -> bool:
    """Tell whether no part of the path could be a place in a list, which no document can say."""
    return not any(part.lstrip("+-").strip().isdecimal() for part in field.path)


def is_compared_as_instant(field: DataField, value: Any) -> bool:
    """Tell whether the value is one of many texts that mean the same point in time."""
    return field.kind is Kind.INSTANT and (is_date(value) or is_instant(value))


def _both(one: Document, other: Document) -> Document | None:
    result = dict(one)
    for key, value in other.items():
        result[key] = _both_values(result[key], value) if key in result else value
        if result[key] is None and key in one:
            return None
    return result


def _both_values(one: Any, other: Any) -> Any:
    match one, other:
        case dict(), dict():
            return _both(one, other)
        case list(), list():
            return [*one, *other]
    return None
