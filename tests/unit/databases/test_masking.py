"""What is kept of a statement has none of its values."""

from __future__ import annotations

import pytest

from moorage.databases.audit.masking import MAX_BYTES, masked

SECRET = "hunter2"

KEPT = [
    ("SELECT a FROM t WHERE b = 'hunter2' AND c = 42 LIMIT 7", "SELECT a FROM t WHERE b = $1 AND c = $2 LIMIT $3"),
    ("INSERT INTO t VALUES ('a', E'b\\'c', $q$hunter2$q$, x'ff')", "INSERT INTO t VALUES ($1, $2, $3, $4)"),
    ("SELECT a, t1.c2 FROM t1 WHERE id = $1", "SELECT a, t1.c2 FROM t1 WHERE id = $1"),
    ('SELECT "it\'s -- 5" FROM "a/*b"', 'SELECT "it\'s -- 5" FROM "a/*b"'),
    ("SELECT a -- of hunter2\nFROM t /* hunter2 */", "SELECT a  \nFROM t"),
    ("ALTER ROLE ada PASSWORD 'hunter2'", "ALTER ROLE ada PASSWORD $1"),
    ("ALTER TABLE t ALTER c SET DEFAULT 42", "ALTER TABLE t ALTER c SET DEFAULT ?"),
    ("ALTER TABLE t ADD CHECK (c <> 'hunter2' AND d > 5)", "ALTER TABLE t ADD CHECK (c <> …"),
    ("COMMENT ON TABLE t IS 'hunter2'", "COMMENT ON TABLE t IS …"),
    ("CREATE VIEW v AS SELECT a$b, $$hunter2$$", "CREATE VIEW v AS SELECT a$b, …"),
    ("CREATE VIEW v AS SELECT a /* 1 /* 'hunter2' */ 2 */", "CREATE VIEW v AS SELECT a …"),
]


@pytest.mark.parametrize(("sql", "kept"), KEPT)
def test_a_statement_is_kept_without_its_values(sql: str, kept: str):
    found = masked(sql)
    assert found is not None
    assert found.text == kept


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("my password is hunter2", id="no SQL"),
        pytest.param("SELECT 'hunter2", id="a string without an end"),
        pytest.param("SELECT 'hunter2\0'", id="a NUL"),
        pytest.param("SELECT 'hunter2\ud800'", id="half a surrogate pair"),
        pytest.param(f"SELECT '{SECRET * MAX_BYTES}'", id="a long text"),
        pytest.param("SELECT " + "/*" * 1_000, id="comments in comments"),
    ],
)
def test_nothing_is_kept_of_what_cannot_be_read(sql: str):
    assert masked(sql) is None


def test_statements_that_differ_in_values_alone_have_one_fingerprint():
    one, other = masked("SELECT a FROM t WHERE b = 1"), masked("SELECT a FROM t WHERE b = 2")
    assert one == other
    assert one != masked("SELECT a FROM t WHERE c = 1")
