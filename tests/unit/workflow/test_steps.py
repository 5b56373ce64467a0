"""Steps bring data of an older version into the shape of a newer one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from moorage.workflow.errors import InvalidPatch, PatchFailed, StepsFailed
from moorage.workflow.types.stepping import stepped
from moorage.workflow.types.steps import Steps

STEPS = TypeAdapter(Steps)
LARGE = list(range(1_000))


def after(data: dict[str, Any], *steps: dict[str, Any]) -> dict[str, Any]:
    return stepped(data, STEPS.validate_python(list(steps)))


@pytest.mark.parametrize(
    ("data", "step", "expected"),
    [
        ({"a": 1}, {"step": "rename", "field": "a", "to": "b"}, {"b": 1}),
        ({"c": 1}, {"step": "rename", "field": "a", "to": "b"}, {"c": 1}),
        ({"a": 1}, {"step": "rename", "field": "a", "to": "a"}, {"a": 1}),
        ({"l": [{"a": 1}, {}]}, {"step": "rename", "field": "l.*.a", "to": "b"}, {"l": [{"b": 1}, {}]}),
        ({"a.b": 1}, {"step": "rename", "field": "/a.b", "to": "c.d"}, {"c.d": 1}),
        ({"a": 1}, {"step": "move", "field": "a", "to": "b.c"}, {"b": {"c": 1}}),
        ({"a": {"b": 1}}, {"step": "move", "field": "a.b", "to": "b"}, {"a": {}, "b": 1}),
        ({"a": {"b": 1}}, {"step": "move", "field": "a.x", "to": "b"}, {"a": {"b": 1}}),
        ({"a": 1, "b": 2}, {"step": "remove", "field": "a"}, {"b": 2}),
        ({"a": [1, 2, 3]}, {"step": "remove", "field": "a.1"}, {"a": [1, 3]}),
        ({"a": [1, 2, 3]}, {"step": "remove", "field": "a.*"}, {"a": []}),
        ({}, {"step": "set_default", "field": "a.b", "value": []}, {"a": {"b": []}}),
        ({"a": None}, {"step": "set_default", "field": "a", "value": 1}, {"a": None}),
        ({"l": [{"a": 1}, {}]}, {"step": "set_default", "field": "l.*.a", "value": 2}, {"l": [{"a": 1}, {"a": 2}]}),
        ({"a": 1}, {"step": "set", "field": "a", "value": None}, {"a": None}),
        ({"a": "low"}, {"step": "map_values", "field": "a", "values": {"low": 3}}, {"a": 3}),
        ({"a": "else"}, {"step": "map_values", "field": "a", "values": {"low": 3}}, {"a": "else"}),
        ({"a": True}, {"step": "map_values", "field": "a", "values": {"true": "yes"}}, {"a": "yes"}),
        ({"l": ["x", "y"]}, {"step": "map_values", "field": "l.*", "values": {"x": "z"}}, {"l": ["z", "y"]}),
        ({"a": 1}, {"step": "wrap", "field": "a"}, {"a": [1]}),
        ({"a": [1]}, {"step": "wrap", "field": "a"}, {"a": [1]}),
        ({"a": [1]}, {"step": "unwrap", "field": "a"}, {"a": 1}),
        ({"a": []}, {"step": "unwrap", "field": "a"}, {}),
        ({"a": "1.5"}, {"step": "convert", "field": "a", "to": "number"}, {"a": 1.5}),
        ({"a": "12"}, {"step": "convert", "field": "a", "to": "integer"}, {"a": 12}),
        ({"a": 2.0}, {"step": "convert", "field": "a", "to": "integer"}, {"a": 2}),
        ({"a": 12}, {"step": "convert", "field": "a", "to": "string"}, {"a": "12"}),
        ({"a": "true"}, {"step": "convert", "field": "a", "to": "boolean"}, {"a": True}),
        ({"a": None}, {"step": "convert", "field": "a", "to": "string"}, {"a": None}),
        ({"a": 1}, {"step": "patch", "operations": [{"op": "remove", "path": "/a"}]}, {}),
    ],
)
def test_a_step_makes_new_data(data, step, expected):
    before = repr(data)
    assert after(data, step) == expected
    assert repr(data) == before


@pytest.mark.parametrize(
    ("data", "step", "problem"),
    [
        ({"a": 1, "b": 2}, {"step": "rename", "field": "a", "to": "b"}, "cannot become 'b': that is there already"),
        ({"l": [1]}, {"step": "rename", "field": "l.0", "to": "b"}, "is an element of a list"),
        ({"a": 1, "b": 2}, {"step": "move", "field": "a", "to": "b"}, "that is there already"),
        ({"a": 1, "b": 2}, {"step": "move", "field": "a", "to": "b.c"}, "there is no object that could hold 'c'"),
        ({"a": 1}, {"step": "set", "field": "a.b", "value": 1}, "there is no object that could hold 'b'"),
        ({"a": [1, 2]}, {"step": "unwrap", "field": "a"}, "has 2 elements"),
        ({"a": "many"}, {"step": "convert", "field": "a", "to": "integer"}, "cannot become integer: many"),
        ({"a": "NaN"}, {"step": "convert", "field": "a", "to": "number"}, "cannot become number: NaN"),
        ({"a": True}, {"step": "convert", "field": "a", "to": "number"}, "cannot become number: true"),
        ({"a": 2.5}, {"step": "convert", "field": "a", "to": "integer"}, "is no integer"),
        ({"a": {}}, {"step": "convert", "field": "a", "to": "string"}, "cannot become string"),
    ],
)
def test_a_step_that_would_lose_something_is_refused(data, step, problem):
    with pytest.raises(StepsFailed, match=problem) as failed:
        after(data, step)
    assert failed.value.details["step"]["step"] == step["step"]


def test_steps_follow_each_other():
    steps = [
        {"step": "rename", "field": "owner", "to": "assignee"},
        {"step": "set_default", "field": "assignee", "value": "nobody"},
        {"step": "wrap", "field": "assignee"},
    ]
    assert [after(each, *steps) for each in ({"owner": "ada"}, {})] == [{"assignee": ["ada"]}, {"assignee": ["nobody"]}]


def test_values_of_steps_are_not_shared_between_entities():
    steps = STEPS.validate_python([{"step": "set", "field": "tags", "value": []}])
    first = stepped({}, steps)
    first["tags"].append("x")
    assert stepped({}, steps) == {"tags": []}


def test_a_patch_that_does_not_fit_is_told_as_one():
    with pytest.raises(PatchFailed):
        after({}, {"step": "patch", "operations": [{"op": "remove", "path": "/a"}]})
    with pytest.raises(InvalidPatch):
        after({}, {"step": "patch", "operations": [{"op": "unknown"}]})


@pytest.mark.parametrize(
    "step",
    [
        {"step": "unknown", "field": "a"},
        {"step": "remove"},
        {"step": "remove", "field": ""},
        {"step": "remove", "field": "a..b"},
        {"step": "move", "field": "l.*.a", "to": "b"},
        {"step": "convert", "field": "a", "to": "date"},
        {"step": "remove", "field": "a", "extra": 1},
    ],
)
def test_what_is_no_step_is_refused(step):
    with pytest.raises(ValidationError):
        STEPS.validate_python([step])


@pytest.mark.parametrize(
    "step",
    [
        {"step": "set", "field": "all.*", "value": LARGE},
        {"step": "set_default", "field": "all.*.x", "value": LARGE},
        {"step": "map_values", "field": "all.*.a", "values": {"1": LARGE}},
    ],
)
def test_a_value_in_more_places_than_data_has_room_for_is_refused_before_it_fills_the_memory(step):
    with pytest.raises(StepsFailed, match="too much"):
        after({"all": [{"a": 1} for _ in range(1_000)]}, step)
