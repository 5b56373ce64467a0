"""Every named statement is understood by a migrated database; those that must use an index do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

import moorage
from moorage import workflow
from moorage.codebase import vector_table
from moorage.codebase.models import EmbeddingModel
from moorage.core.postgres.pools import connect
from moorage.core.postgres.queries import Statement, load_statements
from moorage.core.postgres.vectors import copy_of_vectors, vector_text

PROJECT_STATEMENTS_OF_THE_REGISTRY = (
    "identity_get",
    "identity_insert",
    "identity_replace",
    "table_sizes",
    "line_names",
    "lines_record",
)
WORK_ITEM_PACKAGES = [
    ".".join(("moorage", *file.parent.relative_to(Path(moorage.__file__).parent).parts))
    for file in sorted(Path(workflow.__file__).parent.rglob("queries.sql"))
]
DATABASE_PACKAGES = [
    "moorage.databases.connectors",
    "moorage.databases.everywhere",
    "moorage.databases.execution",
    "moorage.databases.exploring",
    "moorage.databases.managing",
    "moorage.databases.roles",
    "moorage.databases.tuning.health",
    "moorage.databases.tuning.indexes",
    "moorage.databases.tuning.plans",
]
MODEL = EmbeddingModel(model="random", dimensions=16)
VECTORS = 12_000
PER_SEGMENT = 1_000


@pytest.fixture
async def own(project, address):
    """A connection to a project's database in which code was indexed before."""
    connection = await connect(address, project.database_name)
    await vector_table.ensure_model(connection, MODEL)
    yield connection
    await connection.close()


async def plan(connection, statement: Statement, **values) -> str:
    """Return the plan of a statement with these parameters, as text."""
    arguments = [values[name] for name in statement.parameters]
    rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {statement.sql}", *arguments)
    return json.dumps(rows[0][0])


async def test_every_statement_of_code_search_is_understood(own):
    for each in load_statements("moorage.codebase"):
        await own.prepare(each.sql)


@pytest.mark.parametrize("package", WORK_ITEM_PACKAGES)
async def test_every_statement_of_work_items_is_understood(own, package):
    for each in load_statements(package):
        await own.prepare(each.sql)


@pytest.mark.parametrize("package", DATABASE_PACKAGES)
async def test_every_statement_about_databases_of_others_is_understood(own, package):
    for each in load_statements(package):
        await own.prepare(each.sql)


async def test_every_statement_about_the_workload_of_others_is_understood(own):
    """The extension is not there; what stands in for it has the columns of its version 1.8."""
    await own.execute("""
        CREATE TEMPORARY VIEW pg_stat_statements AS
        SELECT oid(0) AS dbid, '' AS query, 0::bigint AS calls, 0::bigint AS rows, 0::float8 AS total_exec_time,
            0::float8 AS mean_exec_time, 0::bigint AS shared_blks_hit, 0::bigint AS shared_blks_read,
            0::bigint AS temp_blks_read, 0::bigint AS temp_blks_written, 0::numeric AS wal_bytes
    """)
    for each in load_statements("moorage.databases.tuning.workload"):
        await own.prepare(each.sql)


async def test_every_statement_of_projects_is_understood(own, connections):
    for each in load_statements("moorage.projects"):
        short = each.name.rpartition(".")[2]
        if short in PROJECT_STATEMENTS_OF_THE_REGISTRY:
            await own.prepare(each.sql)
        else:
            async with connections.registry_pool.acquire() as registry:
                await registry.prepare(each.sql)


async def test_every_statement_of_the_doctor_is_understood(own, connections):
    for each in load_statements("moorage.operations.doctor"):
        if each.name == "doctor.project_adopt":
            async with connections.registry_pool.acquire() as registry:
                await registry.prepare(each.sql)
        else:
            await own.prepare(each.sql)


async def test_a_project_is_found_by_its_name_through_an_index(connections):
    statement = load_statements("moorage.projects").project_by_name
    async with connections.registry_pool.acquire() as registry, registry.transaction():
        await registry.execute(
            "INSERT INTO public.projects (name, database_name)"
            " SELECT 'p' || n, 'project_p' || n FROM generate_series(1, 2000) AS n"
        )
        await registry.execute("ANALYZE public.projects")
        assert "projects_name_key" in await plan(registry, statement, name="p7")
        await registry.execute("DELETE FROM public.projects WHERE name LIKE 'p%' AND created_by = 'claude-code'")


async def test_the_nearest_chunks_are_found_through_the_vector_index(own):
    vectors = np.random.default_rng(7).normal(size=(VECTORS, MODEL.dimensions)).astype(np.float32)
    for first in range(0, VECTORS, PER_SEGMENT):
        await own.copy_to_table(
            "embeddings",
            schema_name="codebase",
            columns=("segment_id", "position", "embedding"),
            source=BytesIO(copy_of_vectors(first, 0, vectors[first : first + PER_SEGMENT])),
            format="binary",
        )
    assert await vector_table.build_index_after(own)
    values = {"vector": vector_text(vectors[0]), "limit": 50}
    statement = load_statements("moorage.codebase").chunk_nearest
    assert "embeddings_by_direction" in await plan(own, statement, **values)


