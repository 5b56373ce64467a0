"""JSON Schemas as clients read them, and as words in an error message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moorage.core.mcp.sdk import compress_schema

Schema = Mapping[str, Any]


def published(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema without references and derived titles, because several clients read neither.

    Nor has it defaults of null: what is not required can be left out, and every client pays for each mention.
    A recursive schema keeps its `$defs`: it cannot be written without them.
    """
    return _without_null_defaults(compress_schema(schema, prune_titles=True, dereference=True))


def _without_null_defaults(value: Any) -> Any:
    match value:
        case dict():
            kept = {key: each for key, each in value.items() if key != "default" or each is not None}
            return {key: _without_null_defaults(each) for key, each in kept.items()}
        case list():
            return [_without_null_defaults(each) for each in value]
    return value


def types_in(schema: Schema, definitions: Schema) -> set[str]:
    """Return the JSON types that a value may have at the top; empty when the schema does not say."""
    schema = _resolved(schema, definitions)
    kind = schema.get("type")
    found: set[str] = {kind} if isinstance(kind, str) else set(kind or ())
    for choice in _choices(schema):
        found |= types_in(choice, definitions)
    return found


def in_words(schema: Schema, definitions: Schema) -> str:
    """Say what the schema accepts: "integer, 1 to 200", "one of "a", "b"", "list of string"."""
    schema = _resolved(schema, definitions)
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(each) for each in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    choices = [in_words(each, definitions) for each in _choices(schema)]
    if choices:
        return " or ".join(dict.fromkeys(choices))
    return ", ".join(filter(None, (_kind(schema, definitions), _range(schema), _pattern(schema))))


def fields_of(schema: Schema, definitions: Schema) -> dict[str, Schema]:
    """Return the fields of an object, also where an object is one of several choices."""
    schema = _resolved(schema, definitions)
    fields = dict(schema.get("properties", {}))
    for choice in _choices(schema):
        fields |= fields_of(choice, definitions)
    return fields


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow the reference that a recursive schema keeps."""
    reference = schema.get("$ref", "")
    return definitions.get(reference.rpartition("/")[2], schema)


def _choices(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _kind(schema: Schema, definitions: Schema) -> str:
    kind = schema.get("type", "any JSON value")
    if kind == "array" and schema.get("items"):
        return "list of " + in_words(schema["items"], definitions)
    return {"array": "list", "string": schema.get("format", "string")}.get(kind, kind)


def _range(schema: Schema) -> str:
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if low in schema and high in schema:
            return f"{schema[low]} to {schema[high]}{unit}"
        if low in schema:
            return f"at least {schema[low]}{unit}"
        if high in schema:
            return f"at most {schema[high]}{unit}"
    return _open_range(schema)


def _open_range(schema: Schema) -> str:
    words = {"exclusiveMinimum": "more than", "exclusiveMaximum": "less than"}
    return " and ".join(f"{word} {schema[key]}" for key, word in words.items() if key in schema)


def _pattern(schema: Schema) -> str:
    return f"matching {schema['pattern']}" if "pattern" in schema else ""
