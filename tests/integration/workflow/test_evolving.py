"""Types change: what is refused, what is told, and what is remembered."""

from __future__ import annotations

import asyncio

import pytest

from moorage.workflow.errors import (
    BreakingChange,
    InvalidType,
    MigrationRunning,
    StaleVersion,
    TypeNotFound,
    VersionNotFound,
    VersionRequired,
)
from moorage.workflow.evolution.models import Change, Evolution
from moorage.workflow.types.models import StateRules, TypeRules
from tests.support.notes import (
    OWNED,
    STEPS,
    TO_ASSIGNED,
    Stopped,
    evolve,
    make_notes,
    stop,
    workflow_with_notes,
)

WIDER = Evolution(schema_definition={**OWNED, "properties": {**OWNED["properties"], "area": {"type": "string"}}})
NARROWER = Evolution(schema_definition={**OWNED, "required": ["title", "owner"]})


@pytest.fixture
async def service(connections, project):
    return await workflow_with_notes(connections, project.name)


async def test_a_change_that_keeps_everything_valid_writes_no_entity(service, connections, project):
    (note,) = await make_notes(connections, service, project.name)
    evolved = await evolve(service, project.name, WIDER)
    assert (evolved.version, evolved.change, evolved.entities, evolved.migration) == (2, "compatible", None, None)
    assert await service.entities.get(project.name, note.key) == note


async def test_a_try_names_the_entities_that_would_fail_and_writes_nothing(service, connections, project):
    notes = await make_notes(connections, service, project.name, 30)
    await make_notes(connections, service, project.name, owner="ada")
    tried = await service.evolution.try_out(project.name, "note", NARROWER)
    assert (tried.dry_run, tried.version, tried.change) == (True, 2, "needs_migration")
    assert [(each.pointer, each.change) for each in tried.reasons] == [
        ("/schema_definition/required", Change.NEEDS_MIGRATION)
    ]
    assert tried.entities is not None
    assert (tried.entities.checked, tried.entities.failing, len(tried.entities.shown)) == (31, 30, 20)
    assert {each.key for each in tried.entities.shown} <= {each.key for each in notes}
    assert [each.pointer for each in tried.entities.shown[0].problems] == ["/owner"]
    assert (await service.types.get(project.name, "note")).version == 1


async def test_a_try_shows_what_steps_would_mend(service, connections, project):
    await make_notes(connections, service, project.name)
    tried = await service.evolution.try_out(project.name, "note", TO_ASSIGNED)
    assert tried.entities is not None
    assert (tried.entities.checked, tried.entities.failing) == (1, 0)


async def test_a_change_that_entities_would_not_satisfy_is_refused_with_their_keys(service, connections, project):
    (note,) = await make_notes(connections, service, project.name)
    with pytest.raises(BreakingChange, match=f"1 of 1 entities would not satisfy it: {note.key}") as refused:
        await evolve(service, project.name, NARROWER)
    assert refused.value.details["entities"]["failing"] == 1
    assert (await service.types.get(project.name, "note")).version == 1


async def test_another_state_field_is_refused_though_all_entities_satisfy_it(service, connections, project):
    both = {**OWNED, "properties": {**OWNED["properties"], "stage": OWNED["properties"]["status"]}}
    await make_notes(connections, service, project.name)
    asked = Evolution(schema_definition=both, rules=TypeRules(state=StateRules(field="stage", final=["shut"])))
    with pytest.raises(BreakingChange, match="/rules/state/field the state is 'stage'"):
        await evolve(service, project.name, asked)
    evolved = await evolve(service, project.name, asked, accept_failing=True)
    assert (evolved.version, evolved.change) == (2, "breaking")


async def test_a_type_without_entities_changes_freely(service, project):
    assert (await evolve(service, project.name, NARROWER)).version == 2


async def test_a_property_that_becomes_required_takes_its_default(service, connections, project):
    (note,) = await make_notes(connections, service, project.name)
    properties = {**OWNED["properties"], "owner": {"type": "string", "default": "nobody"}}
    asked = Evolution(schema_definition={**OWNED, "required": ["title", "owner"], "properties": properties})
    evolved = await evolve(service, project.name, asked)
    assert evolved.migration is not None
    assert evolved.migration.state == "done"
    assert (await service.entities.get(project.name, note.key)).data == {"title": "note 0", "owner": "nobody"}


@pytest.mark.parametrize("field", ["", "x" * 600])
async def test_a_required_property_that_no_step_can_name_leaves_entities_behind_and_says_so(
    service, connections, project, field
):
    (note,) = await make_notes(connections, service, project.name)
    properties = {**OWNED["properties"], field: {"type": "string", "default": "x"}}
    asked = Evolution(schema_definition={**OWNED, "required": ["title", field], "properties": properties})
    tried = await service.evolution.try_out(project.name, "note", asked)
    assert tried.entities is not None
    assert [each.key for each in tried.entities.shown] == [note.key]


