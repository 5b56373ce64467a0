"""Where a new version of a type is called compatible, all that was valid stays valid."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.workflow.evolution.compatibility import compare_schemas, verdict_of
from moorage.workflow.evolution.models import Change
from moorage.workflow.types.compiling import compile_schema

NAMES = ("a", "b", "title")
SCALARS = (None, True, False, 0, 1, 1.0, 2, 2.5, 4, "", "a", "bb", "2026-01-31")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
KINDS = {
    "type": "types", "enum": "scalars", "const": "scalar", "minimum": "small", "exclusiveMinimum": "small",
    "maximum": "small", "exclusiveMaximum": "small", "multipleOf": "step", "minLength": "small", "maxLength": "small",
    "pattern": "pattern", "format": "format", "required": "names", "properties": "named",
    "patternProperties": "matched",
    "additionalProperties": "schema", "propertyNames": "schema", "dependentRequired": "needs",
    "dependentSchemas": "named", "unevaluatedProperties": "schema", "items": "schema", "prefixItems": "schemas",
    "uniqueItems": "flag", "contains": "schema", "minContains": "small", "maxContains": "small", "minItems": "small",
    "maxItems": "small", "minProperties": "small", "maxProperties": "small", "allOf": "schemas", "anyOf": "schemas",
    "oneOf": "schemas", "not": "schema", "if": "schema", "then": "schema", "else": "schema", "title": "title",
}  # fmt: skip


class Maker:
    """Makes schemas, changes of them, and data; by a number, as strategies for these take far longer."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def root(self) -> dict[str, Any]:
        # What a definition refers to is no definition: references in a circle lead nowhere.
        return {**self.keywords(3), "$defs": {"a": self.keywords(1, refers=False)}}

    def schema(self, depth: int, *, refers: bool = True) -> Any:
        if refers and self.random.random() < 0.15:
            return {"$ref": "#/$defs/a"}
        if depth == 0 or self.random.random() < 0.2:
            return self.random.choice([True, False, {}])
        return self.keywords(depth, refers=refers)

    def keywords(self, depth: int, *, refers: bool = True) -> dict[str, Any]:
        chosen = self.random.sample(sorted(KINDS), self.random.randint(0, 4))
        return {each: self.value(KINDS[each], depth, refers=refers) for each in chosen}

    def value(self, kind: str, depth: int, *, refers: bool) -> Any:
        one = self.random.choice
        some = lambda values: self.random.sample(values, self.random.randint(1, 2))  # noqa: E731
        below = lambda: self.schema(depth - 1, refers=refers)  # noqa: E731
        return {
            "types": lambda: one([one(TYPES), some(TYPES)]),
            "scalars": lambda: some(SCALARS),
            "scalar": lambda: one(SCALARS),
            "small": lambda: self.random.randint(0, 3),
            "step": lambda: one([1, 2, 4, 0.5]),
            "pattern": lambda: one(["^a", "b$"]),
            "format": lambda: one(["date", "email"]),
            "names": lambda: some(NAMES),
            "named": lambda: {each: below() for each in some(NAMES)},
            "matched": lambda: {one(["^a", "title"]): below()},
            "needs": lambda: {one(NAMES): some(NAMES)},
            "schema": below,
            "schemas": lambda: [below() for _ in range(self.random.randint(1, 2))],
            "flag": lambda: one([True, False]),
            "title": lambda: "a title",
        }[kind]()

    def changed(self, part: Any) -> Any:
        """A schema, or a part of one, that differs in few places."""
        fate = self.random.random()
        if isinstance(part, bool) or fate < 0.05:
            return self.random.choice([True, part])
        if isinstance(part, int) and fate < 0.5:
            return max(part + self.random.choice([-1, 1]), 0)
        if isinstance(part, list):
            more = [self.random.choice(SCALARS)] if fate > 0.8 else []
            return [self.changed(each) for each in part if self.random.random() < 0.9] + more
        if isinstance(part, dict):
            kept = {name: self.changed(each) for name, each in part.items() if self.random.random() < 0.85}
            return {**kept, **self.keywords(2)} if fate > 0.85 else kept
        return part

    def data(self, depth: int = 3) -> Any:
        kind = self.random.random()
        if depth == 0 or kind < 0.3:
            return self.random.choice(SCALARS)
        if kind < 0.5:
            return [self.data(depth - 1) for _ in range(self.random.randint(0, 3))]
        return {each: self.data(depth - 1) for each in self.random.sample(NAMES, self.random.randint(0, 3))}


def compiled(schema: Any) -> Any:
    """A validator of the schema; None when a change has made something else of it."""
    try:
        return compile_schema(schema) if isinstance(schema, dict) else None
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return None


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**64))
def test_what_satisfied_a_schema_satisfies_a_compatible_one(seed):
    make = Maker(seed)
    old = make.root()
    new = make.changed(old)
    before, after = compiled(old), compiled(new)
    if before is None or after is None:
        return
    verdict = verdict_of(compare_schemas(old, new))
    values = [make.data() for _ in range(50)]
    if verdict in (Change.SAME, Change.COMPATIBLE):
        assert [each for each in values if before.is_valid(each) and not after.is_valid(each)] == []
    if verdict is Change.SAME:
        assert [each for each in values if before.is_valid(each) != after.is_valid(each)] == []


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**64))
def test_another_title_changes_nothing(seed):
    schema = Maker(seed).root()
    assert compare_schemas(schema, {**schema, "title": "another title"}) == []
