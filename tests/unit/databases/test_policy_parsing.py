"""Reading statements with PostgreSQL's grammar: deep ones, long ones, wrong ones."""

from __future__ import annotations

import pytest

from moorage.databases.errors import InvalidStatement, StatementTooLarge
from moorage.databases.policy import parsing


def test_a_syntax_error_shows_the_place():
    with pytest.raises(InvalidStatement) as error:
        parsing.parse("SELECT 1,\n  a fromm x y")
    assert error.value.message == 'syntax error at or near "x" (line 2, column 11)\n    a fromm x y\n            ^'
    assert (error.value.details["line"], error.value.details["column"]) == (2, 11)


@pytest.mark.parametrize("sql", ["SELECT 'abc", "SELECT $a$ x", "/* x", 'SELECT "x'])
def test_what_does_not_end_is_a_syntax_error(sql):
    with pytest.raises(InvalidStatement):
        parsing.parse(sql)


def test_a_message_does_not_repeat_a_long_text():
    with pytest.raises(InvalidStatement) as error:
        parsing.parse("SELECT '" + "x" * 10_000)
    assert len(error.value.message) < 500


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "+".join(["1"] * 16_000),
        "SELECT " + "NOT " * 5_000 + "true",
        " UNION ALL ".join(["SELECT 1"] * 2_000),
        "SELECT " + "(SELECT " * 900 + "1" + ")" * 900,
        "SELECT " + "+".join(["1"] * 900),
    ],
    ids=["operators", "not", "unions", "subqueries", "short"],
)
def test_a_statement_nested_too_deep_is_told_a_way_out(sql):
    with pytest.raises(StatementTooLarge) as error:
        parsing.parse(sql)
    assert "= ANY ($1)" in error.value.hint


def test_a_statement_that_is_only_long_is_read():
    (tree,) = parsing.parse(f"SELECT 1 WHERE 1 IN ({','.join(['1'] * 10_000)}) OR {' OR '.join(['true'] * 2_000)}")
    assert "SelectStmt" in tree["stmt"]


def test_statements_that_differ_in_values_have_one_fingerprint():
    assert parsing.fingerprint("SELECT * FROM t WHERE a = 1") == parsing.fingerprint("select * from t where a = 'x'")


def test_values_are_left_out_of_the_normalized_text():
    assert parsing.normalized("SELECT * FROM t WHERE a = 'secret'") == "SELECT * FROM t WHERE a = $1"
