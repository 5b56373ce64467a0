"""Why data does not satisfy its type, in words that say what would be right, each with its place."""

from __future__ import annotations

from typing import Any

import pytest

from moorage.workflow.types.keywords import DRAFT_07
from moorage.workflow.types.validation import CompiledSchema


def explained(schema: Any, value: Any, **more: Any) -> dict[str, str]:
    """Return the problems of a value under a property `x`, by JSON pointer below it."""
    definition = {"type": "object", "properties": {"x": schema}, **more}
    found = CompiledSchema(definition).problems_in({"x": value})
    return {each.pointer.removeprefix("/x"): each.message for each in found}


EXPLAINED: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "of another type": ({"type": "integer"}, "7", {"": '"7" is not of type "integer"'}),
    "missing": ({"required": ["a/b"]}, {}, {"/a~1b": "is required"}),
    "unknown": (
        {"properties": {"title": {}}, "additionalProperties": False},
        {"titel": 1},
        {"/titel": "is no property that may be here; did you mean 'title'?"},
    ),
    "none of the choices": (
        {"enum": ["pending", "done", 3]}, "Done", {"": '"Done" is none of "pending", "done", 3; did you mean \'done\'?'}
    ),
    "no date": (
        {"format": "date-time"}, "tomorrow", {"": '"tomorrow" is no date-time, such as 2026-01-31T12:00:00Z'}
    ),
    "too long": ({"maxLength": 3}, "a" * 1000, {"": f'"{"a" * 59}… is longer than 3 characters'}),
    "unlike a pattern": ({"pattern": "^[0-9]+$"}, "x", {"": '"x" does not match "^[0-9]+$"'}),
    "too large": ({"maximum": 3}, 5, {"": "5 is greater than the maximum of 3"}),
    "not what is expected": ({"const": {"a": 1}}, [1, 2], {"": '{"a":1} was expected'}),
    "in a list": (
        {"items": {"type": "string"}}, ["a", 1, None],
        {"/1": '1 is not of type "string"', "/2": 'null is not of type "string"'},
    ),
    "at the head of a list": (
        {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, [1, "a"],
        {"/0": '1 is not of type "string"', "/1": '"a" is not of type "integer"'},
    ),
    "not contained": (
        {"contains": {"const": 1}}, [2], {"": "0 of its values fit /properties/x/contains, at least 1 must"}
    ),
    "by a pattern of keys": (
        {"patternProperties": {"^n_": {"type": "integer"}}}, {"n_a": "x"}, {"/n_a": '"x" is not of type "integer"'}
    ),
    "by any other key": ({"additionalProperties": {"type": "null"}}, {"a": "x"}, {"/a": '"x" is not of type "null"'}),
    "a name": ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, {"/ab": '"ab" is longer than 1 character'}),
    "no alternative": (
        {"anyOf": [{"type": "string"}, {"items": {"type": "null"}, "type": "array"}]}, [1],
        {"": 'fits none of 2 alternatives: a list of 1 is not of type "string"; or /0: 1 is not of type "null"'},
    ),
    "too many alternatives": (
        {"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1, {"": "fits the alternatives 1 and 2, may fit one only"}
    ),
    "excluded": ({"not": {"const": 1}}, 1, {"": "1 is what /properties/x/not excludes"}),
    "on a condition": ({"if": {"type": "string"}, "then": {"const": "b"}}, "a", {"": '"b" was expected'}),
    "on another condition": ({"if": {"type": "string"}, "else": {"type": "null"}}, 1, {"": '1 is not of type "null"'}),
    "by another property": ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, {"/b": "is required"}),
    "by a schema of another": ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}, {"/b": "is required"}),
    "left over": (
        {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, {"b": 1},
        {"": "an object has something in it that no part of /properties/x knows"},
    ),
    "not allowed at all": (False, 1, {"": "is no property that may be here"}),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "problems"), EXPLAINED.values(), ids=EXPLAINED)
def test_what_is_wrong_is_said_with_its_place(schema, value, problems):
    assert explained(schema, value) == problems


def test_references_are_followed():
    definitions = {"$defs": {"a/b": {"$ref": "#/$defs/c"}, "c": {"items": {"type": "integer"}}}}
    assert explained({"$ref": "#/$defs/a~1b"}, ["x"], **definitions) == {"/0": '"x" is not of type "integer"'}


def test_an_older_draft_is_explained_by_its_own_words():
    schema = {"items": [{"type": "string"}], "additionalItems": False, "dependencies": {"a": ["b"]}}
    assert explained(schema, ["a", 1], **{"$schema": DRAFT_07.uri}).keys() == {"/1"}
    assert explained(schema, {"a": 1}, **{"$schema": DRAFT_07.uri}) == {"/b": "is required"}


def test_what_is_right_has_no_problems():
    assert explained({"anyOf": [{"type": "integer"}]}, 1) == {}


def test_no_more_problems_are_told_than_a_reader_has_use_for():
    assert len(explained({"items": {"type": "string"}}, list(range(5000)))) == 50


def test_a_message_does_not_repeat_what_is_large():
    wrong = {"a": "x" * 100_000, "b": [1] * 5_000, "c": {"d": "x" * 100_000}, "e": 1}
    schemas = {"a": {"enum": ["y"]}, "b": {"const": 1}, "c": {"type": "string"}, "e": {"const": "x" * 50_000}}
    found = explained({"properties": schemas}, wrong)
    assert found.keys() == {"/a", "/b", "/c", "/e"}
    assert max(len(message) for message in found.values()) <= 300
