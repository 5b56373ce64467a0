"""Queries over many entities are answered by indexes: PostgreSQL says so in its plans."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moorage.workflow.querying.indexes import declared_indexes
from moorage.workflow.querying.models import Query
from moorage.workflow.querying.pages import Page
from moorage.workflow.querying.parsed import parse_query
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.models import IndexedField, TypeRules
from moorage.workflow.types.store import type_list

ENTITIES = 12_000
RULES = TypeRules(
    key_prefix="J",
    indexes=[IndexedField(field=name) for name in ("owner", "size.bytes", "due", "lane")]
    + [IndexedField(field="reference", unique=True)],
)
SCHEMA = {
    "type": "object",
    "properties": {
        "owner": {"type": "string"},
        "size": {"type": "object", "properties": {"bytes": {"type": "integer"}}},
        "due": {"type": "string", "format": "date-time"},
        "reference": {"type": "string"},
        "note": {"type": "string"},
        "lane": {"type": "string"},
        "half": {"type": "string"},
    },
}
FILL = f"""
    INSERT INTO workflow.entities (key, schema_name, schema_version, title, data, updated_at)
    SELECT 'J-' || n, 'job', 1, 'Job ' || n, jsonb_build_object(
        'owner', 'person ' || n % 500, 'size', jsonb_build_object('bytes', n % 3000), 'reference', 'R-' || n,
        'due', to_char(timestamptz '2026-01-01' + n * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'note', 'n' || n, 'lane', 'lane ' || n % 4, 'half', 'half ' || n % 2
    ), timestamptz '2026-01-01' + n * interval '1 second'
    FROM generate_series(1, {ENTITIES}) AS n
"""

OTHERS = """
    INSERT INTO workflow.entities (key, schema_name, schema_version, data)
    SELECT 'T-' || n, 'task', 1, '{}' FROM generate_series(1, 6000) AS n
"""


class Explaining:
    """A connection that notes the plan of what is prepared on it, and runs it."""

    def __init__(self, connection) -> None:
        self._connection = connection
        self._query = ""
        self.plans: list[str] = []

    async def prepare(self, query: str, *, name: str) -> Explaining:
        self._query = query
        return self

    async def fetch(self, *args):
        rows = await self._connection.fetch(f"EXPLAIN (FORMAT JSON) {self._query}", *args)
        self.plans.append(json.dumps(rows[0][0]))
        return await self._connection.fetch(self._query, *args)

    async def fetchrow(self, query: str, *args):
        return await self._connection.fetchrow(query, *args)


@pytest.fixture
async def jobs(connections, project):
    """A project with many jobs, and other tasks."""
    workflow = make_service(connections, WorkflowSettings())
    await workflow.types.register(project.name, "job", SCHEMA, rules=RULES)
    await workflow.types.register(project.name, "task")
    async with connections.connection_to(project) as connection:
        await connection.execute(FILL)
        await connection.execute(OTHERS)
        await connection.execute("ANALYZE workflow.entities")
    return project


def asked(query: dict[str, Any]) -> Query:
    """The query, of jobs where it does not say of what."""
    whole: dict[str, Any] = {"schema_name": "job", **query}
    return Query(**whole)


async def plan_of(connections, project, query: Query) -> str:
    """Return the plan of the statement that gets a page of the query."""
    async with connections.connection_to(project) as connection:
        explaining: Any = Explaining(connection)
        types = [each for each in await type_list(connection) if query.schema_name in (None, each.schema_name)]
        await Page(project, explaining, parse_query(query, types)).read()
    return explaining.plans[-1]


async def index_names(connections, project) -> dict[str, str]:
    """Return the names of the declared indexes, by field."""
    async with connections.connection_to(project) as connection:
        return {each.field: name for name, each in declared_indexes(await type_list(connection)).items()}


BY_DECLARED = [
    ("owner", {"filters": {"owner": "person 7"}}),
    ("owner", {"filters": {"owner": {"in": ["person 7", "person 9"]}}}),
    ("owner", {"filters": {"owner": {"prefix": "person 49"}}}),
    ("owner", {"filters": {"owner": {"gte": "person 98", "lt": "person 99"}}}),
    ("owner", {"sort": ("owner",)}),
    ("size.bytes", {"filters": {"size.bytes": {"gt": 2990}}}),
    ("size.bytes", {"filters": {"size.bytes": {"gte": 10, "lt": 20.5}}}),
    ("size.bytes", {"filters": {"size.bytes": 5}}),
    ("size.bytes", {"sort": ("size.bytes",)}),
    ("size.bytes", {"filters": {"size.bytes": {"exists": True}}, "sort": ("-size.bytes",)}),
    ("due", {"filters": {"due": {"gte": "2026-03-01", "lt": "2026-03-02"}}}),
    ("due", {"filters": {"due": "2026-03-01T05:00:00+01:00"}}),
    ("due", {"sort": ("due",)}),
    ("reference", {"filters": {"reference": "R-77"}}),
]
BY_TABLE = [
    ("entities_by_schema", {}),
    ("entities_by_schema", {"filters": {"@updated_at": {"gt": "2026-01-01T03:19:00Z"}}}),
    ("entities_by_data", {"filters": {"note": "n7"}}),
    ("entities_by_data", {"filters": {"note": {"in": ["n7", "n9"]}}}),
    ("entities_by_data", {"filters": {"or": [{"note": "n7"}, {"note": "n9"}]}}),
    ("entities_by_data", {"filters": {"size": {"contains": {"bytes": 7}}, "note": "n7"}}),
    ("entities_by_data", {"filters": {"lane": "lane 1", "half": "half 0"}}),  # often, but never together
    ("entities_by_search", {"search": '"job 77"'}),
    ("entities_key_key", {"filters": {"@key": "J-77"}}),
    ("entities_newest", {"schema_name": None}),
    ("entities_newest", {"schema_name": None, "filters": {"note": {"ne": "n7"}}}),
    ("entities_by_data", {"schema_name": None, "filters": {"note": "n7"}}),
    ("entities_pkey", {"filters": {"@id": "00000000-0000-0000-0000-000000000000"}}),
]


async def test_what_is_compared_or_sorted_by_a_declared_field_uses_its_index(connections, jobs):
    names = await index_names(connections, jobs)
    plans = [await plan_of(connections, jobs, asked(query)) for _, query in BY_DECLARED]
    missed = [query for (field, query), plan in zip(BY_DECLARED, plans, strict=True) if names[field] not in plan]
    assert missed == []


async def test_everything_else_uses_the_indexes_that_every_project_has(connections, jobs):
    plans = [await plan_of(connections, jobs, asked(query)) for _, query in BY_TABLE]
    assert [query for (name, query), plan in zip(BY_TABLE, plans, strict=True) if name not in plan] == []


async def test_a_later_page_begins_in_the_index_where_the_one_before_ended(connections, jobs):
    async with connections.connection_to(jobs) as connection:
        types = await type_list(connection)
        first = await Page(jobs, connection, parse_query(Query(schema_name="job"), types)).read()
    plan = await plan_of(connections, jobs, Query(schema_name="job", cursor=first.next_cursor))
    assert "entities_by_schema" in plan
    assert "updated_at <= " in plan.partition("Index Cond")[2].partition("Filter")[0]
