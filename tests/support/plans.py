"""Plans of statements, as PostgreSQL says it would run them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from moorage.core.postgres.queries import Statement

Node = dict[str, Any]


async def nodes(connection: Any, statement: Statement, **values: Any) -> list[Node]:
    """Return the nodes of a statement's plan."""
    arguments = [values[each] for each in statement.parameters]
    plan = (await connection.fetch(f"EXPLAIN (FORMAT JSON) {statement.sql}", *arguments))[0][0]
    return list(_below(plan[0]["Plan"]))


def read_whole(plan: Sequence[Node]) -> set[str]:
    """Return the tables of which a plan reads every row."""
    return {each["Relation Name"] for each in plan if each["Node Type"] == "Seq Scan"}


def indexes(plan: Sequence[Node]) -> set[str]:
    return {each["Index Name"] for each in plan if "Index Name" in each}


def _below(node: Node) -> Iterator[Node]:
    yield node
    for each in node.get("Plans", ()):
        yield from _below(each)
