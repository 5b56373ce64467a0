"""What a JSON Schema says of a field is found wherever the schema says it."""

from __future__ import annotations

from typing import Any

import pytest

from moorage.workflow.querying.models import Kind
from moorage.workflow.querying.schema_fields import FoundField, declared_names, find_in_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "$ref": "#/$defs/base",
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string"},
        "due": {"type": ["string", "null"], "format": "date-time"},
        "status": {"enum": ["open", "done"]},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "size": {"$ref": "#/$defs/size"},
        "people": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}]},
        "free": {"type": "object"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "$defs": {
        "base": {"properties": {"id": {"type": "string"}}},
        "size": {"type": "object", "properties": {"bytes": {"type": "integer"}, "of": {"$ref": "#/$defs/size"}}},
    },
}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("title", Kind.TEXT),
        ("due", Kind.INSTANT),
        ("status", Kind.TEXT),
        ("either", Kind.ANY),
        ("size.bytes", Kind.NUMBER),
        ("size.of.of.bytes", Kind.NUMBER),
        ("people.0.name", Kind.TEXT),
        ("pair.1", Kind.BOOLEAN),
        ("counts.red", Kind.NUMBER),
        ("id", Kind.TEXT),
    ],
)
def test_a_declared_field_is_found_with_what_its_values_are(path, kind):
    assert find_in_schema(SCHEMA, tuple(path.split("."))) == FoundField(is_declared=True, kind=kind)


def test_a_field_that_the_schema_leaves_room_for_is_possible():
    assert find_in_schema(SCHEMA, ("free", "anything", "below")) == FoundField(is_declared=False)


@pytest.mark.parametrize("path", ["titel", "title.length", "people.name", "size.bytes.of"])
def test_a_field_that_no_valid_data_has_is_not_found(path):
    assert find_in_schema(SCHEMA, tuple(path.split("."))) is None


def test_the_names_at_the_top_include_those_of_a_schema_referred_to():
    assert set(declared_names(SCHEMA)) == {*SCHEMA["properties"], "id"}


def test_a_schema_that_refers_to_itself_ends():
    schema = {"$ref": "#", "properties": {"child": {"$ref": "#"}}}
    assert find_in_schema(schema, ("child", "child")) == FoundField(is_declared=True)
