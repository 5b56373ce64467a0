"""From a signature to a schema, and from a caller's JSON to keyword arguments or to words about it."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from moorage.core.errors import InvalidInput
from moorage.core.mcp.arguments import read_arguments
from moorage.core.shape import Call
from tests.support.tiny_tools import Point, add


class Branch(BaseModel):
    name: str
    branches: list[Branch] = []


async def grow(
    tree: Annotated[Branch, Field(description="A tree.")],
    call: Call | None = None,
    schema: Annotated[dict[str, Any] | str, Field(description="Named like a method of pydantic's models.")] = "",
) -> str:
    """Grow."""
    return ""


class Narrow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: str | None = None
    path: str | None = None


async def look(narrow: Annotated[Narrow | None, Field(description="Where to look.")] = None) -> str:
    """Look."""
    return ""


def test_what_may_be_left_out_is_published_without_a_default_of_null() -> None:
    """Twelve tools mention it fifty times, and every client reads them before its first call."""
    assert read_arguments(look).schema["properties"]["narrow"] == {
        "anyOf": [
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "language": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "path": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
            },
            {"type": "null"},
        ],
        "description": "Where to look.",
    }


@pytest.mark.parametrize(
    ("unknown", "way_out"), [("lang", "did you mean language?"), ("colour", "expected language, path")]
)
def test_an_unknown_field_inside_an_argument_is_told_which_there_are(unknown: str, way_out: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_arguments(look).bind({"narrow": {unknown: "python"}})
    assert refused.value.message == f"narrow.{unknown}: is not known there; {way_out}"


def problem_with(**arguments: object) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_arguments(add).bind(arguments)
    return refused.value.message


def test_defaults_are_filled_in_and_models_are_built() -> None:
    bound = read_arguments(add).bind({"left": "4", "at": {"x": 1}})
    assert bound == {
        "left": 4,
        "right": 1,
        "more": None,
        "at": Point(x=1),
        "rounding": "none",
        "project_name": None,
    }


def test_schema_is_closed_and_free_of_references() -> None:
    schema = read_arguments(add).schema
    assert schema["additionalProperties"] is False
    assert "$defs" not in schema
    assert schema["properties"]["left"] == {
        "description": "A term.",
        "minimum": 0,
        "maximum": 1000,
        "type": "integer",
    }


def test_a_recursive_schema_keeps_its_definitions() -> None:
    assert "$defs" in read_arguments(grow).schema


def test_an_optional_call_is_injected_too() -> None:
    arguments = read_arguments(grow)
    assert arguments.call_parameter == "call"
    assert set(arguments.schema["properties"]) == {"tree", "schema"}


def test_text_stays_text_where_text_is_allowed() -> None:
    bound = read_arguments(grow).bind({"tree": '{"name": "oak"}', "schema": '{"a": 1}'})
    assert bound == {"tree": Branch(name="oak"), "schema": '{"a": 1}'}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "left: is required; expected integer, 0 to 1000 (A term.)"),
        (
            {"left": 2000},
            "left: should be less than or equal to 1000; got 2000; expected integer, 0 to 1000",
        ),
        ({"left": 1, "rigth": 2}, "rigth: is not an argument of this tool; did you mean right?"),
        (
            {"left": 1, "rounding": "up"},
            'rounding: should be \'none\' or \'tens\'; got "up"; expected one of "none", "tens"',
        ),
        (
            {"left": 1, "more": [1, {}]},
            "more.1: should be a valid integer; got {}; expected list of integer or null",
        ),
        (
            {"left": 1, "at": {"x": 1, "z": 9}},
            "at.z: is not known there; expected x, y",
        ),
        (
            {"left": ["y" * 100]},
            f'left: should be a valid integer; got ["{"y" * 57}…; expected integer, 0 to 1000',
        ),
    ],
)
def test_a_wrong_argument_is_named_with_what_came_and_what_is_expected(
    arguments: dict[str, object], message: str
) -> None:
    assert problem_with(**arguments) == message


def test_every_wrong_argument_is_named_at_once() -> None:
    assert [line.partition(":")[0] for line in problem_with(left="x", rounding=3).splitlines()] == [
        "left",
        "rounding",
    ]


def test_the_validators_own_addresses_are_not_shown() -> None:
    assert "pydantic.dev" not in problem_with(left="x")


def test_values_beyond_any_use_are_refused_before_each_is_looked_at() -> None:
    """A body of 4 MB has two million of them; to describe what is wrong with each took half a minute."""
    problem = problem_with(left=1, more=[0] * 100_001)
    assert problem == "more: too many values, 100,000 at most in one call"


def test_of_very_many_wrong_values_the_first_are_named() -> None:
    problem = problem_with(left=1, more=["x"] * 2_000)
    assert len(problem.splitlines()) == 100
    assert problem.startswith("more.0: should be a valid integer")


def test_of_very_many_wrong_values_further_on_the_number_is_told() -> None:
    problem = problem_with(left=1, more=[0] * 100 + ["x"] * 2_000)
    assert problem == "2,000 values are wrong, none of them among the first 100 of a list"


@pytest.mark.parametrize("text", ["a\x00b", ["fine", "a\x00b"]])
def test_the_argument_with_a_character_that_nothing_stores_is_named(text: object) -> None:
    assert problem_with(x=text) == 'x: "a\\u0000b" has the character U+0000'
