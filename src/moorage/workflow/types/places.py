"""The schemas inside a schema by their JSON pointers, and what references among them mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moorage.workflow.types.keywords import subschemas_of

Schema = dict[str, Any] | bool
Places = Mapping[str, Schema]


def places_in(definition: dict[str, Any]) -> Places:
    """Return every schema of a document by its JSON pointer; "" is the whole, which comes first."""
    found: dict[str, Schema] = {}
    stack: list[tuple[str, Schema]] = [("", definition)]
    while stack:
        pointer, schema = stack.pop()
        found[pointer] = schema
        if isinstance(schema, dict):
            inside = (each for keyword, value in schema.items() for each in subschemas_of(keyword, value))
            stack.extend(reversed([(pointer + below, each) for below, each in inside]))
    return found


def target_of(reference: str) -> str | None:
    """Return the JSON pointer that a reference inside its document means; None when it leads elsewhere."""
    return unquote(reference[1:]) if reference == "#" or reference.startswith("#/") else None


def followed(places: Places, schema: Schema) -> Schema:
    """Return the schema that a property's schema refers to, or itself; for schemas that were checked."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = places[target_of(schema["$ref"]) or ""]
    return schema
