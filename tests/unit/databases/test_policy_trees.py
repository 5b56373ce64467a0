"""What a statement mentions."""

from __future__ import annotations

import pytest

from moorage.databases.policy.mentions import Attribute, Call, Mentions, Named
from moorage.databases.policy.parsing import parse
from moorage.databases.policy.trees import collect


def mentioned(sql: str) -> Mentions:
    (tree,) = parse(sql)
    return collect(tree)


def named(*names: str) -> frozenset[Named]:
    return frozenset(Named(schema or None, name) for schema, _, name in (each.rpartition(".") for each in names))


@pytest.mark.parametrize(
    ("sql", "relations"),
    [
        ("SELECT * FROM a, b.c", named("a", "b.c")),
        ("WITH a AS (SELECT 1) SELECT * FROM a, b", named("b")),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", named("a")),
        ("WITH RECURSIVE a AS (SELECT * FROM a) SELECT * FROM a", named()),
        ("WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b", named()),
        ("WITH b AS (SELECT * FROM a), a AS (SELECT 1) SELECT * FROM b", named("a")),
        ("SELECT * FROM a, (WITH a AS (SELECT 1) SELECT * FROM a) AS x", named("a")),
        ("WITH a AS (SELECT 1) SELECT * FROM s.a", named("s.a")),
        ("WITH a AS (SELECT 1) SELECT 1 UNION SELECT * FROM a", named()),
        ("WITH a AS (SELECT 1) DELETE FROM a USING a AS b", named("a")),
        ("WITH a AS (SELECT 1) INSERT INTO a SELECT * FROM a", named("a")),
        ("DROP TABLE a, s.b", named("a", "s.b")),
        ("COMMENT ON COLUMN s.a.b IS 'x'", named("s.a")),
        ("TRUNCATE a", named("a")),
    ],
)
def test_a_with_is_known_only_where_postgresql_knows_it(sql, relations):
    assert mentioned(sql).relations == relations


@pytest.mark.parametrize(
    ("sql", "call"),
    [
        ("SELECT f(1, 2)", Call(None, "f", 2)),
        ('SELECT S."F"()', Call("s", "F", 0)),
        ("SELECT U&\"\\0066\"(VARIADIC '{}')", Call(None, "f")),
        ("SELECT * FROM LATERAL f(1) AS x", Call(None, "f", 1)),
        ("SELECT count(*) FILTER (WHERE f(1)) OVER (PARTITION BY g()) FROM t", Call(None, "g", 0)),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a)", Call(None, "percentile_cont")),
        ("SELECT current_setting('a'::text)", Call(None, "current_setting", 1, ("a",))),
        ("SELECT current_setting('a' || 'b')", Call(None, "current_setting", 1, (None,))),
        ("SELECT json_value(a, '$')", Call(None, "json_value")),
        ("INSERT INTO t VALUES (f()) ON CONFLICT DO NOTHING RETURNING g()", Call(None, "g", 0)),
        ("CREATE TABLE t (a int DEFAULT f())", Call(None, "f", 0)),
    ],
)
def test_calls_are_found_wherever_they_stand(sql, call):
    assert call in mentioned(sql).calls


@pytest.mark.parametrize(
    ("sql", "attributes"),
    [
        ("SELECT t.f FROM t", {Attribute("t", "f")}),
        ("SELECT s.t.f FROM s.t", {Attribute("t", "f")}),
        ("SELECT (t).f, (1.5).g", {Attribute("t", "f", of_expression=True), Attribute(None, "g", of_expression=True)}),
        ("SELECT (t.a).f[1].g", {Attribute("t", "a"), *(Attribute(None, each, of_expression=True) for each in "fg")}),
        ("SELECT t.* FROM t", set()),
    ],
)
def test_names_after_a_dot_may_be_calls(sql, attributes):
    assert mentioned(sql).attributes == attributes


@pytest.mark.parametrize(
    ("sql", "operators"),
    [
        ("SELECT a OPERATOR (s.+) b", named("s.+")),
        ("SELECT a BETWEEN 1 AND 2", named(">=", "<=")),
        ("SELECT CASE a WHEN 1 THEN 2 END", named("=")),
        ("SELECT a IN (SELECT 1)", named("=")),
        ("SELECT a +@ ANY (SELECT 1)", named("+@", "=")),
        ("SELECT 1 FROM a JOIN b USING (id)", named("=")),
        ("SELECT 1 ORDER BY a USING <<", named("<<")),
    ],
)
def test_operators_are_found_also_where_syntax_implies_them(sql, operators):
    assert mentioned(sql).operators == operators


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a::s.d",
        "SELECT CAST(a AS s.d[])",
        "SELECT * FROM f() AS x (a s.d)",
        "SELECT * FROM XMLTABLE('x' PASSING y COLUMNS a s.d)",
        "CREATE TABLE t (a s.d)",
    ],
)
def test_types_are_found_wherever_they_stand(sql):
    assert Named("s", "d") in mentioned(sql).types


def test_statements_inside_are_found():
    assert mentioned("WITH x AS (DELETE FROM t) SELECT 1").nodes == {"SelectStmt", "DeleteStmt"}


def test_names_that_a_server_may_fold_further_are_looked_up_both_ways():
    assert mentioned("SELECT VÖL(1)").calls == {Call(None, "vÖl", 1), Call(None, "völ", 1)}


def test_statements_that_differ_in_values_mention_the_same():
    assert mentioned("SELECT a FROM t WHERE b = 1") == mentioned("SELECT a FROM t WHERE b = 2")
