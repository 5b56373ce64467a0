"""Where statements end in what somebody types at `moorage db shell`."""

from __future__ import annotations

import pytest

from moorage.databases.shell.prompting.statements import taken_apart


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("SELECT 1;", ["SELECT 1"], ""),
        ("SELECT 1; SELECT 2; SELECT", ["SELECT 1", "SELECT 2"], "SELECT"),
        ("SELECT\n1\n;", ["SELECT\n1"], ""),
        (";;", [], ""),
        ("SELECT 'a;b';", ["SELECT 'a;b'"], ""),
        ("SELECT 'it''s;';", ["SELECT 'it''s;'"], ""),
        (r"SELECT E'\';';", [r"SELECT E'\';'"], ""),
        (r"SELECT '\'; SELECT 2;", [r"SELECT '\'", "SELECT 2"], ""),
        ('SELECT 1 AS "a;b";', ['SELECT 1 AS "a;b"'], ""),
        ("SELECT $$ ; $$;", ["SELECT $$ ; $$"], ""),
        ("SELECT $a$ $b$ ; $a$;", ["SELECT $a$ $b$ ; $a$"], ""),
        ("SELECT a$b; SELECT 1;", ["SELECT a$b", "SELECT 1"], ""),
        ("SELECT 1 -- ; no end\n;", ["SELECT 1 -- ; no end"], ""),
        ("SELECT /* ; /* ; */ ; */ 1;", ["SELECT /* ; /* ; */ ; */ 1"], ""),
        ("SELECT 'begun;", [], "SELECT 'begun;"),
        ("SELECT $$begun;", [], "SELECT $$begun;"),
        ("SELECT /* begun;", [], "SELECT /* begun;"),
        ("SELECT 1; SELECT 'begun;", ["SELECT 1"], "SELECT 'begun;"),
        ("SELECT $1;", ["SELECT $1"], ""),
    ],
)
def test_a_semicolon_ends_a_statement_unless_it_is_inside_something(text: str, statements: list[str], rest: str):
    assert taken_apart(text) == (statements, rest)
