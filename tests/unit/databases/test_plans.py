"""Plans as PostgreSQL tells them become few words, and warnings where something costs more than it must."""

from __future__ import annotations

import json

import pytest

from moorage.databases.errors import StatementTooLarge
from moorage.databases.tuning.plans.nodes import read_plan
from moorage.databases.tuning.plans.relations import Relation
from moorage.databases.tuning.plans.summary import MOST_STEPS, summary
from moorage.databases.tuning.plans.warnings import Grounds, warnings_of

MEBIBYTE = 1024 * 1024


def node(kind, *children, rows=10, cost=100.0, **told):
    return {
        "Node Type": kind,
        "Plan Rows": rows,
        "Plan Width": 100,
        "Total Cost": cost,
        **told,
        "Plans": list(children),
    }


def ran(kind, *children, came, loops=1, milliseconds=1.0, **told):
    actual = {"Actual Rows": came, "Actual Loops": loops, "Actual Total Time": milliseconds}
    return node(kind, *children, **actual, **told)


def plan_of(top, **told):
    return read_plan(json.dumps([{"Plan": top, **told}]))


def warnings(top, *relations, work_memory_bytes=MEBIBYTE):
    grounds = Grounds({each.name: each for each in relations}, work_memory_bytes)
    return warnings_of(plan_of(top), grounds)


def orders(rows=1_000_000, indexed=("id",)):
    return Relation("shop", "orders", rows, {"id": "int8", "email": "text", "code": "varchar"}, frozenset(indexed))


def scan(**told):
    return {"Relation Name": "orders", "Filter": "(total = 5)", **told}


def test_a_plan_is_told_one_step_a_line_with_its_share_of_the_cost():
    inner = node("Seq Scan", cost=75.0, **{"Relation Name": "orders", "Alias": "o"})
    text = summary(plan_of(node("Sort", inner, **{"Sort Key": ["o.id"]})), ["look here"], ["and here"])
    assert text.splitlines() == [
        "planned only: cost 100.0, about 10 rows",
        "Sort (o.id) | rows ~10, 25% of cost",
        "  Seq Scan on orders o | rows ~10, 75% of cost",
        "! look here",
        "note: and here",
    ]


def test_a_plan_that_ran_tells_rows_and_shares_of_the_time():
    inner = ran("Seq Scan", came=4, milliseconds=9.0, **scan(**{"Rows Removed by Filter": 96}))
    text = summary(plan_of(ran("Sort", inner, came=4, milliseconds=10.0), **{"Execution Time": 10.5}), [])
    assert "ran 10.5 ms" in text
    assert "Seq Scan on orders | rows 4 (~10), 96 removed, 90% of time | filter (total = 5)" in text


def test_a_plan_of_many_steps_is_cut_with_a_notice():
    text = summary(plan_of(node("Append", *[node("Result")] * 500)), [])
    assert f"... {501 - MOST_STEPS} further steps of 501" in text
    assert len(text) < 5_000


def test_a_plan_nested_too_deep_is_refused():
    told = '{"Node Type":"Result","Plan Rows":1,"Total Cost":1,"Plans":['
    deep = f'[{{"Plan":{told * 5_000}{"]}" * 5_000}}}]'
    with pytest.raises(StatementTooLarge):
        read_plan(deep)


def test_reading_a_large_table_for_few_rows_is_told():
    (told,) = warnings(node("Seq Scan", rows=5, **scan()), orders())
    assert "1,000,000 rows of orders to keep 5" in told
    assert "advise_indexes" in told


def test_reading_a_small_table_whole_is_not_told():
    assert warnings(node("Seq Scan", rows=5, **scan()), orders(rows=500)) == []


def test_rows_read_are_counted_over_all_runs_of_a_step():
    top = ran("Seq Scan", came=0, loops=3, **scan(**{"Rows Removed by Filter": 50_000}))
    (told,) = warnings(top)
    assert "150,000 rows of orders to keep 0" in told


def test_a_function_around_an_indexed_column_is_told():
    top = node("Seq Scan", rows=500_000, **scan(Filter="(lower(email) = 'x'::text)"))
    assert "lower(email) hides orders.email" in warnings(top, orders(indexed=("email",)))[0]


def test_a_cast_around_an_indexed_column_is_told():
    top = node("Seq Scan", rows=500_000, **scan(Filter="((id)::double precision > '3'::double precision)"))
    assert "orders.id is int8 and compared as float8" in warnings(top, orders())[0]


def test_text_of_a_varchar_is_no_cast_worth_telling():
    top = node("Seq Scan", rows=500_000, **scan(Filter="((code)::text = 'x'::text)"))
    assert warnings(top, orders(indexed=("code",))) == []


def test_a_misestimate_is_told_where_it_begins():
    wrong = ran("Seq Scan", rows=10, came=50_000, **{"Relation Name": "orders"})
    (told,) = warnings(ran("Sort", wrong, rows=10, came=50_000))
    assert told.startswith("Seq Scan of orders: 10 rows expected, 50,000 came; ANALYZE the table")


def test_rows_that_a_limit_left_unread_are_no_misestimate():
    inner = ran("Seq Scan", rows=1_000_000, came=5, **{"Relation Name": "orders"})
    assert warnings(ran("Limit", inner, rows=5, came=5)) == []


@pytest.mark.parametrize(
    ("top", "told"),
    [
        (ran("Sort", came=10, **{"Sort Space Type": "Disk", "Sort Space Used": 10_240}), "Sort took 10 MiB on disk"),
        (ran("Hash", came=10, **{"Hash Batches": 8}), "Hash went to disk in 8 batches"),
        (ran("Aggregate", came=10, **{"Disk Usage": 2_048}), "Aggregate took 2 MiB on disk"),
        (node("Sort", rows=1_000_000), "Sort of about 95 MiB goes to disk"),
    ],
)  # fmt: skip
def test_what_goes_to_disk_is_told(top, told):
    assert told in warnings(top)[0]


def test_a_nested_loop_of_many_iterations_is_told():
    inner = ran("Seq Scan", came=1, loops=20_000, **{"Relation Name": "orders"})
    told = warnings(ran("Nested Loop", ran("Seq Scan", came=20_000, rows=20_000), inner, came=20_000, rows=20_000))
    assert told == [
        "a nested loop repeats Seq Scan of orders 20,000 times: an index or another order of joining may help"
    ]
