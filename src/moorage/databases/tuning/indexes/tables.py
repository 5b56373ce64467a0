"""Tables as advice on indexes needs them: rows, columns with the planner's statistics, indexes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moorage.core.postgres.queries import Row, load_statements
from moorage.databases.connectors.session import Session
from moorage.databases.policy.mentions import Named

MOST_TABLES = 50
statements = load_statements("moorage.databases.tuning.indexes")


@dataclass(frozen=True)
class TableColumn:
    """A column.

    Attributes:
        distinct: how many different values it has; 1 where nothing is known.
        width: bytes of a value, on the average.
    """

    name: str
    type: str
    distinct: float
    width: int


@dataclass(frozen=True)
class Index:
    """An index that is there; `keys` are names of columns, and expressions as PostgreSQL writes them."""

    name: str
    method: str
    keys: tuple[str, ...]
    is_unique: bool
    is_partial: bool


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        rows: what the last ANALYZE or VACUUM counted, 0 when there was none.
        partitions: the bare names under which plans read it, when it is partitioned.
    """

    schema: str
    name: str
    rows: int
    columns: Mapping[str, TableColumn]
    indexes: tuple[Index, ...]
    partitions: frozenset[str] = frozenset()

    @property
    def names_in_plans(self) -> frozenset[str]:
        return self.partitions or frozenset({self.name})

    @property
    def place(self) -> tuple[str, str]:
        return self.schema, self.name


async def tables_of(session: Session, named: Iterable[Named]) -> dict[Named, Table]:
    """Return the tables that names mean; names of views and of what is not there are left out."""
    wanted = list(named)[:MOST_TABLES]
    if not wanted:
        return {}
    rows = await statements.table_described(
        session, names=sorted({each.name for each in wanted}), limit=4 * MOST_TABLES
    )
    found = {each: _meant(each, rows) for each in wanted}
    return {name: _table(row) for name, row in found.items() if row is not None}


def _meant(named: Named, rows: Iterable[Row]) -> Row | None:
    for row in rows:
        is_there = row["is_visible"] if named.schema is None else row["schema_name"] == named.schema
        if row["table_name"] == named.name and is_there:
            return row
    return None


def _table(row: Row) -> Table:
    rows = max(row["row_count"], 0)
    columns = [_column(each, rows) for each in json.loads(row["columns"] or "[]")]
    return Table(
        schema=row["schema_name"],
        name=row["table_name"],
        rows=rows,
        columns={each.name: each for each in columns},
        indexes=tuple(
            Index(each["name"], each["method"], tuple(each["keys"]), each["unique"], each["partial"])
            for each in json.loads(row["indexes"] or "[]")
        ),
        partitions=frozenset(json.loads(row["partitions"])),
    )


def _column(told: Mapping, rows: int) -> TableColumn:
    """Read a column; a negative number of values is a share of the rows.

    Source: https://www.postgresql.org/docs/current/view-pg-stats.html
    """
    distinct = told["distinct"] or 1.0
    return TableColumn(told["name"], told["type"], -distinct * rows if distinct < 0 else distinct, told["width"] or 8)
