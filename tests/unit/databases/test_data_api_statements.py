"""Statements as the Data API takes them: found by the grammar, never by looking for dollars and colons."""

from __future__ import annotations

import pytest

from moorage.databases.connectors.data_api.statements import ParameterType, parse
from moorage.databases.connectors.type_names import TypeName
from moorage.databases.errors import InvalidStatement, StatementTooLarge

INTEGER = ParameterType("integer", TypeName("int4"))


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT $1::int", "SELECT :p1::int"),
        ("SELECT CAST($1 AS text)", "SELECT CAST(:p1 AS text)"),
        ("SELECT a + $1 FROM t", "SELECT a + (CAST(:p1 AS integer)) FROM t"),
        ("SELECT $2, $1 AS n", 'SELECT (CAST(:p2 AS integer)) AS "?column?", (CAST(:p1 AS integer)) AS n'),
        ("SELECT 'é $1', \"$2\", $$ $3 $$, $1::int -- $4", "SELECT 'é $1', \"$2\", $$ $3 $$, :p1::int -- $4"),
        ("SELECT a[1:n], b[$1:2], c::int", "SELECT a[1: n], b[(CAST(:p1 AS integer)): 2], c::int"),
        ("SELECT a[1:$1] FROM t", "SELECT a[1: (CAST(:p1 AS integer))] FROM t"),
        ("SELECT 1;", "SELECT 1"),
        (";\nSELECT 1 ; ;", " \nSELECT 1 "),
        ("PREPARE p AS SELECT $1", "PREPARE p AS SELECT $1"),
    ],
)
def test_parameters_are_named_where_they_stand(sql, sent):
    assert parse(sql).as_sent([INTEGER, INTEGER]) == sent


@pytest.mark.parametrize(
    ("sql", "prepared"),
    [
        ("SELECT $1, a[1:n]", "SELECT $1, a[1: n]"),
        ("EXPLAIN (ANALYZE, VERBOSE) /* SELECT */ SELECT $1", "SELECT $1"),
        ("explain with a as (select $1) select * from a", "with a as (select $1) select * from a"),
        ("EXPLAIN (SELECT $1)", "(SELECT $1)"),
        ("EXPLAIN UPDATE t SET a = $1 WHERE b IN (SELECT 1)", "UPDATE t SET a = $1 WHERE b IN (SELECT 1)"),
    ],
)
def test_of_explain_the_part_is_prepared_that_it_explains(sql, prepared):
    assert parse(sql).as_prepared() == prepared


@pytest.mark.parametrize(
    ("sql", "width"),
    [
        ("SELECT", 0),
        ("SELECT 1, 2", 2),
        ("VALUES (1, 2, 3), (4, 5, 6)", 3),
        ("SELECT 1 UNION ALL SELECT * FROM t", 1),
        ("SELECT * FROM t", None),
        ("SELECT 1, t.* FROM t", None),
        ("SELECT (a).* FROM t", None),
        ("TABLE t", None),
    ],
)
def test_the_number_of_columns_is_known_unless_a_star_hides_it(sql, width):
    assert parse(sql).width == width


@pytest.mark.parametrize(
    ("sql", "is_query", "is_write"),
    [
        ("SELECT 1", True, False),
        ("WITH a AS (SELECT 1) SELECT * FROM a", True, False),
        ("SELECT * FROM t FOR UPDATE", False, False),
        ("SELECT 1 INTO t", False, False),
        ("SHOW ALL", False, False),
        ("EXPLAIN DELETE FROM t", False, False),
        ("DELETE FROM t", False, True),
        ("WITH a AS (DELETE FROM t RETURNING id) SELECT * FROM a", False, True),
    ],
)
def test_a_cursor_is_declared_for_what_only_reads(sql, is_query, is_write):
    statement = parse(sql)
    assert (statement.is_query, statement.is_write) == (is_query, is_write)


@pytest.mark.parametrize("sql", ["", "SELECT 1; SELECT 2", "SELEC 1", "SELECT :a"])
def test_what_is_not_one_statement_is_refused(sql):
    with pytest.raises(InvalidStatement):
        parse(sql)


def test_a_statement_nested_too_deeply_is_refused():
    with pytest.raises(StatementTooLarge):
        parse(f"SELECT {'+'.join(['1'] * 10_000)}")
