"""Whatever is put together of a schema's own functions, operators, types and tables: no trap in it goes off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.core.postgres.address import Address
from tests.support.sql_corpus import Case
from tests.support.sql_laboratory import Laboratory, laboratory

_NAMES = """
SELECT 'function', p.proname::text, pronargs FROM pg_proc AS p WHERE pronamespace = 'bench'::regnamespace
UNION ALL
SELECT 'type', format_type(t.oid, NULL), 0 FROM pg_type AS t WHERE typnamespace = 'bench'::regnamespace
UNION ALL
SELECT 'operator', o.oprname::text, 2 FROM pg_operator AS o WHERE oprnamespace = 'bench'::regnamespace AND oprleft <> 0
UNION ALL
SELECT 'table', c.relname::text, 0 FROM pg_class AS c
WHERE relnamespace = 'bench'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
ORDER BY 1, 2, 3
"""
_PLACES = st.sampled_from(
    [
        "SELECT {0} FROM {table} AS t",
        "SELECT t.{function} FROM {table} AS t",
        "SELECT 1 FROM {table} AS t WHERE ({0}) IS NOT NULL ORDER BY {1}",
        "SELECT DISTINCT {0} FROM {table} AS t",
        "SELECT {0}, count(*) FROM {table} AS t GROUP BY {0}",
        "SELECT max({0}) FROM {table} AS t",
        "SELECT lag({0}, 1, {1}) OVER (ORDER BY {1}) FROM {table} AS t",
        "SELECT x FROM {table} AS t, LATERAL (SELECT {0}) AS s (x) WHERE x = {1}",
        "WITH t AS (SELECT * FROM {table}) SELECT {0} FROM t",
        "SELECT {0} FROM {table} AS t UNION SELECT {1} FROM {table} AS t",
        "EXPLAIN SELECT {0} FROM {table} AS t",
    ]
)


def expressions(names: dict[str, list[str]]) -> st.SearchStrategy[str]:
    """Return expressions over the row `t` of some table."""
    leaves = st.sampled_from(["1", "'1'", "'x'", "'(1)'", "'{1}'", "'[a,b]'", "NULL", "t", "t.id", "t.*", "(t).id"])
    functions, types, operators = (st.sampled_from(names[kind]) for kind in ("function", "type", "operator"))

    def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("bench.{}({})".format, functions, inner),
            st.builds("bench.{}({}, {})".format, functions, inner, inner),
            st.builds("({})::{}".format, inner, types),
            st.builds("({})::{}[]".format, inner, types),
            st.builds("ROW({})::{}".format, inner, types),
            st.builds("({} OPERATOR(bench.{}) {})".format, inner, operators, inner),
            st.builds("({} {} {})".format, inner, st.sampled_from(["+", "=", "||", "<", *names["operator"]]), inner),
            st.builds("({}).{}".format, inner, functions),
            st.builds("ARRAY[{}, {}]".format, inner, inner),
            st.builds("coalesce({}, {})".format, inner, inner),
            st.builds("array_append(ARRAY[{}], {})".format, inner, inner),
            st.builds('jsonb_populate_record({}, \'{{"mail": "x"}}\')'.format, inner),
        )

    return st.recursive(leaves, around, max_leaves=4)


@pytest.fixture(scope="module")
def lab(address: Address) -> Iterator[Laboratory]:
    with laboratory(address) as opened:
        yield opened


@pytest.fixture(scope="module")
def names(lab: Laboratory) -> dict[str, list[str]]:
    rows = lab.run(lab.witnesses.looking.fetch(_NAMES))
    return {
        kind: [name if kind == "operator" else _quoted(name) for each, name, _ in rows if each == kind]
        for kind in ("function", "type", "operator", "table")
    }


def _quoted(name: str) -> str:
    return name if name.replace("_", "").replace(".", "").replace("[]", "").isalnum() else f'"{name}"'


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(choices=st.data())
def test_no_route_springs_a_trap(lab, names, choices):
    inner = expressions(names)
    table = choices.draw(st.sampled_from(names["table"]))
    function = choices.draw(st.sampled_from(names["function"]))
    place = choices.draw(_PLACES)
    sql = place.format(choices.draw(inner), choices.draw(inner), table=f"bench.{table}", function=function)
    told = lab.run(lab.told(Case("generated", "one", sql), "owner"))
    lab.check_words(f"{sql} gives {told}")
