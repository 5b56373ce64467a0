"""Whatever a type and its data are: data is explained exactly when it is wrong, and the places named are there."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpointer import JsonPointer

from moorage.workflow.types.subset import problems_in_schema
from moorage.workflow.types.validation import CompiledSchema

NAMES = st.sampled_from(["a", "b", "a/b", "~", "%41", "é", ""])
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("abé/", max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
SMALL = st.integers(0, 3)
ASSERTIONS = {
    "type": st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"]),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": SMALL,
    "multipleOf": st.integers(1, 3),
    "maxLength": SMALL,
    "pattern": st.sampled_from(["^a", "b$", "^[ab]*$"]),
    "format": st.sampled_from(["date", "uri", "uuid"]),
    "minItems": SMALL,
    "uniqueItems": st.booleans(),
    "maxProperties": SMALL,
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
}


def _schemas_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists, named = st.lists(inner, min_size=1, max_size=3), st.dictionaries(NAMES, inner, max_size=3)
    patterns = st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2)
    one = ("not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames")
    left = ("unevaluatedProperties", "unevaluatedItems")
    optional = {
        **ASSERTIONS,
        **dict.fromkeys((*one, *left), inner),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), lists),
        **dict.fromkeys(("properties", "dependentSchemas"), named),
        "patternProperties": patterns,
        "minContains": SMALL,
        "$ref": st.just("#/$defs/shared"),
    }
    return st.dictionaries(st.sampled_from(sorted(optional)), st.none(), max_size=4).flatmap(
        lambda chosen: st.fixed_dictionaries({keyword: optional[keyword] for keyword in chosen})
    )


SCHEMAS = st.recursive(st.booleans() | st.just({}), _schemas_of, max_leaves=8)
SHARED = st.fixed_dictionaries({}, optional=ASSERTIONS)


@settings(max_examples=200)
@given(schema=SCHEMAS, shared=SHARED, value=VALUES)
def test_data_is_explained_exactly_when_it_is_wrong(schema, shared, value):
    definition = {"type": "object", "properties": {"x": schema}, "$defs": {"shared": shared}}
    assert list(problems_in_schema(definition)) == []
    document = {"x": value}
    is_right = jsonschema_rs.validator_for(definition, offline=True, validate_formats=True).is_valid(document)
    problems = CompiledSchema(definition).problems_in(document)
    assert bool(problems) != is_right
    for each in problems:
        assert is_there_or_missing(document, each.pointer)


def is_there_or_missing(document: Any, pointer: str) -> bool:
    """Tell whether a pointer leads to a value, or to a property that an object lacks."""
    parts = JsonPointer(pointer).parts
    for part in parts[:-1]:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return isinstance(document, dict) or not parts or int(parts[-1]) < len(document)
