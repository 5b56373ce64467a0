"""What the data of a type holds, a line for each field: enough to write data by, a tenth of the schema."""

from __future__ import annotations

from typing import Any

from moorage.workflow.types.places import Places, Schema, followed, places_in
from moorage.workflow.types.problems import choices, shown

_MAX_CHARACTERS = 300
_BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
)


def fields_of(definition: dict[str, Any]) -> dict[str, str]:
    """Return the properties of a schema, required ones first: `title` is "string, 1 to 200 characters, required"."""
    places, required = places_in(definition), definition.get("required", [])
    ordered = sorted(definition.get("properties", {}).items(), key=lambda item: item[0] not in required)
    return {name: _line(places, schema, is_required=name in required) for name, schema in ordered}


def _line(places: Places, schema: Schema, *, is_required: bool) -> str:
    parts = [_kind(places, schema)]
    if is_required:
        parts.append("required")
    if isinstance(schema, dict) and "default" in schema:
        parts.append(f"default {shown(schema['default'])}")
    return ", ".join(parts)[:_MAX_CHARACTERS]


def _kind(places: Places, schema: Schema) -> str:
    schema = followed(places, schema)
    if isinstance(schema, bool):
        return "anything" if schema else "nothing"
    if "const" in schema or "enum" in schema:
        return f"one of {choices(schema.get('enum', [schema.get('const')]))}"
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return " or ".join(dict.fromkeys(_kind(places, each) for each in schema[keyword]))
    return _named(places, schema)


def _named(places: Places, schema: dict[str, Any]) -> str:
    types = schema.get("type", "anything")
    name = schema.get("format") or (types if isinstance(types, str) else " or ".join(types))
    if name == "array":
        name = f"list of {_kind(places, schema['items'])}" if isinstance(schema.get("items"), dict) else "list"
    if "pattern" in schema:
        name += f" like {schema['pattern']}"
    return ", ".join([name, *_bounds(schema)])


def _bounds(schema: dict[str, Any]) -> list[str]:
    found = [_range(schema.get(least), schema.get(most), unit) for least, most, unit in _BOUNDS]
    return [each for each in found if each]


def _range(least: Any, most: Any, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least} to {most}{unit}"
    if least is not None:
        return f"at least {least}{unit}"
    return "" if most is None else f"at most {most}{unit}"
