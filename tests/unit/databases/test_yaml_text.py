"""YAML as configuration: safe, without repeated keys, and without its text in failures."""

from __future__ import annotations

import pytest

from moorage.databases.errors import InvalidDefinition
from moorage.databases.sources.yaml_text import parse_yaml


def refusal(text: str) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        parse_yaml(text, "databases.yaml")
    assert "hunter2" not in caught.value.as_text()
    return caught.value.message


def test_nothing_is_an_empty_mapping():
    assert parse_yaml("# nothing\n", "x") == {}


def test_keys_that_stand_twice_are_refused_with_their_line():
    assert refusal("databases:\n  a: {}\n  b: {}\n  a: {}\n") == "databases.yaml has keys twice: 'a' in line 4"


def test_what_a_merge_brings_along_may_be_said_again():
    text = "x: &base {port: 1, user: me}\na:\n  <<: *base\n  port: 2\nb:\n  <<: *base\n"
    assert parse_yaml(text, "x")["a"] == {"port": 2, "user": "me"}


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "password: *hunter2\n",
        "a:\n\t- hunter2",
        "password: !!python/object hunter2",
        "a: 'hunter2",
        "\x00hunter2",
    ],
)
def test_what_cannot_be_read_is_told_without_its_text(text: str):
    assert "databases.yaml does not hold settings" in refusal(text)


@pytest.mark.parametrize("text", ["- hunter2", "hunter2", "5"])
def test_what_holds_no_sections_is_refused(text: str):
    assert refusal(text) == "databases.yaml holds no sections"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a\n  b: *a\n",
        f"a: {'[' * 5_000}{']' * 5_000}",
        f"a: {'{b: ' * 3_000}1{'}' * 3_000}",
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "\n".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1 or str()}'] * 9)}]" for at in range(1, 9)),
    ],
    ids=["itself", "lists", "mappings", "more and more"],
)
def test_what_has_no_end_is_refused(text: str):
    with pytest.raises(InvalidDefinition, match="too deep"):
        parse_yaml(text, "moorage.yaml")
