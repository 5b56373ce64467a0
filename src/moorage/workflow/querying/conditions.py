"""Filters as conditions of SQL: constant fragments joined, with every name and value of the caller a parameter.

STYLE wants statements in `queries.sql`; a condition that follows the caller's filter cannot stand there, and is made
here and nowhere else. NULL stands for "does not hold" throughout, so that only a negation has to settle it.

What is compared with what:

- numbers with numbers, by value; strings with strings, by code points; nothing with anything of another type;
- points in time with points in time, where the type says `format: date-time` or both sides look like one (RFC 3339);
- equality of other values is JSON's: lists in order, objects by their keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moorage.workflow.querying.containment import (
    document_of,
    is_all_keys,
    is_compared_as_instant,
    nested,
    together,
)
from moorage.workflow.querying.expressions import (
    COMPARED_CHARACTERS,
    beginning_at,
    instant_at,
    number_at,
    path_of,
    text_at,
    value_at,
)
from moorage.workflow.querying.filters import RANGES, AllOf, AnyOf, Comparison, Filter, Not
from moorage.workflow.querying.instants import instant_of, is_instant
from moorage.workflow.querying.models import Column, DataField, Kind
from moorage.workflow.querying.parameters import Parameters

_OPERATORS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_LAST_CHARACTER = "\U0010ffff"


def condition_of(filter_: Filter, parameters: Parameters) -> str:
    """Return the condition that a filter is."""
    if isinstance(filter_, Not):
        return f"({condition_of(filter_.part, parameters)}) IS NOT TRUE"
    if isinstance(filter_, AllOf):
        return joined(" AND ", _all_of(filter_.parts, parameters))
    if isinstance(filter_, AnyOf):
        return joined(" OR ", [condition_of(each, parameters) for each in filter_.parts])
    if isinstance(filter_.field, Column):
        return _column_condition(filter_.field, filter_, parameters)
    return _data_condition(filter_.field, filter_, parameters)


def joined(word: str, conditions: list[str]) -> str:
    """Return the conditions as one; none at all is true."""
    return f"({word.join(conditions)})" if conditions else "true"


def _all_of(parts: Sequence[Filter], parameters: Parameters) -> list[str]:
    """Return conditions that all hold; what several containments would say, one says."""
    said = [(each, document_of(each)) for each in parts]
    documents = [document for _, document in said if document is not None]
    if len(documents) < 2:  # noqa: PLR2004 - one alone is said by the index that its field may have
        return [condition_of(each, parameters) for each in parts]
    others = [condition_of(each, parameters) for each, document in said if document is None]
    return [*(_contained([each], parameters) for each in together(documents)), *others]


# Columns


def _column_condition(column: Column, comparison: Comparison, parameters: Parameters) -> str:
    value = comparison.value
    match comparison.operator:
        case "exists":
            return f"{column.expression} IS NOT NULL"
        case "eq" if value is None:
            return f"{column.expression} IS NULL"
        case "in":
            return joined(" OR ", [_column_compared(column, "eq", each, parameters) for each in value] or ["false"])
        case "prefix":
            return _begins(f'{column.expression} COLLATE "C"', value, parameters)
    return _column_compared(column, comparison.operator, value, parameters)


def _column_compared(column: Column, operator: str, value: Any, parameters: Parameters) -> str:
    expression = column.expression
    if column.kind is Kind.TEXT and operator in RANGES:
        expression = f'{expression} COLLATE "C"'
    return f"{expression} {_OPERATORS[operator]} {_column_operand(column.kind, value, parameters)}"


def _column_operand(kind: Kind, value: Any, parameters: Parameters) -> str:
    match kind:
        case Kind.NUMBER:
            return _number(value, parameters)
        case Kind.INSTANT:
            return _instant(value, parameters)
        case Kind.BOOLEAN:
            return parameters.text(str(value).lower(), "boolean")
        case Kind.ID:
            return parameters.text(value, "uuid")
    return parameters.text(value)


# Data


def _data_condition(field: DataField, comparison: Comparison, parameters: Parameters) -> str:
    value = comparison.value
    match comparison.operator:
        case "exists":
            return f"{value_at(path_of(field, parameters))} IS NOT NULL"
        case "eq":
            return _equal(field, [value], parameters)
        case "in":
            return _equal(field, value, parameters)
        case "prefix":
            return _begins(_text(field, value, parameters), value, parameters)
        case "contains":
            return joined(" OR ", [_contains(field, each, parameters) for each in _containers(value)])
    return _compared(field, comparison.operator, value, parameters)


def _equal(field: DataField, values: list[Any], parameters: Parameters) -> str:
    """Return that the field is one of the values, each part by the index that serves it."""
    if not values:
        return "false"
    instants = [each for each in values if is_compared_as_instant(field, each)]
    if instants:
        others = _equal(field, [each for each in values if each not in instants], parameters)
        return joined(" OR ", [_among_instants(field, instants, parameters), others])
    if field.is_indexed and field.kind is Kind.TEXT and all(_is_short(each) for each in values):
        return _is_any(_indexed_text(field, parameters), [parameters.text(each) for each in values])
    if field.is_indexed and field.kind is Kind.NUMBER and all(_is_number(each) for each in values):
        return _is_any(number_at(path_of(field, parameters)), [_number(each, parameters) for each in values])
    return _among(field, values, parameters)


def _among_instants(field: DataField, values: list[str], parameters: Parameters) -> str:
    return _is_any(instant_at(path_of(field, parameters)), [_instant(each, parameters) for each in values])


def _is_any(expression: str, places: list[str]) -> str:
    # One alone is said with a plain sign: an index then also gives the rows in order.
    return f"{expression} = {places[0]}" if len(places) == 1 else f"{expression} = ANY (ARRAY[{', '.join(places)}])"


def _among(field: DataField, values: list[Any], parameters: Parameters) -> str:
    """Return that the field is one of these values of JSON; containment finds candidates by the index over all data.

    For scalars containment is equality. A place in a list cannot be said in it.
    """
    conditions = []
    if is_all_keys(field):
        conditions.append(_contained([nested(field, each) for each in values], parameters))
    if not conditions or any(isinstance(each, dict | list) for each in values):
        conditions.append(f"{value_at(path_of(field, parameters))} = ANY ({parameters.jsons(values)})")
    return joined(" AND ", conditions)


def _contained(documents: list[Any], parameters: Parameters) -> str:
    if len(documents) == 1:
        return f"entities.data @> {parameters.json(documents[0])}"
    return f"entities.data @> ANY ({parameters.jsons(documents)})"


def _compared(field: DataField, operator: str, value: Any, parameters: Parameters) -> str:
    sign = _OPERATORS[operator]
    if _is_number(value):
        return f"{number_at(path_of(field, parameters))} {sign} {_number(value, parameters)}"
    if is_instant(value) or field.kind is Kind.INSTANT:
        return f"{instant_at(path_of(field, parameters))} {sign} {_instant(value, parameters)}"
    return f"{_text(field, value, parameters)} {sign} {parameters.text(value)}"


def _contains(field: DataField, container: Any, parameters: Parameters) -> str:
    if is_all_keys(field):
        return f"entities.data @> {parameters.json(nested(field, container))}"
    return f"{value_at(path_of(field, parameters))} @> {parameters.json(container)}"


def _containers(value: Any) -> list[Any]:
    """Return what contains the value: a list, and for an object another one with at least its keys."""
    if isinstance(value, list):
        return [value]
    return [[value], value] if isinstance(value, dict) else [[value]]


def _text(field: DataField, value: str, parameters: Parameters) -> str:
    """Return the text of the field, as the index has it where that is enough to compare it with this value."""
    if field.is_indexed and _is_short(value):
        return _indexed_text(field, parameters)
    return text_at(path_of(field, parameters))


def _indexed_text(field: DataField, parameters: Parameters) -> str:
    path = path_of(field, parameters)
    return text_at(path) if field.is_unique else beginning_at(path)


def _begins(expression: str, prefix: str, parameters: Parameters) -> str:
    """Return that a text begins so; as a range too, which every version of PostgreSQL finds in an index."""
    place = parameters.text(prefix)
    conditions = [f"{expression} >= {place}", f"starts_with({expression}, {place})"]
    beyond = _next_after(prefix)
    if beyond:
        conditions.append(f"{expression} < {parameters.text(beyond)}")
    return joined(" AND ", conditions)


def _next_after(prefix: str) -> str:
    """Return the least text beyond all that begin so, by code points; "" where there is none."""
    shorter = prefix.rstrip(_LAST_CHARACTER)
    if not shorter:
        return ""
    following = ord(shorter[-1]) + 1
    return shorter[:-1] + chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004 - no text has surrogates


def _instant(value: str, parameters: Parameters) -> str:
    return f"workflow.instant({parameters.json(instant_of(value))})"


def _number(value: float, parameters: Parameters) -> str:
    return f"({parameters.json(value)})::numeric"


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) < COMPARED_CHARACTERS


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
