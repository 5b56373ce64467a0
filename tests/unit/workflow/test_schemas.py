"""Which JSON Schemas may be types, and what each attack on the process by a schema meets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from moorage.workflow.documents import MAX_BYTES, MAX_NODES, Document
from moorage.workflow.errors import InvalidType
from moorage.workflow.types.agreement import refuse_unfit_type
from moorage.workflow.types.compiling import compile_schema
from moorage.workflow.types.costs import MAX_PER_VALUE, MAX_SECONDS, Costs
from moorage.workflow.types.keywords import DRAFT_07
from moorage.workflow.types.models import TypeRules
from moorage.workflow.types.places import places_in
from moorage.workflow.types.validation import CompiledSchema


def problems(definition: Document, **rules: Any) -> dict[str, str]:
    """Return what is wrong with a type, by JSON pointer."""
    try:
        refuse_unfit_type(definition, TypeRules.model_validate(rules))
    except InvalidType as error:
        return {each["pointer"]: each["message"] for each in error.details["problems"]}
    return {}


def of(schema: Any, **more: Any) -> Document:
    """Return a type whose data has one property `x`."""
    return {"type": "object", "properties": {"x": schema}, **more}


def doubling(keyword: str, levels: int) -> Document:
    """Return references that double at each level, in a document that grows by one line for each."""
    steps = {f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return of({"$ref": "#/$defs/d0"}, **{"$defs": {**steps, f"d{levels}": {"type": "integer"}}})


def within(keyword: str, levels: int) -> Any:
    schema: Any = {"type": "integer"}
    for _ in range(levels):
        schema = {keyword: [schema, schema]}
    return schema


def left_over(levels: int) -> Any:
    schema: Any = {"properties": {"a": {}}}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": False}
    return schema


FITS = {
    "nothing but an object": {"type": "object"},
    "a reference inside": of({"$ref": "#/$defs/a%20b"}, **{"$defs": {"a b": {"type": "string"}}}),
    "a reference to a property": of({"$ref": "#/properties/y"}, required=["x"]) | {
        "properties": {"x": {"$ref": "#/properties/y"}, "y": {"type": "integer"}}
    },
    "draft-07": {"$schema": DRAFT_07.uri, **of({"items": [{"type": "string"}], "additionalItems": False})},
    "every keyword of alternatives": of(
        {"anyOf": [True], "oneOf": [{}], "allOf": [{"not": False}], "if": True, "then": {}, "else": False}
    ),
    "notes of one's own": of({"type": "string", "x-widget": {"rows": 3}}),
    "a pattern that others backtrack in": of({"pattern": "^(a+)+$"}),
}  # fmt: skip

REFUSED: dict[str, tuple[Document, str, str]] = {
    "no object": ({"type": "string"}, "/type", "must say"),
    "no type": ({}, "/type", "must say"),
    "another draft": (
        {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}, "/$schema", "leave it out"
    ),
    "a draft from elsewhere": ({"$schema": "http://127.0.0.1/x", "type": "object"}, "/$schema", "is not served"),
    "a reference to http": (of({"$ref": "http://127.0.0.1/x.json"}), "/properties/x/$ref", "nothing is fetched"),
    "a reference to a file": (of({"$ref": "file:///etc/passwd"}), "/properties/x/$ref", "nothing is fetched"),
    "a reference to another document": (of({"$ref": "other.json#/a"}), "/properties/x/$ref", "nothing is fetched"),
    "a reference to an anchor": (of({"$ref": "#a"}), "/properties/x/$ref", "leads out"),
    "a reference to nothing": (of({"$ref": "#/$defs/a"}), "/properties/x/$ref", "there is no schema"),
    "a reference to what is no schema": (of({"$ref": "#/properties"}), "/properties/x/$ref", "there is no schema"),
    "a name": (of({"$id": "http://127.0.0.1/x"}), "/properties/x/$id", "refer to parts"),
    "an anchor": (of({"$anchor": "a"}), "/properties/x/$anchor", "anchors"),
    "a dynamic reference": (of({"$dynamicRef": "#a"}), "/properties/x/$dynamicRef", "write $ref"),
    "a recursive reference": (of({"$recursiveRef": "#"}), "/properties/x/$recursiveRef", "write $ref"),
    "a look into texts": (of({"contentMediaType": "application/json"}), "/properties/x/contentMediaType", "not looked"),
    "a schema in itself": (of({"$ref": "#"}), "", "refers to itself"),
    "two schemas in each other": (
        of({}, **{"$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
        "/$defs/a", "refers to itself",
    ),
    "a word misspelt": (of({"minLenght": 3}), "/properties/x/minLenght", "did you mean 'minLength'?"),
    "an unknown word": (of({"frobnicate": 3}), "/properties/x/frobnicate", "begin with x-"),
    "a word of the other draft": (of({"additionalItems": True}), "/properties/x/additionalItems", "prefixItems"),
    "a newer word in an older draft": (
        {"$schema": DRAFT_07.uri, **of({"unevaluatedItems": False})}, "/properties/x/unevaluatedItems", "2020-12"
    ),
    "words beside a reference in draft-07": (
        {"$schema": DRAFT_07.uri, **of({"$ref": "#/definitions/a", "minLength": 3}, definitions={"a": {}})},
        "/properties/x/$ref", "ignores minLength",
    ),
    "a format misspelt": (of({"format": "datetime"}), "/properties/x/format", "did you mean 'date-time'?"),
    "an unknown type": (of({"type": "text"}), "/properties/x/type", "one of array, boolean"),
    "a schema that is none": (of(7), "/properties/x", "not of types"),
    "a keyword of a wrong kind": (of({}, required="x"), "/required", "not of type"),
    "a pattern that needs backtracking": (of({"pattern": "^(?=a)"}), "/properties/x/pattern", "no look-around"),
    "a pattern with a back-reference": (of({"pattern": r"^(a)\1$"}), "/properties/x/pattern", "no back-references"),
    "a pattern that is none": (of({"pattern": "("}), "/properties/x/pattern", "is not served"),
    "a long pattern": (of({"pattern": "a" * 257}), "/properties/x/pattern", "256 at most"),
    "a pattern that grows": (of({"pattern": "(.{1,200}){1,200}"}), "/properties/x/pattern", "maxLength"),
    "a pattern of keys": (of({"patternProperties": {"(?!)": {}}}), "/properties/x/patternProperties/(?!)", "served"),
    "a pattern of names": (of({"propertyNames": {"pattern": "("}}), "/properties/x/propertyNames/pattern", "served"),
    "patterns that are no object": (of({"patternProperties": None}), "/properties/x/patternProperties", "not of type"),
    "many patterns": (of({"patternProperties": {f"^{n}": {} for n in range(101)}}), "", "100 at most"),
    "many values to choose from": (of({"enum": list(range(1001))}), "/properties/x/enum", "1,000 at most"),
    "many values": (of({"examples": list(range(3000))}), "", "more than 3,000 values"),
    "a large document": (of({"description": "a" * 70_000}), "", "65,536 at most"),
    "many schemas": ({"type": "object", "properties": {f"p{n}": {} for n in range(1000)}}, "", "1,001 schemas"),
    "references that double 22 times": (doubling("anyOf", 22), "/$defs/d14", "schemas may apply to one value"),
    "all of references that double": (doubling("allOf", 22), "/$defs/d14", "schemas may apply to one value"),
    "long chains of references": (doubling("items", 0) | {
        "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(100)} | {"d100": {}}
    }, "", "deeper than 64 schemas"),
    "what is left over, in each other": (of(left_over(6)), "/properties/x", "schemas may apply to one value"),
}  # fmt: skip


@pytest.mark.parametrize("definition", FITS.values(), ids=FITS)
def test_what_is_inside_the_subset_may_be_a_type(definition):
    assert problems(definition) == {}
    assert CompiledSchema(definition).problems_in({}) == [] or "required" in definition


@pytest.mark.parametrize(("definition", "pointer", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_outside_the_subset_is_refused_with_its_place(definition, pointer, message):
    found = problems(definition)
    assert message in found[pointer]


def test_schemas_nested_too_deep_are_refused_without_recursion():
    schema: Any = {}
    for _ in range(100_000):
        schema = {"not": schema}
    assert problems(of(schema)).keys() == {""}


def test_all_problems_are_told_at_once():
    found = problems({"type": "object", "propertes": {}, "properties": {"a": {"type": "text"}, "b": {"format": "x"}}})
    assert found.keys() == {"/propertes", "/properties/a/type", "/properties/b/format"}


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port on loopback where anything that is fetched would be seen."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


def test_nothing_is_ever_fetched(listening, tmp_path):
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/schema.json"
    file = tmp_path / "schema.json"
    file.write_text('{"type": "string"}', encoding="utf-8")
    for address in (url, file.as_uri()):
        for keyword in ("$ref", "$schema", "$id", "$dynamicRef"):
            assert problems(of({keyword: address}))
            assert problems({"type": "object", keyword: address})
        with pytest.raises(Exception, match=r"offline|fetch|retriev|schema"):  # were it to come so far
            compile_schema(of({"$ref": address}))
    with pytest.raises(BlockingIOError):
        listening.accept()


def test_alternatives_in_alternatives_are_counted_as_many_as_they_are():
    places = places_in(of(within("anyOf", 5)))
    assert Costs(places).of("/properties/x").per_value == 2**6 - 1


def test_properties_beside_each_other_cost_no_more_than_one_of_them():
    definition = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(200)}}
    assert Costs(places_in(definition)).of("").per_value == 1


def test_an_ordinary_type_is_checked_whatever_the_size_of_its_data():
    schema = CompiledSchema(of({"type": "array", "items": {"type": "integer"}}))
    assert schema.problems_in({"x": list(range(MAX_NODES - 2))}) == []


def test_data_that_would_take_long_to_check_is_refused_before_it_is_checked():
    alternatives = {"anyOf": [{"const": n} for n in range(200)]}
    schema = CompiledSchema(of({"items": alternatives}))
    assert problems(of({"items": alternatives})) == {}
    assert schema.problems_in({"x": [199] * 100}) == []
    (problem,) = schema.problems_in({"x": [199] * (MAX_NODES - 2)})
    assert (problem.pointer, "take too long to check" in problem.message) == ("/x", True)


def test_text_is_held_against_a_large_pattern_only_where_the_pattern_is():
    schema = CompiledSchema(of({"pattern": "^[ab]*a[ab]{200}c$"}) | {"additionalProperties": True})
    text = "ab" * (MAX_BYTES // 3)
    assert schema.problems_in({"x": "ab", "text": text})[0].pointer == "/x"
    assert "take too long" in schema.problems_in({"x": text})[0].message
    assert CompiledSchema(of({"pattern": "^[0-9]+$"})).problems_in({"x": "1" * (MAX_BYTES - 100)}) == []


def test_formats_are_held_against_no_more_text_than_they_have_time_for():
    schema = CompiledSchema(of({"items": {"anyOf": [{"format": "idn-hostname"}] * 300}}))
    assert "take too long" in schema.problems_in({"x": ["é." * 10_000]})[0].message


def test_the_costliest_type_and_the_largest_data_stay_within_the_bound():
    definition = of({"items": within("anyOf", 8)})
    cost = Costs(places_in(definition)).of("")
    assert cost.per_value <= MAX_PER_VALUE
    assert cost.seconds(MAX_NODES, MAX_BYTES) > MAX_SECONDS
    (problem,) = CompiledSchema(definition).problems_in({"x": [0] * (MAX_NODES - 2)})
    assert "take too long" in problem.message


def test_explaining_asks_no_more_than_it_tells():
    definition = of({"items": {"anyOf": [{"const": n} for n in range(40)]}})
    found = CompiledSchema(definition).problems_in({"x": [-1] * 5_000})
    assert [each.pointer for each in found] == [f"/x/{n}" for n in range(50)]
    assert found[0].message == "fits none of 40 alternatives: 0 was expected; or 1 was expected; or 2 was expected"


STATES = of({"enum": ["new", "done"]}, required=["x"])
RULES: dict[str, tuple[Document, dict[str, Any], str, str]] = {
    "a title that is none": (STATES, {"title": "name"}, "/rules/title", "has no property 'name'"),
    "a state field that is none": (STATES, {"state": {"field": "y"}}, "/rules/state/field", "has no property 'y'"),
    "a state that may be anything": (of({"type": "string"}), {"state": {"field": "x"}}, "/rules/state/field", "enum"),
    "an unknown final state": (STATES, {"state": {"field": "x", "final": ["gone"]}}, "/rules/state/final", '"gone"'),
    "an unknown first state": (STATES, {"state": {"field": "x", "initial": ["old"]}}, "/rules/state/initial", '"old"'),
    "a transition from nowhere": (
        STATES, {"state": {"field": "x", "transitions": {"gone": ["new"]}}}, "/rules/state/transitions/gone", '"gone"'
    ),
    "a transition to nowhere": (
        STATES, {"state": {"field": "x", "transitions": {"new": ["gone"]}}}, "/rules/state/transitions/new", '"gone"'
    ),
    "an unknown priority": (STATES, {"priority": {"field": "x", "order": ["high"]}}, "/rules/priority/order", '"high"'),
    "an index over nothing": (STATES, {"indexes": [{"field": "y"}]}, "/rules/indexes/0/field", "has no property 'y'"),
    "an index below what has no such": (
        of({"properties": {"a": {}}}), {"indexes": [{"field": "x.b"}]}, "/rules/indexes/0/field", "no 'b'"
    ),
    "an index twice": (STATES, {"indexes": [{"field": "x"}] * 2}, "/rules/indexes/1/field", "twice"),
    "a default that does not fit": (of({"type": "integer", "default": "1"}), {}, "/properties/x/default", "allows"),
}  # fmt: skip


@pytest.mark.parametrize(("definition", "rules", "pointer", "message"), RULES.values(), ids=RULES)
def test_rules_that_do_not_fit_the_schema_are_refused_with_their_place(definition, rules, pointer, message):
    assert message in problems(definition, **rules)[pointer]


def test_rules_are_as_small_as_schemas():
    """A thousand states, each of which may follow each, held every call for twenty seconds."""
    states = [f"s{number}" for number in range(1_000)]
    rules = {"state": {"field": "x", "transitions": dict.fromkeys(states, states)}}
    assert problems(of({"enum": states}), **rules) == {"/rules": "cannot be stored: more than 10,000 values"}


def test_rules_follow_references_to_what_a_property_may_be():
    definition = of({"$ref": "#/$defs/state"}, **{"$defs": {"state": {"enum": ["new", "done"]}}})
    rules = {"state": {"field": "x", "final": ["done"]}, "indexes": [{"field": "x"}]}
    assert problems(definition, **rules) == {}
