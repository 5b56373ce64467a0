"""Tasks by the thousand, written by bare SQL, for what is measured over many."""

from __future__ import annotations

from moorage.core.postgres.pools import Connection

# Titles of a few words each, statuses and priorities unevenly spread, a due date, tags; as ids the hash of the number.
TASKS = """
    INSERT INTO workflow.entities (
        id, key, schema_name, schema_version, data, title, state, is_open, priority, created_at, updated_at
    )
    SELECT
        md5('task ' || n)::uuid, 'T-' || nextval('workflow.entity_numbers'), 'task', 1,
        jsonb_build_object(
            'title', title, 'status', status, 'priority', priority, 'assignee', 'agent' || n % 50,
            'due_date', to_char(timestamptz '2026-01-01' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'tags', jsonb_build_array('tag' || n % 7, 'tag' || n % 31)
        ),
        title, status, status <> 'completed', array_position(ARRAY['critical', 'high', 'medium', 'low'], priority) - 1,
        timestamptz '2026-01-01' + n * interval '1 second', timestamptz '2026-01-01' + n * interval '1 second'
    FROM (
        SELECT
            n, (ARRAY['Mend', 'Add', 'Remove', 'Measure', 'Explain'])[1 + n % 5] || ' '
                || (ARRAY['sessions', 'retries', 'tokens', 'the parser', 'a cache', 'invoices'])[1 + n % 6]
                || ' of module ' || n % 400 AS title,
            (ARRAY['completed', 'completed', 'pending', 'in_progress', 'blocked', 'completed'])[1 + n % 6] AS status,
            (ARRAY['low', 'medium', 'high', 'medium', 'low', 'critical', 'medium', 'low'])[1 + n % 8] AS priority
        FROM generate_series($1::integer, $2::integer) AS n
    ) AS task
"""
# Each from an earlier task to a later one, so that nothing waits for itself; every tenth task is part of another.
LINKS = """
    INSERT INTO workflow.links (source_id, kind, target_id, created_by)
    SELECT md5('task ' || source)::uuid, 'blocks', md5('task ' || target)::uuid, 'benchmark'
    FROM (
        SELECT source, source + 1 + (n / 7) % 199 AS target
        FROM (
            SELECT n, 1 + (n * 7919::bigint) % ($1::integer - 200) AS source
            FROM generate_series(1, $2::integer) AS n
        ) AS chosen
    ) AS pair
    ON CONFLICT DO NOTHING
"""
PARENTS = """
    INSERT INTO workflow.links (source_id, kind, target_id, created_by)
    SELECT md5('task ' || n)::uuid, 'parent', md5('task ' || n / 10)::uuid, 'benchmark'
    FROM generate_series(10, $1::integer) AS n
    WHERE n % 10 = 0
"""


async def write_tasks(bare: Connection, first: int, last: int) -> None:
    """Write the tasks numbered so; the same numbers give the same tasks."""
    await bare.execute(TASKS, first, last)
    await bare.execute("VACUUM ANALYZE workflow.entities")


async def write_links(bare: Connection, tasks: int, links: int) -> int:
    """Let tasks block later ones and be part of others; return how many links there are then."""
    await bare.execute(PARENTS, tasks)
    await bare.execute(LINKS, tasks, links)
    await bare.execute("VACUUM ANALYZE workflow.links")
    return await bare.fetchval("SELECT count(*) FROM workflow.links")
