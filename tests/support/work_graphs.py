"""Many work items and links at once, written past the services: for plans, and for measuring."""

from __future__ import annotations

from moorage.core.postgres.queries import Executor

_ITEMS = """
    INSERT INTO workflow.entities (schema_name, data, key, schema_version, title, state, is_open, priority)
    SELECT
        'task', jsonb_build_object('title', 'Task ' || n, 'assignee', 'a' || n % 7), 'T-' || n, 1, 'Task ' || n,
        CASE WHEN n % 4 = 0 THEN 'completed' ELSE 'pending' END, n % 4 <> 0, n % 5
    FROM generate_series(1, $1::integer) AS n
"""
# Every tenth item is the parent of the nine after it, and every hundredth of those.
_PARENTS = """
    WITH item AS (SELECT id, substr(key, 3)::integer AS n FROM workflow.entities)
    INSERT INTO workflow.links (source_id, kind, target_id, created_by)
    SELECT child.id, 'parent', parent.id, 'test'
    FROM item AS child
    JOIN item AS parent ON parent.n = CASE WHEN child.n % 10 > 0 THEN child.n / 10 * 10 ELSE child.n / 100 * 100 END
    WHERE child.n <> parent.n
"""
# From older items to newer ones, so that there is no cycle.
_BLOCKS = """
    WITH item AS (SELECT id, substr(key, 3)::integer AS n FROM workflow.entities)
    INSERT INTO workflow.links (source_id, kind, target_id, created_by)
    SELECT source.id, 'blocks', target.id, 'test'
    FROM generate_series(1, 3) AS k
    CROSS JOIN item AS source
    JOIN item AS target ON target.n = source.n + 101 + (source.n * k * 7919) % 997
    ORDER BY k, source.n
    LIMIT $1 - (SELECT count(*) FROM workflow.links)
"""


async def fill_project(connection: Executor, *, items: int, links: int) -> None:
    """Write tasks, three of four open, and links: as many to parents as there are, the others blocking."""
    await connection.execute(_ITEMS, items)
    await connection.execute(_PARENTS)
    await connection.execute(_BLOCKS, links)
    await connection.execute("ANALYZE workflow.entities, workflow.links, workflow.claims")
