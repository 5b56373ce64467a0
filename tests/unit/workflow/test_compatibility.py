"""How a new version of a type stands to the one before."""

from __future__ import annotations

from typing import Any

import pytest

from moorage.workflow.evolution.compatibility import MAX_PAIRS, compare_schemas, verdict_of
from moorage.workflow.evolution.models import Change

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def objects(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # Nothing that anybody could notice.
        (closed(a=TEXT), closed(a={**TEXT, "description": "new words"}), "same"),
        (closed(a=TEXT), {**closed(a=TEXT), "$schema": "https://json-schema.org/draft/2020-12/schema"}, "same"),
        (closed(a={"enum": ["x", "y"]}), closed(a={"enum": ["y", "x"]}), "same"),
        (closed(a={"const": 1}), closed(a={"enum": [1.0]}), "same"),
        # All that was valid stays valid.
        (closed(a=TEXT), closed(a=TEXT, b=TEXT), "compatible"),
        (closed(a={"enum": ["x"]}), closed(a={"enum": ["x", "y"]}), "compatible"),
        (closed(a={"maxLength": 3}), closed(a={"maxLength": 9}), "compatible"),
        (closed(a={"minimum": 3}), closed(a={"exclusiveMinimum": 2}), "compatible"),
        (closed(a={"type": "integer"}), closed(a={"type": "number"}), "compatible"),
        (closed(a=TEXT), closed(a={"type": ["string", "null"]}), "compatible"),
        (closed(a={"multipleOf": 4}), closed(a={"multipleOf": 2}), "compatible"),
        (closed(a={"pattern": "^x"}), closed(a={}), "compatible"),
        ({**closed(a=TEXT), "required": ["a"]}, closed(a=TEXT), "compatible"),
        (closed(a=TEXT), objects(a=TEXT), "compatible"),
        (objects(a=TEXT), objects(), "compatible"),
        (closed(a={"items": {"maxLength": 1}}), closed(a={"items": {"maxLength": 2}}), "compatible"),
        (closed(a={"anyOf": [TEXT]}), closed(a={"anyOf": [TEXT, {"type": "null"}]}), "compatible"),
        # Entities may have to change, or nobody can tell.
        (closed(a=TEXT), {**closed(a=TEXT), "required": ["a"]}, "needs_migration"),
        (closed(a=TEXT), closed(b=TEXT), "needs_migration"),
        (closed(a=TEXT), closed(a={"type": "integer"}), "needs_migration"),
        (closed(a={"type": "number"}), closed(a={"type": "integer"}), "needs_migration"),
        (closed(a={"enum": ["x", "y"]}), closed(a={"enum": ["x"]}), "needs_migration"),
        (closed(a={"enum": [True]}), closed(a={"enum": [1]}), "needs_migration"),
        (closed(a={"maximum": 9}), closed(a={"maximum": 3}), "needs_migration"),
        (closed(a={"minimum": 2}), closed(a={"exclusiveMinimum": 2}), "needs_migration"),
        (closed(a={"multipleOf": 0.5}), closed(a={"multipleOf": 0.25}), "needs_migration"),
        (closed(a=TEXT), closed(a={**TEXT, "pattern": "^x"}), "needs_migration"),
        (closed(a=TEXT), closed(a={**TEXT, "format": "date"}), "needs_migration"),
        (objects(a=TEXT), objects(a=TEXT, b=TEXT), "needs_migration"),
        (objects(a=TEXT), closed(a=TEXT), "needs_migration"),
        (closed(a={"oneOf": [TEXT]}), closed(a={"oneOf": [TEXT, {"type": "null"}]}), "needs_migration"),
        (closed(a={"not": TEXT}), closed(a={"not": {"type": "null"}}), "needs_migration"),
        # No step could have meant it.
        (closed(a=TEXT), {**closed(a=TEXT), "$schema": "http://json-schema.org/draft-07/schema#"}, "breaking"),
        (closed(a=TEXT), {**closed(a=TEXT), "oneOf": [{"required": ["a"]}]}, "breaking"),
    ],
)
def test_a_change_is_told_by_what_stays_valid(old, new, expected):
    assert verdict_of(compare_schemas(old, new)) == expected


def test_reasons_name_their_places():
    old = {**closed(a=TEXT, b={"maxLength": 9}, c=objects(d=TEXT)), "required": ["a"]}
    new = {**closed(a=TEXT, b={"maxLength": 3}, c=objects(d={"type": "null"})), "required": ["a", "b"]}
    assert [(each.pointer, each.message) for each in compare_schemas(old, new)] == [
        ("/required", "'b' becomes required"),
        ("/properties/b/maxLength", "a narrower bound: 3, before 9"),
        ("/properties/c/properties/d/type", "not string any more"),
    ]


def tree(**node: Any) -> dict[str, Any]:
    """A type whose data is a tree of nodes, by a definition that refers to itself."""
    children = {"type": "array", "items": {"$ref": "#/$defs/node"}}
    return {**closed(root={"$ref": "#/$defs/node"}), "$defs": {"node": closed(children=children, **node)}}


def test_what_a_reference_leads_to_is_compared_once():
    assert compare_schemas(tree(name=TEXT), tree(name=TEXT)) == []
    (reason,) = compare_schemas(tree(name=TEXT), tree(name=TEXT, size=TEXT))
    assert (reason.pointer, reason.change) == ("/properties/root/properties/size", Change.COMPATIBLE)
    assert verdict_of(compare_schemas(tree(name=TEXT), tree(name={"type": "null"}))) is Change.NEEDS_MIGRATION


def test_schemas_that_are_too_much_to_compare_are_not_called_compatible():
    count = 200  # as many pairs as there are names squared
    old = {"type": "object", "additionalProperties": objects(**{f"p{n}": TEXT for n in range(count)})}
    new = {**old, "properties": {f"q{n}": objects(p0={"maxLength": 2**20}) for n in range(count)}}
    assert count**2 > MAX_PAIRS
    reasons = compare_schemas(old, new)
    assert any("too much to compare" in each.message for each in reasons)
