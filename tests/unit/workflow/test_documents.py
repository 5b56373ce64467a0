"""What may be stored as JSON, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import MAX_BYTES, MAX_DEPTH, MAX_NODES, problems_of, refuse_unfit


def nested(depth: int, *, container: type = dict) -> Any:
    """Return containers in each other, `depth` of them."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if container is dict else [value]
    return value


def problems(document: Any, **limits: int) -> list[str]:
    return list(problems_of(document, **limits))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"": {"": [{}, [], ""]}},
        {"text": "é😀\u2028\u001f", "key with / and ~": None},
        {"numbers": [-(2**63), 2**63 - 1, 0.1, -0.0, 1e308, True, False]},
        nested(MAX_DEPTH),
        {"many": list(range(MAX_NODES - 2))},
        {"long": "a" * (MAX_BYTES - len(json.dumps({"long": ""})))},
    ],
)
def test_what_json_and_postgresql_have_room_for_is_fit(document):
    assert problems(document) == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("a\x00b", "has the character U+0000, which PostgreSQL cannot store"),
        ("\ud83d", "has half of a surrogate pair"),
        (float("nan"), "not a number that JSON has"),
        (float("-inf"), "not a number that JSON has"),
        (2**63, "an integer beyond 64 bits"),
        (-(2**63) - 1, "an integer beyond 64 bits"),
        (10**400, "an integer beyond 64 bits"),
        ({1, 2}, "set is no JSON"),
        ((1, 2), "tuple is no JSON"),
    ],
)
def test_a_value_without_room_is_named_with_its_pointer(value, problem):
    assert problems({"a/b": [0, {"c~d": value}]}) == [f"/a~1b/1/c~0d: {problem}"]


def test_keys_are_looked_at_as_values_are():
    document = {"fine": {"nul\x00": 1}, "\ude00": 2}
    assert sorted(problems(document)) == [
        "/fine: a key has the character U+0000, which PostgreSQL cannot store",
        "the whole: a key has half of a surrogate pair",
    ]


def test_all_problems_are_told_at_once():
    assert len(problems({"a": float("nan"), "b": "\x00", "c": 10**400})) == 3


@pytest.mark.parametrize("container", [dict, list])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 100_000])
def test_what_is_too_deep_is_refused_without_recursion(container, depth):
    found = problems({"a": nested(depth, container=container)})
    assert len(found) == 1
    assert found[0].endswith(f"deeper than {MAX_DEPTH} levels")


def test_too_many_values_are_refused():
    assert problems({"many": list(range(MAX_NODES))}) == [f"more than {MAX_NODES:,} values"]


def test_the_size_is_that_of_the_text_in_bytes():
    document = {"x": "é" * 500}
    size = len(json.dumps(document, ensure_ascii=False).encode())
    assert problems(document, max_bytes=size) == []
    assert problems(document, max_bytes=size - 1) == ["1,009 bytes, 1,008 at most"]


def test_a_document_of_ten_megabytes_is_refused_by_its_size():
    assert problems({"x": "a" * 10_000_000}) == ["10,000,009 bytes, 262,144 at most"]


def test_a_refusal_names_the_places_and_shows_no_values():
    with pytest.raises(InvalidInput) as caught:
        refuse_unfit({"secret": "s" * 100_000 + "\x00", "b": {"c": 10**400}})
    assert "/secret: has the character U+0000" in caught.value.message
    assert "/b/c: an integer beyond 64 bits" in caught.value.message
    assert len(caught.value.message) < 300


def test_values_that_are_too_many_are_counted_and_not_looked_at_one_by_one():
    """A body of 4 MB with two million of them held everybody up for more than a second."""

    class Unread(list):
        def __iter__(self):
            raise AssertionError("its values are looked at")

    assert problems({"a": Unread([0] * (MAX_NODES + 1))}) == [f"more than {MAX_NODES:,} values"]