async def test_a_change_from_an_older_version_is_refused(service, project):
    await evolve(service, project.name, WIDER)
    with pytest.raises(StaleVersion, match="at version 2"):
        await evolve(service, project.name, NARROWER, expected_version=1)
    with pytest.raises(VersionRequired):
        await evolve(service, project.name, NARROWER, expected_version=None)


async def test_of_many_changes_from_one_version_one_wins(service, project):
    asked = [
        Evolution(schema_definition={**OWNED, "properties": {**OWNED["properties"], f"p{n}": {}}}) for n in range(6)
    ]
    changes = [service.evolution.evolve(project.name, "note", each, expected_version=1) for each in asked]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["EvolvedType"] + ["StaleVersion"] * 5


async def test_a_repeated_change_finds_the_type_as_it_wants_it(service, connections, project):
    await make_notes(connections, service, project.name, owner="ada")
    await evolve(service, project.name, TO_ASSIGNED)
    again = await evolve(service, project.name, TO_ASSIGNED, expected_version=1)
    assert (again.version, again.change) == (2, "same")
    assert again.migration is not None
    assert (again.migration.state, again.migration.migrated) == ("done", 1)


async def test_other_steps_for_the_same_schema_are_a_version_of_their_own(service, connections, project):
    (note,) = await make_notes(connections, service, project.name, owner="ada")
    steps = [each.model_copy(update={"field": "tags", "value": []}) for each in STEPS[1:]]
    evolved = await evolve(service, project.name, Evolution(steps=steps))
    assert (evolved.version, evolved.change) == (2, "same")
    assert (await service.entities.get(project.name, note.key)).data["tags"] == []


async def test_a_change_during_a_migration_is_refused_until_that_has_ended(service, connections, project):
    await make_notes(connections, service, project.name, owner="ada")
    with pytest.raises(Stopped):
        await evolve(service, project.name, TO_ASSIGNED, on_progress=stop)
    with pytest.raises(MigrationRunning, match="to version 2"):
        await evolve(service, project.name, Evolution(description="Notes of all kinds."))
    await service.evolution.migrate(project.name, "note")
    assert (await evolve(service, project.name, Evolution(description="Notes of all kinds."))).version == 3


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (Evolution(schema_definition={"type": "array"}), InvalidType),
        (Evolution(schema_definition={**OWNED, "$ref": "http://example.org/x"}), InvalidType),
        (Evolution(rules=TypeRules(key_prefix="OTHER")), InvalidType),
        (Evolution(rules=TypeRules(state=StateRules(field="absent"))), InvalidType),
    ],
)
async def test_what_cannot_be_a_type_is_refused_as_its_next_version(service, project, asked, error):
    with pytest.raises(error):
        await service.evolution.try_out(project.name, "note", asked)
    with pytest.raises(error):
        await evolve(service, project.name, asked)


async def test_a_type_that_is_not_there_is_told(service, project):
    calls = (
        service.evolution.try_out(project.name, "nothing", WIDER),
        service.evolution.evolve(project.name, "nothing", WIDER, expected_version=1),
        service.evolution.migrate(project.name, "nothing"),
        service.evolution.history(project.name, "nothing"),
    )
    for each in calls:
        with pytest.raises(TypeNotFound):
            await each


async def test_the_history_of_a_type_says_what_changed_and_how_its_migration_went(service, connections, project):
    await make_notes(connections, service, project.name, 2, owner="ada")
    await evolve(service, project.name, WIDER)
    await evolve(service, project.name, TO_ASSIGNED)
    found = await service.evolution.history(project.name, "note")
    assert [(each.version, each.change, each.migrated, each.migration_state) for each in found.versions] == [
        (3, "needs_migration", 2, "done"),
        (2, "compatible", None, None),
        (1, "first", None, None),
    ]
    assert [each.pointer for each in found.versions[1].reasons] == ["/schema_definition/properties/area"]
    assert found.versions[0].steps == [each.model_dump() for each in STEPS]
    (alone,) = (await service.evolution.history(project.name, "note", 1)).versions
    assert alone.schema_definition == OWNED
    with pytest.raises(VersionNotFound):
        await service.evolution.history(project.name, "note", 9)


async def test_a_change_of_a_type_stands_in_the_feed(service, connections, project):
    await evolve(service, project.name, WIDER)
    async with connections.get_project_connection(project.name) as connection:
        rows = await connection.fetch(
            "SELECT operation, version, detail FROM workflow.changes WHERE subject = 'type' ORDER BY txid, seq"
        )
    assert [tuple(each) for each in rows][1:] == [("evolve", 2, {"schema_name": "note", "change": "compatible"})]
