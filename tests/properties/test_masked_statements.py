"""Whatever stands around a value, and however it is written, none of it is kept of a statement."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.databases.audit.masking import masked

VALUE = "hunter2"
around = st.text(alphabet="ab'\"\\$/*-;\n é0", max_size=12)
FRAMES = (
    "SELECT a FROM t WHERE b = {}",
    "SELECT {} AS b, $1, 'x' || {} FROM t",
    "INSERT INTO t VALUES (1, {})",
    'UPDATE t SET a = {} WHERE "it\'s" = 2',
    "CREATE VIEW v AS SELECT {} AS a",
    "ALTER TABLE t ALTER a SET DEFAULT {}",
    "COMMENT ON TABLE t IS {}",
    "EXPLAIN SELECT {}",
    "SELECT a FROM t {}",
)


def standard(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def escaped(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def dollar_quoted(text: str) -> str:
    return f"$q${text}$q$"


def comment(text: str) -> str:
    return "/* " + text.replace("*/", "").replace("/*", "") + " */"


def to_the_end_of_line(text: str) -> str:
    return "-- " + text.replace("\n", "") + "\n 1"


WAYS = (standard, escaped, dollar_quoted, comment, to_the_end_of_line)


@given(st.sampled_from(FRAMES), st.sampled_from(WAYS), around, around)
def test_no_value_is_kept(frame: str, way, before: str, after: str):
    sql = frame.replace("{}", way(f"{before}{VALUE}{after}"))
    found = masked(sql)
    assert found is None or VALUE not in found.text


@given(st.sampled_from(FRAMES[:7]), st.sampled_from(WAYS[:3]), around, around)
def test_statements_that_can_be_read_are_kept(frame: str, way, before: str, after: str):
    assert masked(frame.replace("{}", way(f"{before}{VALUE}{after}"))) is not None


@given(st.text(max_size=60))
def test_no_text_makes_masking_fail(text: str):
    masked(text)
