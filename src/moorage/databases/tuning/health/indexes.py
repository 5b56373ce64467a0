"""Indexes that cost and do not serve."""

from __future__ import annotations

from moorage.core.shape import Finding
from moorage.databases.tuning.amounts import duration, size
from moorage.databases.tuning.health.findings import MOST_OF_A_KIND, Look, note, statements, warning

UNUSED_PAGES = 1_280  # 10 MiB
# Shorter counting says nothing of what runs once a week.
COUNTED_SECONDS = 7 * 86_400


async def invalid(look: Look) -> list[Finding]:
    rows = await look.rows(statements.index_invalid, limit=MOST_OF_A_KIND)
    return [
        warning(
            "index_invalid",
            f"{row['schema_name']}.{row['index_name']}",
            f"is of no use on {row['table_name']}: building it failed; each write still keeps it up",
            "DROP INDEX CONCURRENTLY, then build it again.",
        )
        for row in rows
    ]


async def unused(look: Look) -> list[Finding]:
    rows = await look.rows(statements.index_unused, least_pages=UNUSED_PAGES, limit=MOST_OF_A_KIND)
    return [
        note(
            "index_unused",
            f"{row['schema_name']}.{row['index_name']}",
            f"{size(row['bytes'])} on {row['table_name']}, not used in the {duration(row['counted_seconds'])} counted",
            "Look at replicas and at what runs seldom, then drop it.",
        )
        for row in rows
        if row["counted_seconds"] >= COUNTED_SECONDS
    ]


async def duplicate(look: Look) -> list[Finding]:
    rows = await look.rows(statements.index_duplicate, limit=MOST_OF_A_KIND)
    return [
        note(
            "index_duplicate",
            f"{row['schema_name']}.{row['table_name']}",
            f"{row['index_names']} index the same, {size(row['bytes'])} of it twice",
            "Keep the first.",
        )
        for row in rows
    ]
