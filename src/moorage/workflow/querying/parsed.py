"""Queries whose names mean fields: what was asked for, resolved against the types of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import refuse_unfit
from moorage.workflow.errors import InvalidFilter
from moorage.workflow.querying.field_names import FieldNames
from moorage.workflow.querying.filters import Filter, comparisons_in, parse_filter
from moorage.workflow.querying.models import MAX_LIMIT, Field, Query
from moorage.workflow.querying.sorting import NEWEST_CHANGE, SortedField, parse_sort
from moorage.workflow.types.models import StoredType

MAX_FIELDS = 20
MAX_WORDS_CHARACTERS = 2_000
_SHOWN_VALUES = 12
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class ParsedQuery:
    """A query that can be run.

    Attributes:
        schema_name: of the one type that there can be entities of; None where there may be several.
        sort: None where the best match comes first.
        fields: None where a view is asked for.
        note: what the caller should know of the names and values.
    """

    query: Query
    schema_name: str | None
    filter: Filter
    sort: tuple[SortedField, ...] | None
    fields: tuple[Field, ...] | None
    note: str | None


def parse_query(query: Query, types: Sequence[StoredType]) -> ParsedQuery:
    """Return the query with its names resolved.

    Args:
        types: the one that is asked for, or all of the project.

    Raises:
        InvalidFilter: a filter, a sort order or a projection that cannot be.
    """
    names = FieldNames(types)
    filter_ = parse_filter(query.filters, names)
    return ParsedQuery(
        query,
        types[0].schema_name if len(types) == 1 else None,
        filter_,
        _sort(query, names),
        None if query.fields is None else _fields(query.fields, names),
        " ".join(_notes(filter_, names)) or None,
    )


def refuse_unfit_query(query: Query) -> None:
    """Refuse what no types make right.

    Raises:
        InvalidInput: a limit, or texts to search for, out of bounds.
        InvalidFilter: two orders at once.
    """
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidInput(f"limit {query.limit} is out of range", hint=f"Use 1 to {MAX_LIMIT}.", field="limit")
    for name, text in (("search", query.search), ("meaning", query.meaning)):
        if text is not None and (not text.strip() or len(text) > MAX_WORDS_CHARACTERS):
            raise InvalidInput(
                f"{name}: {len(text)} characters", hint=f"Say 1 to {MAX_WORDS_CHARACTERS} characters.", field=name
            )
    refuse_unfit({"search": query.search, "meaning": query.meaning}, what="the text to search for")
    if query.meaning is not None and query.sort is not None:
        raise InvalidFilter("sort and meaning are two orders", hint="Leave sort out: what is nearest comes first.")


def _notes(filter_: Filter, names: FieldNames) -> Iterator[str]:
    if undeclared := names.note_on_undeclared():
        yield undeclared
    for each in comparisons_in(filter_):
        possible = names.values_of(each.field) if each.operator in ("eq", "in") else None
        asked = each.value if each.operator == "in" else [each.value]
        if possible is not None and (never := [value for value in asked if value not in possible]):
            yield f"{each.field.name} is never {_listed(never)}; it is one of {_listed(possible)}."


def _listed(values: Sequence[Any]) -> str:
    shown = [json.dumps(each, ensure_ascii=False)[:_SHOWN_CHARACTERS] for each in values[:_SHOWN_VALUES]]
    return ", ".join(shown) + (", ..." if len(values) > _SHOWN_VALUES else "")


def _sort(query: Query, names: FieldNames) -> tuple[SortedField, ...] | None:
    if query.sort is None and (query.meaning is not None or query.search is not None):
        return None
    return parse_sort(NEWEST_CHANGE if query.sort is None else query.sort, names)


def _fields(texts: Sequence[str], names: FieldNames) -> tuple[Field, ...]:
    if len(texts) > MAX_FIELDS:
        raise InvalidFilter(f"fields: {len(texts)} of them, {MAX_FIELDS} at most", hint='Use view "full".')
    return tuple(names.find(each) for each in texts)
