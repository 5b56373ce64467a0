"""JSON text is read strictly."""

from __future__ import annotations

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.parsing import MAX_DEPTH, parse_json


def problems_of(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_json(text, what="rules.json")
    return caught.value.message


def test_json_comes_back_as_it_is_written():
    text = '{"": 1, "a": [1.5, -0.0, true, null, "\\ud83d\\ude00"], "b": {"a": 12345678901234567890}}'
    assert parse_json(text, what="it") == {
        "": 1,
        "a": [1.5, -0.0, True, None, "😀"],
        "b": {"a": 12345678901234567890},
    }


def test_keys_that_stand_there_twice_are_named_with_their_place():
    message = problems_of('{"a": [{"x": 1, "y": 2, "x": 3}], "b": 1, "b": 2}')
    assert message == (
        "rules.json: the whole: the key 'b' stands there more than once; /a/0: the key 'x' stands there more than once"
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_what_is_no_number_of_json_is_refused_with_its_place(number):
    assert problems_of(f'{{"a/b": [0, {number}]}}').startswith("rules.json: /a~1b/1: not a number")


def test_halves_of_surrogate_pairs_are_refused_in_values_and_keys():
    message = problems_of('{"a": "\\ud83d", "\\ude00": 1}')
    assert message.encode()  # it can be printed
    assert "/a: half of a surrogate pair" in message
    assert "the key '\\\\ude00' has half of a surrogate pair" in message


def test_what_cannot_be_stored_in_any_text_is_refused():
    message = problems_of('{"a": "x\\u0000", "b\\u0000": 1}')
    assert "/a: the character U+0000" in message
    assert "the key 'b\\x00' has the character U+0000" in message


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_what_is_nested_too_deep_is_refused(depth):
    assert f"deeper than {MAX_DEPTH} levels" in problems_of("[" * depth + "]" * depth)


def test_what_is_as_deep_as_allowed_is_read():
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH, what="it")


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1,]", "\ufeff{}", "9" * 5000])
def test_what_is_no_json_is_refused(text):
    assert problems_of(text).startswith("rules.json")


def test_the_place_where_json_ends_to_be_json_is_named():
    assert problems_of('{\n  "a": 1,\n  b\n}') == (
        "rules.json is no JSON: Expecting property name enclosed in double quotes at line 3, column 3"
    )
