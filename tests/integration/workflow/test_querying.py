"""Entities are found by their fields, by words and by meaning, page after page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moorage.workflow.errors import InvalidCursor, InvalidFilter
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.querying import pages
from moorage.workflow.querying.models import Query
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
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


async def pages_of(workflow, project, **query) -> list[list[str]]:
    """Return the keys of every page."""
    pages, cursor = [], None
    while True:
        result = await workflow.queries.query(project.name, Query(cursor=cursor, **query))
        pages.append([each["key"] for each in result.entities])
        cursor = result.next_cursor
        if cursor is None:
            return pages


ORDERS = [
    (("@created_at",), ["T-1", "T-2", "T-3"]),
    (("-@key",), ["T-3", "T-2", "T-1"]),
    (("title",), ["T-1", "T-3", "T-2"]),
    (("priority",), ["T-1", "T-2", "T-3"]),
    (("-priority",), ["T-2", "T-1", "T-3"]),
    (("due_date",), ["T-2", "T-3", "T-1"]),
    (("-due_date",), ["T-3", "T-2", "T-1"]),
    (("status", "-title"), ["T-3", "T-2", "T-1"]),
    (("-status", "title"), ["T-1", "T-2", "T-3"]),
    (("tags", "@key"), ["T-1", "T-2", "T-3"]),
    (("updated_at",), ["T-1", "T-2", "T-3"]),
]


@pytest.mark.parametrize(("sort", "found"), ORDERS)
@pytest.mark.parametrize("schema_name", ["task", None])
async def test_an_order_is_kept_over_pages_and_what_has_no_value_comes_last(
    workflow, project, schema_name, sort, found
):
    pages = await pages_of(workflow, project, schema_name=schema_name, sort=sort, limit=1)
    assert pages == [[each] for each in found]


async def test_pages_lose_and_repeat_nothing_while_others_write(workflow, project):
    made = [await make_task(workflow, project.name, f"Task {number % 3}") for number in range(12)]
    seen, cursor = [], None
    for page in range(20):
        query = Query(
            schema_name="task", filters={"title": {"prefix": "Task"}}, sort=("title",), limit=2, cursor=cursor
        )
        result = await workflow.queries.query(project.name, query)
        seen += [each["key"] for each in result.entities]
        cursor = result.next_cursor
        if cursor is None:
            break
        await make_task(workflow, project.name, "Task" if page % 2 else "Task 0")
    assert len(seen) == len(set(seen))
    assert {each.key for each in made} <= set(seen)


async def test_a_cursor_of_another_query_is_refused(workflow, project):
    first = await workflow.queries.query(project.name, Query(limit=1))
    for other in (Query(limit=1, sort=("title",)), Query(filters={"status": "pending"}), Query(schema_name="task")):
        with pytest.raises(InvalidCursor):
            await workflow.queries.query(project.name, replace(other, cursor=first.next_cursor))


async def test_a_cursor_serves_pages_of_another_length_and_view(workflow, project):
    first = await workflow.queries.query(project.name, Query(limit=1))
    rest = await workflow.queries.query(project.name, Query(limit=5, view="full", cursor=first.next_cursor))
    assert [each["data"]["title"] for each in rest.entities] == ["Paint the door", "Mend the roof"]


@pytest.mark.parametrize("cursor", ["", "1.W10.AAAA", "' OR 1 = 1 --", "\x00"])
async def test_a_cursor_that_is_none_is_refused(workflow, project, cursor):
    with pytest.raises(InvalidCursor):
        await workflow.queries.query(project.name, Query(cursor=cursor))


async def test_a_summary_tells_items_apart_and_a_projection_has_only_what_was_asked_for(workflow, project):
    query = Query(filters={"@key": "T-1"}, count=True)
    summary = await workflow.queries.query(project.name, query)
    assert (summary.total, summary.total_is_at_least, summary.next_cursor, summary.truncated) == (1, False, None, False)
    assert set(summary.entities[0]) == {"key", "schema_name", "title", "state", "version", "updated_at"}
    named = await workflow.queries.query(
        project.name, replace(query, fields=("status", "tags.0", "@version", "assignee"))
    )
    assert named.entities == ({"key": "T-1", "status": "pending", "tags.0": "house", "@version": 1},)


async def test_counting_ends_at_a_limit_and_says_so(workflow, project, monkeypatch):
    monkeypatch.setattr(pages, "MAX_COUNTED", 2)
    result = await workflow.queries.query(project.name, Query(count=True, limit=1))
    assert (result.total, result.total_is_at_least) == (2, True)


async def test_an_answer_that_would_be_too_large_is_cut_and_goes_on_with_the_cursor(workflow, project):
    for number in range(3):
        await make_task(workflow, project.name, f"Long {number}", description="x" * 20_000)
    query = Query(schema_name="task", view="full", filters={"title": {"prefix": "Long"}})
    first = await workflow.queries.query(project.name, query)
    assert ([each["title"] for each in first.entities], first.truncated) == (["Long 2"], True)
    second = await workflow.queries.query(project.name, replace(query, cursor=first.next_cursor))
    assert [each["title"] for each in second.entities] == ["Long 1"]


async def test_an_item_that_alone_is_too_large_is_shown_in_summary(workflow, project):
    await make_task(workflow, project.name, "Huge", description="x" * 100_000)
    result = await workflow.queries.query(project.name, Query(view="full", filters={"title": "Huge"}))
    assert (result.entities[0]["title"], result.entities[0]["left_out"]) == ("Huge", "too large")
    assert "get_entity" in result.notes[0]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("painting", ["T-2", "T-3"]),
        ('"mend the roof"', ["T-1"]),
        ("paint -door", ["T-3"]),
        ("roof or door", ["T-1", "T-2"]),
        ("paint " + "- " * 500 + "door", ["T-3"]),
    ],
)
async def test_words_find_items_in_any_form_the_best_match_first(workflow, project, search, found):
    assert sorted(await keys(workflow, project, search=search)) == found
    found_by_page = await pages_of(workflow, project, search=search, limit=1)
    assert sorted(key for page in found_by_page for key in page) == found


async def test_words_and_filters_hold_together(workflow, project):
    assert await keys(workflow, project, search="paint", filters={"status": "pending"}) == ["T-2"]


@pytest.mark.parametrize(
    "text", ["status' OR '1'='1", "a'); DROP TABLE workflow.entities; --", '"', "a\\'b", "$1", "/'/\\"]
)
async def test_a_name_or_value_with_sql_in_it_finds_nothing_and_breaks_nothing(workflow, project, text):
    service = workflow.queries
    open_type = {"type": "object", "properties": {"title": {"type": "string"}}}
    await workflow.types.register(project.name, "note", open_type)
    for operation in ({"eq": text}, {"contains": text}, {"prefix": text}, {"gt": text}, {"in": [text]}):
        query = Query(schema_name="note", filters={text: operation}, fields=(text,), sort=(text,))
        assert (await service.query(project.name, query)).entities == ()
        found = await service.query(project.name, Query(schema_name="task", filters={"title": text}, search=text))
        assert found.entities == ()
    assert len(await keys(workflow, project)) == 3


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"stauts": "pending"}, "Did you mean status?"),
        ({"status": {"equals": "pending"}}, "Operators: eq, in"),
        ({"status": {"$ne": "pending"}}, "Did you mean ne?"),
        ({"status": ["pending"]}, '{"in": [...]}'),
        ({"status": {}}, "Operators"),
        ({"status": {"gt": 3}}, ""),
        ({"status": {"contains": "pend"}}, "prefix"),
        ({"@stat": "pending"}, "Did you mean @state?"),
        ({"@version": "1"}, ""),
        ({"@updated_at": {"gt": "yesterday"}}, ""),
        ({"due_date": {"gt": "soon"}}, ""),
        ({"or": {"status": "pending"}}, '"or": ['),
        ({"and": []}, '"and": ['),
        ({"not": 1}, "status"),
        ({"title": "\x00"}, "places"),
        ({"tags": {"in": ["x"] * 201}}, ""),
        ({"": 1}, "Write"),
        ({"status": {"prefix": 1}}, ""),
        ({"@claimed_by": {"in": [None]}}, ""),
    ],
)
async def test_a_filter_that_cannot_be_is_refused_with_a_way_out(workflow, project, filters, said):
    with pytest.raises(InvalidFilter) as refused:
        await workflow.queries.query(project.name, Query(schema_name="task", filters=filters))
    assert said in refused.value.hint


async def test_a_filter_that_is_too_deep_or_too_large_is_refused(workflow, project):
    deep: dict = {"status": "pending"}
    for _ in range(10):
        deep = {"not": deep}
    for filters in (deep, {"or": [{"status": "pending"}] * 101}):
        with pytest.raises(InvalidFilter):
            await workflow.queries.query(project.name, Query(schema_name="task", filters=filters))


async def test_a_field_that_no_type_declares_is_looked_for_and_told_of(workflow, project):
    await workflow.types.register(project.name, "note", {"type": "object", "properties": {"owner": {"type": "string"}}})
    await workflow.entities.create(project.name, "note", {"onwer": "Ada"})
    result = await workflow.queries.query(project.name, Query(schema_name="note", filters={"onwer": "Ada"}))
    assert (len(result.entities), result.notes) == (1, ("No type declares onwer. Did you mean owner?",))


async def test_a_type_that_changed_elsewhere_is_looked_at_anew(workflow, project, connections):
    other = make_service(connections, WorkflowSettings())
    await keys(workflow, project, schema_name="task")
    shown = await other.types.get(project.name, "task")
    schema = {
        **shown.schema_definition,
        "properties": {**shown.schema_definition["properties"], "effort": {"type": "integer"}},
    }
    await other.evolution.evolve(project.name, "task", Evolution(schema_definition=schema), expected_version=1)
    assert await keys(workflow, project, schema_name="task", filters={"effort": {"gt": 1}}) == []


async def test_deleted_items_are_found_only_where_they_are_asked_for(workflow, project):
    await workflow.entities.delete(project.name, "T-2", expected_version=1)
    assert await keys(workflow, project) == ["T-3", "T-1"]
    assert await keys(workflow, project, filters={"@deleted": True}) == ["T-2"]
    assert sorted(await keys(workflow, project, filters={"@deleted": {"in": [True, False]}})) == ["T-1", "T-2", "T-3"]


@pytest.mark.parametrize(
    ("filters", "note"),
    [
        ({"priority": "urgent"}, 'priority is never "urgent"; it is one of "critical", "high", "medium", "low".'),
        (
            {"priority": {"not_in": ["low", 1]}},
            'priority is never 1; it is one of "critical", "high", "medium", "low".',
        ),
        ({"priority": "high", "title": "urgent", "@state": "urgent", "tags.0": "urgent"}, None),
    ],
)
async def test_a_value_that_no_entity_can_have_is_told(workflow, project, filters, note):
    for schema_name in ("task", None):
        result = await workflow.queries.query(project.name, Query(schema_name=schema_name, filters=filters))
        assert result.notes == (() if note is None else (note,))


async def test_values_that_another_type_leaves_open_are_not_told(workflow, project):
    await workflow.types.register(project.name, "note", {"type": "object"})
    assert (await workflow.queries.query(project.name, Query(filters={"priority": "urgent"}))).notes == ()
