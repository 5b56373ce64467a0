"""Values as cells of a table, and back: what a schema says decides; what spreadsheets would run is marked as text.

A cell that begins with `=`, `+`, `-`, `@`, their wide forms, a tab or a line end is a formula to some spreadsheets, and
may reach outside (https://owasp.org/www-community/attacks/CSV_Injection). Text that begins so is written behind an
apostrophe, as spreadsheets themselves do; text that begins with one gets another, so that reading takes one away.
An empty text is a lone apostrophe: an empty cell is no value at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moorage.core.errors import InvalidInput
from moorage.workflow.parsing import parse_json

GUARD = "'"
GUARDED = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", GUARD)
SEPARATOR = ";"
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}

Schema = Mapping[str, Any]


def cell_of(value: Any, schema: Schema) -> str:
    """Return a value as a cell; `value_of` with the same schema gives it back."""
    if value is None and schema.get("type") == "string":
        return ""  # cannot be: a schema of type string has no null
    if isinstance(value, str):
        return (
            _guarded(value) if _is_text(schema) or not _reads_as_json(value) else json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, list) and _is_listed(value, schema):
        return _guarded(SEPARATOR.join(value))
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def value_of(cell: str, schema: Schema) -> Any:
    """Return the value of a cell that is not empty.

    Raises:
        ValueError: it is not what the schema's type asks for.
    """
    match schema.get("type"):
        case "string":
            return _unguarded(cell)
        case "integer" | "number":
            return _number(cell)
        case "boolean":
            return _boolean(cell)
        case "array":
            return _list(cell, schema)
    return _json(cell) if _reads_as_json(cell) else _unguarded(cell)


def _is_text(schema: Schema) -> bool:
    return schema.get("type") == "string"


def _guarded(text: str) -> str:
    return GUARD + text if not text or text.startswith(GUARDED) else text


def _unguarded(cell: str) -> str:
    return cell[1:] if cell == GUARD or (cell[0] == GUARD and cell[1:].startswith(GUARDED)) else cell


def _is_listed(value: list[Any], schema: Schema) -> bool:
    """Tell whether a list can be written with separators: texts without any, which do not look like JSON."""
    return (
        schema.get("type") == "array"
        and _item_type(schema) == "string"
        and bool(value)
        and all(isinstance(each, str) and each and each == each.strip() and SEPARATOR not in each for each in value)
        and not _reads_as_json(SEPARATOR.join(value))
        and not value[0].startswith(GUARD)
    )


def _list(cell: str, schema: Schema) -> list[Any]:
    if cell.startswith("[") and _reads_as_json(cell):
        return _json(cell)
    parts = [each.strip() for each in _unguarded(cell).split(SEPARATOR)]
    items = {"type": _item_type(schema)}
    return [value_of(each, items) if items["type"] != "string" else each for each in parts if each]


def _item_type(schema: Schema) -> Any:
    items = schema.get("items")
    return items.get("type") if isinstance(items, dict) else None


def _number(cell: str) -> int | float:
    value = _json(cell.strip()) if _reads_as_json(cell.strip()) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError("is no number")


def _boolean(cell: str) -> bool:
    word = cell.strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError("is neither true nor false")


def _reads_as_json(text: str) -> bool:
    try:
        _json(text)
    except InvalidInput:
        return False
    return True


def _json(text: str) -> Any:
    return parse_json(text, what="a cell")
