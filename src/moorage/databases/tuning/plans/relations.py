"""The tables of a plan, as the catalogue describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moorage.core.postgres.queries import Row, load_statements
from moorage.databases.connectors.session import Session
from moorage.databases.tuning.plans.nodes import Plan

MOST_TABLES = 100
_statements = load_statements("moorage.databases.tuning.plans")


@dataclass(frozen=True)
class Relation:
    """A table that a plan reads.

    Attributes:
        rows: as counted by the last ANALYZE or VACUUM; negative when there was none.
        types: of its columns, by name.
        indexed: columns that an index of all rows begins with.
    """

    schema: str
    name: str
    rows: int
    types: Mapping[str, str]
    indexed: frozenset[str]


async def relations_of(plan: Plan, session: Session, named: Sequence[str]) -> dict[str, Relation]:
    """Return the tables of a plan by their bare names; those are left out of which it is not clear which is meant.

    Args:
        named: tables as the statement writes them, to tell tables of one name in several schemas apart.
    """
    names = sorted({node.relation for node in plan.nodes if node.relation})
    if not names:
        return {}
    rows = await _statements.relation_described(session, table_names=names[:MOST_TABLES], limit=2 * MOST_TABLES)
    found = {name: _meant([row for row in rows if row["table_name"] == name], named) for name in names}
    return {name: _relation(row) for name, row in found.items() if row is not None}


def _meant(rows: Sequence[Row], named: Sequence[str]) -> Row | None:
    written = [row for row in rows if f"{row['schema_name']}.{row['table_name']}" in named]
    visible = [row for row in rows if row["is_visible"]]
    for candidates in (written, visible, rows):
        if candidates:
            return candidates[0] if len(candidates) == 1 else None
    return None


def _relation(row: Row) -> Relation:
    columns = json.loads(row["columns"] or "[]")
    return Relation(
        schema=row["schema_name"],
        name=row["table_name"],
        rows=row["row_count"],
        types={each["name"]: each["type"] for each in columns},
        indexed=frozenset(each["name"] for each in columns if each["indexed"]),
    )
