"""Many work items and links at once, written past the services: for plans, and for measuring."""

from __future__ import annotations

from moorage.core.postgres.queries import Executor


async def fill_project(connection: Executor, *, items: int, links: int, families: int = 10) -> None:
    """Write open and closed tasks, half of the links to parents as far as they go, the rest from older to newer ones.

    Every fourth task is closed; a tenth as many parents as items make a forest some levels deep. Analyzed at the end.
    """
    await connection.execute(
        "INSERT INTO workflow.entities (schema_name, data, key, schema_version, title, state, is_open, priority)"
        " SELECT 'task', jsonb_build_object('title', 'Task ' || n, 'assignee', 'a' || n % 7), 'T-' || n, 1,"
        "   'Task ' || n, CASE WHEN n % 4 = 0 THEN 'completed' ELSE 'pending' END, n % 4 <> 0, n % 5"
        " FROM generate_series(1, $1::integer) AS n",
        items,
    )
    numbered = "SELECT id, substr(key, 3)::integer AS n FROM workflow.entities"
    await connection.execute(
        f"WITH item AS ({numbered})"
        " INSERT INTO workflow.links (source_id, kind, target_id, created_by)"
        " SELECT child.id, 'parent', parent.id, 'test' FROM item AS child JOIN item AS parent ON parent.n = child.n / $1 AND child.n > 500"
        " ORDER BY child.n LIMIT $2",
        families,
        links // 2,
    )
    await connection.execute(
        f"WITH item AS ({numbered})"
        " INSERT INTO workflow.links (source_id, kind, target_id, created_by)"
        " SELECT source.id, 'blocks', target.id, 'test'"
        " FROM generate_series(1, 3) AS k CROSS JOIN item AS source"
        " JOIN item AS target ON target.n = source.n + 1 + (source.n * k * 7919) % 97"
        " ORDER BY target.n, k LIMIT $1 - (SELECT count(*) FROM workflow.links)"
        " ON CONFLICT DO NOTHING",
        links,
    )
    await connection.execute("ANALYZE workflow.entities, workflow.links, workflow.claims")
