"""Tables and sequences: dead rows, old statistics, waste, missing keys, numbers that run out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moorage.core.shape import Finding
from moorage.databases.tuning.amounts import size
from moorage.databases.tuning.health.findings import MOST_OF_A_KIND, Look, error, note, statements, warning
from moorage.databases.tuning.health.server import OLD_TRANSACTIONS, OLDEST_TRANSACTIONS

DEAD_ROWS = 10_000
MANY_DEAD = 1_000_000
LARGE_PAGES = 12_800  # 100 MiB
USED_UP, NEARLY_USED_UP = 0.75, 0.95


async def dead_rows(look: Look) -> list[Finding]:
    rows = await look.rows(statements.table_dead, least=DEAD_ROWS, limit=MOST_OF_A_KIND)
    return [_about_dead(row) for row in rows]


def _about_dead(row: Mapping[str, Any]) -> Finding:
    table = _table(row)
    if row["dead"] < DEAD_ROWS:
        message = f"{row['changed']:,} rows changed since its statistics were made ({row['analyzed'] or 'never'})"
        return warning("statistics_old", table, message, f"ANALYZE {table}")
    message = f"{row['dead']:,} dead rows beside {row['live']:,} live ones; last vacuum {row['vacuumed'] or 'never'}"
    level = warning if row["dead"] >= MANY_DEAD or not row["vacuumed"] else note
    return level("dead_rows", table, message, f"VACUUM (ANALYZE) {table}; see what keeps autovacuum from it.")


async def old_tables(look: Look) -> list[Finding]:
    rows = await look.rows(statements.table_old, oldest=OLD_TRANSACTIONS, limit=MOST_OF_A_KIND)
    return [
        (error if row["age"] >= OLDEST_TRANSACTIONS else warning)(
            "table_old",
            _table(row),
            f"its oldest transaction id is {row['age']:,} old",
            f"VACUUM (FREEZE) {_table(row)}",
        )
        for row in rows
    ]


async def bloat(look: Look) -> list[Finding]:
    rows = await look.rows(statements.table_bloated, least_pages=LARGE_PAGES, limit=200)
    return [
        note(
            "bloat",
            _table(row),
            f"about {size(row['wasted'])} of its {size(row['bytes'])} are empty (an estimate)",
            "Rewrite it in a quiet hour: pg_repack, or VACUUM FULL, which locks it.",
        )
        for row in rows[:MOST_OF_A_KIND]
    ]


async def keyless(look: Look) -> list[Finding]:
    rows = await look.rows(statements.table_keyless, limit=MOST_OF_A_KIND)
    if not rows:
        return []
    more = " and more" if len(rows) == MOST_OF_A_KIND else ""
    message = f"no primary key on {', '.join(map(_table, rows))}{more}"
    return [note("no_primary_key", "tables", message, "Give each one; rows cannot be told apart, nor replicated.")]


async def sequences(look: Look) -> list[Finding]:
    rows = await look.rows(statements.sequence_ending, share=USED_UP, limit=MOST_OF_A_KIND)
    return [_about_sequence(row) for row in rows]


def _about_sequence(row: Mapping[str, Any]) -> Finding:
    used = row["last_value"] / row["max_value"]
    fills = f" for {row['columns']}" if row["columns"] else ""
    message = f"has given {used:.0%} of the {row['max_value']:,} numbers there are{fills}"
    level = error if used >= NEARLY_USED_UP else warning
    subject = f"{row['schema_name']}.{row['sequence_name']}"
    return level("sequence_ends", subject, message, "Change the column and the sequence to bigint.")


def _table(row: Mapping[str, Any]) -> str:
    return f"{row['schema_name']}.{row['table_name']}"
