"""Entities are found by what they mean, with pgvector and without it."""

from __future__ import annotations

import pytest

from moorage.workflow.querying import meaning
from moorage.workflow.querying.models import Query
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from tests.support.gated_embedder import GatedEmbedder
from tests.support.work_items import make_task, workflow_with_tasks

TITLES = ("Authenticate callers by token", "Paint the garden fence", "Refuse a token that has ended", "Cook soup")


@pytest.fixture(params=["pgvector", "without pgvector"])
async def workflow(request, connections, project):
    service = await workflow_with_tasks(connections, project.name)
    for title in TITLES:
        await make_task(service, project.name, title)
    if request.param == "without pgvector":
        async with connections.connection_to(project) as connection:
            await connection.execute("DROP EXTENSION IF EXISTS vector CASCADE")
    return service


async def titles(workflow, project, **query) -> list[str]:
    result = await workflow.queries.query(project.name, Query(**query))
    return [each["title"] for each in result.entities]


async def test_what_is_alike_comes_first(workflow, project):
    found = await titles(workflow, project, meaning="tokens of authentication")
    assert set(found[:2]) == {TITLES[0], TITLES[2]}
    assert set(found) == set(TITLES)


async def test_pages_by_meaning_follow_each_other(workflow, project):
    whole = await titles(workflow, project, meaning="a fence of tokens")
    paged, cursor = [], None
    for _ in TITLES:
        query = Query(meaning="a fence of tokens", limit=1, cursor=cursor)
        result = await workflow.queries.query(project.name, query)
        paged += [each["title"] for each in result.entities]
        cursor = result.next_cursor
    assert (paged, cursor) == (whole, None)


async def test_meaning_and_filters_and_words_hold_together(workflow, project):
    assert await titles(workflow, project, meaning="soup", filters={"title": {"prefix": "Auth"}}) == [TITLES[0]]
    assert await titles(workflow, project, meaning="soup", search="fence", schema_name="task") == [TITLES[1]]


async def test_a_changed_item_is_found_by_what_it_says_now(workflow, project):
    await titles(workflow, project, meaning="soup")
    await workflow.entities.update(project.name, "T-4", {"title": "Sharpen pencils"}, mode="merge", expected_version=1)
    assert (await titles(workflow, project, meaning="pencil sharpener"))[0] == "Sharpen pencils"


async def test_only_what_changed_is_embedded_again(connections, project):
    embedder = GatedEmbedder(hold_at=1_000)
    workflow = make_service(connections, WorkflowSettings(), embedder)
    await workflow.types.register(project.name, "task")
    for title in TITLES:
        await make_task(workflow, project.name, title)
    await titles(workflow, project, meaning="soup")
    await make_task(workflow, project.name, "One more")
    await titles(workflow, project, meaning="soup")
    assert embedder.texts == len(TITLES) + 1


async def test_vectors_of_another_model_are_not_compared_but_made_anew(workflow, connections, project):
    await titles(workflow, project, meaning="soup")
    other = make_service(connections, WorkflowSettings(), GatedEmbedder(hold_at=1_000, model="another"))
    assert (await titles(other, project, meaning="cooking a soup"))[0] == "Cook soup"


async def test_what_is_not_embedded_in_time_is_told_and_done_by_later_queries(workflow, project, monkeypatch):
    monkeypatch.setattr(meaning, "EMBEDDED_AT_ONCE", 3)
    monkeypatch.setattr(meaning, "EMBEDDING_SECONDS", -1.0)
    first = await workflow.queries.query(project.name, Query(meaning="soup"))
    assert first.entities == ()
    assert "Not everything is embedded yet" in first.notes[0]
    monkeypatch.undo()
    second = await workflow.queries.query(project.name, Query(meaning="soup"))
    assert (len(second.entities), second.notes) == (4, ())


async def test_an_archived_project_is_searched_as_far_as_it_was_embedded(workflow, project, projects):
    await titles(workflow, project, meaning="soup")
    await make_task(workflow, project.name, "One more")
    await projects.lifecycle.archive(project.name)
    result = await workflow.queries.query(project.name, Query(meaning="soup"))
    assert (len(result.entities), len(result.notes)) == (4, 1)
