"""What a statement asks of tables leads to few candidates for indexes, and to none that is there already."""

from __future__ import annotations

import pytest

from moorage.databases.policy.mentions import Named
from moorage.databases.policy.parsing import parse
from moorage.databases.tuning.indexes.candidates import candidates_for
from moorage.databases.tuning.indexes.tables import Index, Table, TableColumn
from moorage.databases.tuning.indexes.uses import uses_in

COLUMNS = {
    "id": TableColumn("id", "int8", 100_000, 8),
    "state": TableColumn("state", "text", 3, 8),
    "customer": TableColumn("customer", "int8", 5_000, 8),
    "total": TableColumn("total", "numeric", 20_000, 8),
    "notes": TableColumn("notes", "jsonb", 1, 50),
    "deleted_at": TableColumn("deleted_at", "timestamptz", 1, 8),
}
KEY = Index("orders_pkey", "btree", ("id",), is_unique=True, is_partial=False)


def found(sql, *indexes, rows=100_000):
    tables = {
        Named(None, name): Table("shop", name, rows, COLUMNS, (KEY, *indexes)) for name in ("orders", "customers")
    }
    (tree,) = parse(sql)
    candidates = {each.identity: each for use in uses_in(tree, tables) for each in candidates_for(use)}
    return [each.definition("INDEX").removeprefix("INDEX ON ").replace('"', "") for each in candidates.values()]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM orders WHERE total = 5", "shop.orders (total)"),
        ("SELECT * FROM orders WHERE total IN (5, 6)", "shop.orders (total)"),
        ("SELECT * FROM orders AS o WHERE o.total = ANY ($1)", "shop.orders (total)"),
        ("SELECT * FROM orders WHERE total BETWEEN 1 AND 5", "shop.orders (total)"),
        ("SELECT * FROM orders WHERE $1 < total", "shop.orders (total)"),
        ("SELECT FROM orders WHERE total > 5 AND state = $1 AND customer = 7", "shop.orders (customer, state, total)"),
        ("SELECT * FROM orders WHERE customer = 7 ORDER BY total DESC", "shop.orders (customer, total DESC)"),
        ("SELECT * FROM orders ORDER BY total LIMIT 5", "shop.orders (total)"),
        ("SELECT * FROM orders WHERE lower(state) = 'x'", "shop.orders (lower(state))"),
        ("SELECT * FROM orders WHERE state LIKE 'op%'", "shop.orders (state text_pattern_ops)"),
        ("SELECT * FROM orders WHERE notes @> '{}'", "shop.orders USING gin (notes)"),
        ("SELECT * FROM orders WHERE total = 5 AND deleted_at IS NULL", "shop.orders (total) WHERE deleted_at IS NULL"),
        ("SELECT * FROM customers c JOIN orders o ON o.customer = c.id", "shop.orders (customer)"),
        ("SELECT FROM customers c WHERE EXISTS (SELECT FROM orders WHERE customer = c.id)", "shop.orders (customer)"),
        ("WITH few AS (SELECT * FROM orders WHERE total = 5) SELECT * FROM few", "shop.orders (total)"),
        ("UPDATE orders SET state = 'x' WHERE total = 5", "shop.orders (total)"),
        ("DELETE FROM orders WHERE total = 5", "shop.orders (total)"),
    ],
)  # fmt: skip
def test_what_is_asked_for_becomes_a_candidate(sql, expected):
    assert expected in found(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders",
        "SELECT * FROM orders WHERE id = 5",
        "SELECT * FROM orders WHERE total = customer",
        "SELECT * FROM orders WHERE total + 1 = 5",
        "SELECT * FROM orders WHERE total = 5 OR customer = 6",
        "SELECT * FROM orders WHERE state LIKE '%open'",
        "SELECT * FROM orders ORDER BY total",
        "SELECT * FROM elsewhere WHERE total = 5",
        "WITH orders AS (SELECT 1 AS total) SELECT 1",
        "INSERT INTO orders (total) VALUES (5)",
    ],
)
def test_what_no_index_helps_has_no_candidate(sql):
    assert found(sql) == []


def test_what_an_index_begins_with_is_there_already():
    there = Index("by_total", "btree", ("total", "state"), is_unique=False, is_partial=False)
    assert found("SELECT * FROM orders WHERE total = 5", there) == []


def test_a_partial_index_does_not_count_as_there():
    partial = Index("some", "btree", ("total",), is_unique=False, is_partial=True)
    assert found("SELECT * FROM orders WHERE total = 5", partial) == ["shop.orders (total)"]


def test_a_small_table_needs_no_index():
    assert found("SELECT * FROM orders WHERE total = 5", rows=500) == []


def test_shorter_indexes_that_keep_nothing_unique_are_told_as_needless():
    shorter = Index("by_customer", "btree", ("customer",), is_unique=False, is_partial=False)
    tables = {Named(None, "orders"): Table("shop", "orders", 100_000, COLUMNS, (KEY, shorter))}
    (tree,) = parse("SELECT * FROM orders WHERE customer = 5 AND total > 3")
    (use,) = uses_in(tree, tables)
    (longest, *_) = candidates_for(use)
    assert [each.name for each in longest.shorter] == ["by_customer"]
