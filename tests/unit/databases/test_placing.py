"""Parameters of saved queries stand where PostgreSQL's grammar finds them, and nowhere else."""

from __future__ import annotations

import pytest

from moorage.databases.errors import InvalidStatement
from moorage.databases.saved.placing import numbered


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT :a", "SELECT $1"),
        ("SELECT :b, :a, :b", "SELECT $2, $1, $2"),
        ("SELECT :a::text", "SELECT $1::text"),
        ("SELECT x::a, :a FROM t", "SELECT x::a, $1 FROM t"),
        ("SELECT ':a', :a", "SELECT ':a', $1"),
        ("SELECT 'it''s :a', :a", "SELECT 'it''s :a', $1"),
        (r"SELECT E'\':a', :a", r"SELECT E'\':a', $1"),
        (r"SELECT U&'\0041 :a', :a", r"SELECT U&'\0041 :a', $1"),
        ('SELECT "x :a" FROM t WHERE :a', 'SELECT "x :a" FROM t WHERE $1'),
        ("SELECT $q$ :a $q$, :a", "SELECT $q$ :a $q$, $1"),
        ("SELECT $$ :a $$, :a", "SELECT $$ :a $$, $1"),
        ("SELECT 1 -- :a\n, :a", "SELECT 1 -- :a\n, $1"),
        ("SELECT 1 /* :a /* :a */ :a */, :a", "SELECT 1 /* :a /* :a */ :a */, $1"),
        ("SELECT x=:a, x<:a FROM t", "SELECT x=$1, x<$1 FROM t"),
        ("SELECT v[1:a] FROM t WHERE :a", "SELECT v[1:a] FROM t WHERE $1"),
        ("SELECT v[1 : (:a)] FROM t", "SELECT v[1 : ($1)] FROM t"),
        ("SELECT 'größe 😀 :a', :a, 'ä'", "SELECT 'größe 😀 :a', $1, 'ä'"),
        ("SELECT größe, :a, '😀:a' FROM t", "SELECT größe, $1, '😀:a' FROM t"),
        ("SELECT (:a).x", "SELECT ($1).x"),
        ("SELECT * FROM f(x := :a)", "SELECT * FROM f(x := $1)"),
        ("SELECT '$.x ? (@ == :a)'::jsonpath, :a", "SELECT '$.x ? (@ == :a)'::jsonpath, $1"),
    ],
)
def test_a_parameter_is_put_where_the_grammar_has_one(sql, expected):
    names = ["a", "b"] if ":b" in sql else ["a"]
    assert numbered(sql, names) == expected


def test_ten_parameters_and_more_keep_their_places():
    names = [f"p{number}" for number in range(12)]
    assert numbered("SELECT " + ", ".join(f":{each}" for each in names), names).endswith("$9, $10, $11, $12")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1; DELETE FROM t WHERE :a", "exactly one"),
        ("SELECT :a, :other", "syntax error"),
        ("SELECT :a, $1", "of its own"),
        ("SELECT :a, $2", "of its own"),
        ("SELECT ':a'", "does not use its parameter a"),
        ("SELECT :a FROM", "syntax error"),
    ],
)
def test_what_could_never_run_is_refused(sql, words):
    with pytest.raises(InvalidStatement) as refused:
        numbered(sql, ["a"])
    assert words in refused.value.message


def test_an_undescribed_parameter_is_named_in_the_hint():
    with pytest.raises(InvalidStatement) as refused:
        numbered("SELECT :a, :other", ["a"])
    assert refused.value.hint == "Describe :other under parameters."