async def test_the_postings_of_a_word_are_found_through_their_key(own):
    await own.execute("""
        INSERT INTO codebase.repositories (repo_path, name, folder) VALUES ('/x', 'x', '/x');
        INSERT INTO codebase.segments (repository_id, chunk_count)
        SELECT id, 1 FROM codebase.repositories, generate_series(1, 20);
        INSERT INTO codebase.postings (word, segment_id, chunk_count, positions, body, names)
        SELECT 'word' || n, s.id, 1, '', '', '' FROM codebase.segments AS s, generate_series(1, 500) AS n;
        ANALYZE codebase.postings;
    """)
    statement = load_statements("moorage.codebase").posting_find
    limits = {"few": 1000, "share": 0.25, "most": 1000}
    values = {"words": ["word7", "word8"], "segment_ids": list(range(1, 21)), "repository_ids": None, **limits}
    assert "postings_pkey" in await plan(own, statement, **{each: values[each] for each in statement.parameters})


@pytest.fixture
async def long_feed(own):
    """A project in which much was written, each change in a transaction of its own."""
    await own.execute("""
        INSERT INTO workflow.changes (txid, subject, operation, created_by)
        SELECT n, 'comment', 'create', 'test' FROM generate_series(1, 20000) AS n;
        ANALYZE workflow.changes;
    """)
    return own


def read_whole(plan: Any) -> set[str]:
    """Return the tables that a plan reads from end to end."""
    if isinstance(plan, list):
        return set().union(*map(read_whole, plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["Relation Name"]} if plan.get("Node Type") == "Seq Scan" else set()
    return own.union(*map(read_whole, plan.values()))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("change_page", {"txid": 9, "seq": 9, "subjects": ["link"], "schema_names": None, "limit": 9, "scanned": 99}),
        ("change_newest", {}),
        ("change_before", {"since": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("change_latest", {"limit": 9}),
    ],
)
async def test_the_feed_is_read_through_its_key(long_feed, name, values):
    statement = getattr(load_statements("moorage.workflow.feed"), name)
    read = await plan(long_feed, statement, **values)
    assert "changes_pkey" in read
    assert "changes" not in read_whole(json.loads(read))


async def test_the_last_changes_of_a_briefing_are_read_from_the_end_of_the_feed(long_feed):
    statement = load_statements("moorage.workflow.briefing").change_last
    read = await plan(long_feed, statement, limit=4)
    assert "changes_pkey" in read
    assert "changes" not in read_whole(json.loads(read))


async def test_the_past_of_entities_is_read_by_their_ids(own):
    await own.execute("""
        INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ('task', '{}', 'T');
        INSERT INTO workflow.entities (key, schema_name, schema_version, data)
        SELECT 'T-' || n, 'task', 1, '{}' FROM generate_series(1, 5000) AS n;
        INSERT INTO workflow.entity_versions
            (entity_id, version, operation, schema_version, data, created_at, created_by)
        SELECT id, n, 'update', 1, '{}', now(), 'test' FROM workflow.entities, generate_series(1, 3) AS n;
        ANALYZE workflow.entities, workflow.entity_versions;
    """)
    statement = load_statements("moorage.workflow.history").entity_past
    values = {"schema_name": "task", "at": datetime.now(UTC), "after": UUID(int=2**127), "limit": 51}
    assert read_whole(json.loads(await plan(own, statement, **values))) == set()


@pytest.mark.parametrize("name", ["entity_get", "entity_lock"])
async def test_an_entity_is_found_by_its_key_or_id_and_never_by_the_index_of_a_type(own, name):
    """An empty list in a condition with OR is never true, and for that the planner takes any partial index."""
    await own.execute("""
        INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ('task', '{}', 'T');
        INSERT INTO workflow.entities (key, schema_name, schema_version, data)
        SELECT 'T-' || n, 'task', 1, '{}' FROM generate_series(1, 2000) AS n;
        CREATE INDEX of_a_type ON workflow.entities ((data #> ARRAY['status']))
        WHERE schema_name = 'task' AND deleted_at IS NULL;
    """)
    found = await plan(own, getattr(load_statements("moorage.workflow.entities"), name), ids=[], keys=["T-7"])
    assert "entities_key_key" in found
    assert "entities_pkey" in found
    assert "of_a_type" not in found


@pytest.mark.parametrize(("name", "values"), [("entity_page", {}), ("entity_behind", {"to_version": 2})])
async def test_entities_that_follow_their_type_are_read_by_their_ids(own, name, values):
    """Batch after batch goes on where the one before has ended; none reads or sorts those that are done."""
    await own.execute("""
        INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ('task', '{}', 'T');
        INSERT INTO workflow.entities (key, schema_name, schema_version, data)
        SELECT 'T-' || n, 'task', 1, '{}' FROM generate_series(1, 5000) AS n;
        ANALYZE workflow.entities;
    """)
    statement = getattr(load_statements("moorage.workflow.evolution"), name)
    found = await plan(own, statement, schema_name="task", after=UUID(int=2**127), limit=200, **values)
    assert "Index Cond" in found
    assert "entities_pkey" in found
    assert "Sort" not in found
