"""Types change, and their entities with them."""

from __future__ import annotations

import pytest

from moorage.workflow.errors import ForceNeedsAsking
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.service import WorkflowService, make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.steps import Rename, SetDefault

NOTE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {
        "title": {"type": "string"},
        "owner": {"type": "string"},
        "status": {"enum": ["open", "shut"]},
    },
}
ASSIGNED = {
    **NOTE,
    "required": ["title", "assignee"],
    "properties": {"title": {"type": "string"}, "assignee": {"type": "string"}, "status": NOTE["properties"]["status"]},
}
STEPS = [
    Rename(step="rename", field="owner", to="assignee"),
    SetDefault(step="set_default", field="assignee", value="nobody"),
]


@pytest.fixture
async def service(connections, project) -> WorkflowService:
    made = make_service(connections, WorkflowSettings())
    await made.types.register(project.name, "note", NOTE)
    return made


async def make_notes(service: WorkflowService, project: str, count: int, **fields: str) -> list[str]:
    written = [await service.entities.create(project, "note", {"title": f"n{n}", **fields}) for n in range(count)]
    return [each.entity.key for each in written]


async def test_a_change_that_keeps_everything_valid_writes_no_entity(service, project):
    (key,) = await make_notes(service, project.name, 1)
    wider = {**NOTE, "properties": {**NOTE["properties"], "tags": {"type": "array"}}}
    evolved = await service.evolution.evolve(
        project.name, "note", Evolution(schema_definition=wider), expected_version=1
    )
    assert (evolved.version, evolved.change, evolved.migration) == (2, "compatible", None)
    entity = await service.entities.get(project.name, key)
    assert (entity.version, entity.schema_version) == (1, 1)


async def test_entities_are_brought_forward_by_steps(service, project):
    first, second = await make_notes(service, project.name, 2, owner="ann")
    asked = Evolution(schema_definition=ASSIGNED, steps=STEPS)
    evolved = await service.evolution.evolve(project.name, "note", asked, expected_version=1)
    assert evolved.migration is not None
    assert (evolved.migration.state, evolved.migration.migrated, evolved.migration.behind) == ("done", 2, 0)
    entity = await service.entities.get(project.name, first)
    assert entity.data == {"title": "n0", "assignee": "ann"}
    assert (entity.version, entity.schema_version) == (2, 2)


async def test_what_entities_would_not_satisfy_is_refused_and_they_are_named(service, project):
    (key,) = await make_notes(service, project.name, 1)
    with pytest.raises(ForceNeedsAsking, match=key) as refused:
        await service.evolution.evolve(project.name, "note", Evolution(schema_definition=ASSIGNED), expected_version=1)
    assert refused.value.details["entities"]["failing"] == 1
