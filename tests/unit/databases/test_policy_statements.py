"""Kinds of statements, and those that no policy takes."""

from __future__ import annotations

import pytest

from moorage.databases.definitions import DirectPostgres, StatementKind
from moorage.databases.errors import InvalidStatement, StatementRefused, WriteNotAllowed
from moorage.databases.policy.parsing import parse
from moorage.databases.policy.statements import check_allowed, kind_of, only_one
from moorage.databases.policy.trees import collect


def kind(sql: str) -> StatementKind:
    tree = only_one(parse(sql))
    return kind_of(tree, collect(tree))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "read"),
        ("VALUES (1)", "read"),
        ("TABLE t", "read"),
        ("SHOW work_mem", "read"),
        ("EXPLAIN (ANALYZE) SELECT 1", "read"),
        ("INSERT INTO t SELECT 1", "insert"),
        ("UPDATE t SET a = 1", "update"),
        ("DELETE FROM t", "delete"),
        ("MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "merge"),
        ("TRUNCATE t", "truncate"),
        ("CREATE TABLE t AS SELECT 1", "ddl"),
        ("ALTER TABLE t ADD a int", "ddl"),
        ("DROP TABLE t", "ddl"),
        ("CREATE INDEX ON t (a)", "ddl"),
        ("COMMENT ON TABLE t IS 'x'", "ddl"),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "delete"),
        ("WITH x AS (DELETE FROM t) INSERT INTO t VALUES (1)", "delete"),
        ("SELECT 1 FROM t FOR UPDATE", "update"),
        ("SELECT 1 INTO t", "ddl"),
    ],
)
def test_a_statement_is_of_the_kind_of_the_strongest_thing_in_it(sql, expected):
    assert kind(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SET a.b = 1", "SET LOCAL a.b = 1", "RESET ALL", "DISCARD ALL",
        "PREPARE a AS SELECT 1", "EXECUTE a", "DEALLOCATE a", "DECLARE a CURSOR FOR SELECT 1", "FETCH a", "CLOSE a",
        "LISTEN a", "UNLISTEN a", "NOTIFY a", "COPY t TO STDOUT", "COPY t TO PROGRAM 'x'", "COPY t FROM '/x'",
        "DO 'BEGIN END'", "CALL f()", "LOAD 'x'", "LOCK t", "VACUUM", "ANALYZE", "CLUSTER t", "REINDEX TABLE t",
        "CHECKPOINT", "ALTER SYSTEM SET a = 1", "GRANT SELECT ON t TO r", "CREATE ROLE r", "DROP ROLE r",
        "ALTER ROLE r SUPERUSER", "CREATE EXTENSION x", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()", "CREATE RULE x AS ON INSERT TO t DO NOTHING",
        "CREATE SERVER s FOREIGN DATA WRAPPER w", "CREATE FOREIGN TABLE t (a int) SERVER s",
        "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()",
        "CREATE DATABASE d", "DROP DATABASE d", "DROP FUNCTION f()", "DROP EXTENSION x", "ALTER TABLE t OWNER TO r",
        "ALTER TABLE t DISABLE ROW LEVEL SECURITY", "ALTER TABLE t DISABLE TRIGGER ALL", "COMMENT ON ROLE r IS 'x'",
        "CREATE SCHEMA s CREATE TABLE t (a int) GRANT SELECT ON t TO r", "SECURITY LABEL ON TABLE t IS 'x'",
        "CREATE OPERATOR + (PROCEDURE = f)", "CREATE CAST (a AS b) WITH FUNCTION f(a)", "REASSIGN OWNED BY a TO b",
        "EXPLAIN ANALYZE INSERT INTO t VALUES (1)", "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "EXPLAIN EXECUTE a",
        "EXPLAIN DECLARE c CURSOR FOR SELECT 1", "EXPLAIN WITH x AS (DELETE FROM t) SELECT 1",
    ],
)  # fmt: skip
def test_what_no_policy_takes_is_refused(sql):
    with pytest.raises(StatementRefused):
        kind(sql)


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT 1; COMMIT", "/* x */", ";;"])
def test_exactly_one_statement_is_taken(sql):
    with pytest.raises(InvalidStatement, match="exactly one"):
        kind(sql)


def allowed(sql: str, *, planned_only: bool = False, **changes: object) -> bool:
    definition = DirectPostgres.model_validate({"database": "d", **changes})
    (tree,) = parse(sql)
    try:
        check_allowed(collect(tree), definition, planned_only=planned_only)
    except WriteNotAllowed:
        return False
    return True


def test_a_kind_is_allowed_where_the_definition_lists_it():
    assert not allowed("DELETE FROM t")
    assert allowed("DELETE FROM t", readonly=False)
    assert not allowed("TRUNCATE t", readonly=False)
    assert not allowed("DELETE FROM t", readonly=False, writes=["insert"])
    assert not allowed("WITH x AS (INSERT INTO t VALUES (1)) DELETE FROM t", readonly=False, writes=["delete"])


def test_data_may_be_written_by_what_is_only_planned():
    assert allowed("DELETE FROM t", planned_only=True)
    assert not allowed("DROP TABLE t", planned_only=True)
