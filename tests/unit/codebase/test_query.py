"""What a query and a path filter are taken to ask for."""

from __future__ import annotations

import re

import pytest

from moorage.codebase.errors import InvalidQuery
from moorage.codebase.query import MAX_QUERY_WORDS, glob_to_pattern, is_storable, parse_query


def test_a_query_is_its_words_as_often_as_they_are_asked_for():
    assert parse_query("retry the retry").weights == {"retry": 2.0, "the": 1.0}


def test_names_are_taken_as_they_are_written_without_regard_to_case():
    assert parse_query("where is parseURL called?").names == {"where", "is", "parseurl", "called"}


@pytest.mark.parametrize(("text", "wants"), [("tests of retry", True), ("mock server", True), ("attest", False)])
def test_a_query_that_speaks_of_tests_wants_them(text: str, *, wants: bool):
    assert parse_query(text).wants_tests is wants


def test_a_long_query_keeps_the_words_it_repeats():
    many = " ".join(f"word{number}x" for number in range(200))
    query = parse_query(f"{many} harbour harbour")
    assert len(query.weights) == MAX_QUERY_WORDS
    assert query.weights["harbour"] == 2.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("nul\0", "NUL"),
        ("half \udc80", "half a character"),
        ("x" * 4_001, "4001 characters"),
    ],
)
def test_what_asks_nothing_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(InvalidQuery, match=f"query (is|has|holds).* ?{reason}") as refused:
        parse_query(text)
    assert refused.value.details == {"field": "query"}


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("*.py", ["a.py", "src/a.py"], ["a.pyc", "a.py/b"]),
        ("src/*.py", ["src/a.py"], ["src/deep/a.py", "a.py", "x/src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/deep/er/a.py"], ["srcs/a.py"]),
        ("**/test_*", ["test_a", "x/y/test_b.py"], ["x/test_b/c"]),
        ("docs/", ["docs/a", "docs/b/c"], ["docs", "x/docs/a"]),
        ("./a?.{ts,tsx}", ["ab.ts", "x/ac.tsx"], ["a/.ts", "abc.ts"]),
        ("{src,lib}/{a,b{1,2}}.c", ["src/a.c", "lib/b2.c"], ["src/b.c"]),
        ("a,b", ["a,b"], ["a", "b"]),
        ("a+(b)|c.d", ["a+(b)|c.d"], ["aab", "c.d"]),
    ],
)
def test_a_glob_matches_what_it_says(glob: str, matching: list[str], others: list[str]):
    pattern = re.compile(glob_to_pattern(glob))
    assert [path for path in matching + others if pattern.search(path)] == matching


@pytest.mark.parametrize("glob", ["{", "}", "}{", "{{a}", "nul\0", "half\ud800", "x" * 501])
def test_what_is_no_glob_is_refused(glob: str):
    with pytest.raises(InvalidQuery):
        glob_to_pattern(glob)


@pytest.mark.parametrize(("text", "fits"), [("", True), ("имя 🚢", True), ("\0", False), ("\ud800", False)])
def test_text_for_postgresql_has_no_nul_and_no_half_characters(text: str, *, fits: bool):
    assert is_storable(text) is fits
