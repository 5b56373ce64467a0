"""Work items on PostgreSQL servers that are not Moorage's own, straight and through a pooler in transaction mode."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.shape import Severity
from moorage.operations.doctor.examination import Doctor
from moorage.projects.service import ProjectService
from moorage.systems import House
from moorage.workflow.errors import EntityExists, StaleVersion
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.service import WorkflowService
from moorage.workflow.types.models import IndexedField, StateRules, TypeRules
from moorage.workflow.types.steps import SetDefault

WRITERS = 12
SCHEMA = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": {"type": "string"}, "status": {"enum": ["open", "shut"], "default": "open"}},
}
RULES = TypeRules(key_prefix="J", state=StateRules(final=["shut"]), indexes=[IndexedField(field="title", unique=True)])
GRADED = {
    **SCHEMA,
    "required": ["title", "grade"],
    "properties": {**SCHEMA["properties"], "grade": {"type": "integer"}},
}


@pytest.fixture
def workflow(house: House) -> WorkflowService:
    return house.opened["workflow"].service


@pytest.fixture
async def jobs(house: House, workflow: WorkflowService, name: str):
    """The name of a project with a type whose titles are unique by an index."""
    projects: ProjectService = house.ground.projects
    await projects.create(name, created_by="test")
    await workflow.types.register(name, "job", SCHEMA, rules=RULES)
    yield name
    await projects.delete(name, confirm=name, force=True)


async def make_jobs(workflow: WorkflowService, project: str, count: int) -> list[str]:
    """Create so many at once, and return their keys."""
    titles = [f"job {number}" for number in range(count)]
    made = await asyncio.gather(*(workflow.entities.create(project, "job", {"title": each}) for each in titles))
    return [each.entity.key for each in made]


async def test_one_of_many_writers_of_a_version_wins(workflow, jobs):
    (key,) = await make_jobs(workflow, jobs, 1)
    edits = [{"title": f"by {number}"} for number in range(WRITERS)]
    done = await asyncio.gather(
        *(workflow.entities.update(jobs, key, each, mode="merge", expected_version=1) for each in edits),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == [StaleVersion.__name__] * (WRITERS - 1) + ["WrittenEntity"]


async def test_claimers_at_once_get_items_of_their_own(workflow, jobs):
    keys = await make_jobs(workflow, jobs, WRITERS)
    claims = await asyncio.gather(*(workflow.work.claim(jobs) for _ in keys))
    assert sorted(each.work.entity.key for each in claims if each.work) == sorted(keys)


async def test_a_unique_index_is_built_and_refuses_what_is_there(workflow, jobs):
    await make_jobs(workflow, jobs, 1)
    with pytest.raises(EntityExists):
        await workflow.entities.create(jobs, "job", {"title": "job 0"})


async def test_a_type_evolves_under_its_writers_and_nothing_is_left_behind(house, workflow, jobs):
    await make_jobs(workflow, jobs, WRITERS)
    change = Evolution(schema_definition=GRADED, steps=[SetDefault(step="set_default", field="grade", value=1)])
    await asyncio.gather(
        workflow.evolution.evolve(jobs, "job", change, expected_version=1),
        *(workflow.entities.update(jobs, f"J-{n + 1}", {"status": "shut"}, mode="merge", force=True) for n in range(4)),
    )
    doctor = Doctor(house.ground.connections, house.opened["workflow"].diagnoses)
    assert [each.code for each in await doctor.examine(jobs) if each.severity is not Severity.INFO] == []
    answers = await asyncio.gather(*(workflow.entities.get(jobs, f"J-{n + 1}") for n in range(WRITERS)))
    assert {(each.schema_version, each.data["grade"]) for each in answers} == {(2, 1)}


async def test_a_reader_of_the_feed_gets_each_change_once(workflow, jobs):
    begun = (await workflow.feed.changes(jobs, "now")).next_cursor
    making = asyncio.create_task(make_jobs(workflow, jobs, WRITERS))
    keys, cursor = [], begun
    while len(keys) < WRITERS:
        page = await workflow.feed.changes(jobs, cursor, limit=3, wait_seconds=20)
        assert page.changes
        keys, cursor = [*keys, *(each.key for each in page.changes)], page.next_cursor
    assert sorted(keys) == sorted(await making)
