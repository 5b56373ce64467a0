"""Entities are found by their fields, by words and by meaning, page after page."""

from __future__ import annotations

import pytest

from moorage.workflow.errors import InvalidCursor, InvalidFilter
from moorage.workflow.querying.models import Query, QueryResult
from tests.support.work_items import make_task, workflow_with_tasks


@pytest.fixture
async def workflow(connections, project):
    """Services, and three tasks."""
    service = await workflow_with_tasks(connections, project.name)
    await make_task(service, project.name, "Mend the roof", priority="high", tags=["house", "urgent"])
    await make_task(service, project.name, "Paint the door", priority="low", due_date="2026-12-01T00:00:00Z")
    await make_task(service, project.name, "Order paint", status="completed", due_date="2026-11-30T23:30:00-01:00")
    return service


async def keys(workflow, project, **query) -> list[str]:
    result = await workflow.queries.query(project.name, Query(**query))
    return [each["key"] for each in result.entities]


async def test_without_filters_all_come_the_newest_change_first(workflow, project):
    assert await keys(workflow, project) == ["T-3", "T-2", "T-1"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "pending"}, ["T-2", "T-1"]),
        ({"status": {"ne": "pending"}}, ["T-3"]),
        ({"priority": {"in": ["high", "critical"]}}, ["T-1"]),
        ({"priority": {"not_in": ["high"]}}, ["T-3", "T-2"]),
        ({"tags": {"contains": "house"}}, ["T-1"]),
        ({"tags": {"contains": ["urgent", "house"]}}, ["T-1"]),
        ({"tags.1": "urgent"}, ["T-1"]),
        ({"title": {"prefix": "Paint"}}, ["T-2"]),
        ({"due_date": {"exists": True}}, ["T-3", "T-2"]),
        ({"due_date": {"gt": "2026-12-01"}}, ["T-3"]),
        ({"due_date": {"lte": "2026-12-01T01:00:00+01:00"}}, ["T-2"]),
        ({"due_date": "2026-12-01T00:30:00Z"}, ["T-3"]),
        ({"or": [{"priority": "low"}, {"status": "completed"}]}, ["T-3", "T-2"]),
        ({"not": {"priority": "low"}}, ["T-3", "T-1"]),
        ({"@open": True, "priority": "low"}, ["T-2"]),
        ({"@key": {"in": ["T-1", "T-3"]}}, ["T-3", "T-1"]),
        ({"@claimed_by": {"exists": False}}, ["T-3", "T-2", "T-1"]),
        ({"@updated_at": {"gt": "2020-01-01"}}, ["T-3", "T-2", "T-1"]),
        ({"@deleted": True}, []),
        ({"@title": {"gte": "P"}}, ["T-2"]),
    ],
)
@pytest.mark.parametrize("schema_name", ["task", None])
async def test_a_filter_finds_what_it_says(workflow, project, schema_name, filters, found):
    assert await keys(workflow, project, schema_name=schema_name, filters=filters) == found
