"""Entities follow their type: in batches that may end anywhere, beside those who write them meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from moorage.core.shape import Severity
from moorage.workflow.errors import ClaimLost, InvalidEntity, PatchFailed, StepsFailed, TransitionRefused
from moorage.workflow.evolution import store
from moorage.workflow.evolution.diagnosing import STANDS_STILL, EvolutionDiagnoses
from moorage.workflow.evolution.migration import BATCH_ENTITIES
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.models import IndexedField, StateRules, TypeRules
from moorage.workflow.types.steps import Convert, MapValues, Set
from tests.support.migrating_process import migrating_process
from tests.support.notes import (
    ASSIGNED,
    OWNED,
    RENAME,
    RULES,
    STEPS,
    TO_ASSIGNED,
    Stopped,
    evolve,
    make_notes,
    stop,
    workflow_with_notes,
)

# Of a change that leaves notes without an owner behind.
STRICT = Evolution(schema_definition=ASSIGNED, steps=[RENAME])


@pytest.fixture
async def service(connections, project):
    return await workflow_with_notes(connections, project.name)


async def operations_on(connections, project) -> Mapping[str, list[str]]:
    """Return what was done to each entity, in order."""
    async with connections.get_project_connection(project.name) as connection:
        rows = await connection.fetch(
            "SELECT entity_id, array_agg(operation ORDER BY version) AS operations"
            " FROM workflow.entity_versions GROUP BY entity_id"
        )
    return {str(row["entity_id"]): row["operations"] for row in rows}


async def changed_by(service, project, key: str, data: Any, **options: Any):
    return (await service.entities.update(project.name, key, data, force=True, **options)).entity


async def test_steps_bring_entities_forward_with_a_version_each(service, connections, project):
    (note,) = await make_notes(connections, service, project.name, owner="ada", status="open")
    evolved = await evolve(service, project.name, TO_ASSIGNED)
    assert evolved.migration is not None
    assert (evolved.migration.state, evolved.migration.migrated, evolved.migration.behind) == ("done", 1, 0)
    now = await service.entities.get(project.name, note.key)
    assert now.data == {"title": "note 0", "assignee": "ada", "status": "open"}
    assert (now.version, now.schema_version) == (2, 2)
    (last, _) = (await service.history.versions(project.name, note.key)).versions
    assert (last.operation, last.schema_version) == ("migrate", 2)


async def test_entities_that_fit_as_they_are_get_no_new_version(service, connections, project):
    (note,) = await make_notes(connections, service, project.name, owner="ada")
    evolved = await evolve(service, project.name, Evolution({**OWNED, "required": ["title", "owner"]}))
    assert evolved.migration is not None
    assert (evolved.change, evolved.migration.migrated) == ("needs_migration", 1)
    now = await service.entities.get(project.name, note.key)
    assert (now.version, now.schema_version, now.updated_at) == (1, 2, note.updated_at)


async def test_a_killed_migration_goes_on_and_touches_no_entity_twice(service, connections, project, address):
    count = BATCH_ENTITIES + 30
    await make_notes(connections, service, project.name, count, owner="ada")
    async with migrating_process(address, project.name) as process:
        process.kill()
    async with connections.get_project_connection(project.name) as connection:
        left = await store.migration_latest(connection, "note")
    assert left is not None
    assert (left.state, left.migrated) == ("running", BATCH_ENTITIES)
    other = make_service(connections, WorkflowSettings())
    finished = (await other.evolution.migrate(project.name, "note")).migration
    assert finished is not None
    assert (finished.state, finished.migrated, finished.behind) == ("done", count, 0)
    assert set(map(tuple, (await operations_on(connections, project)).values())) == {("create", "migrate")}


async def test_two_that_migrate_the_same_type_take_turns(service, connections, project):
    count = 2 * BATCH_ENTITIES + 30
    await make_notes(connections, service, project.name, count, owner="ada")
    with pytest.raises(Stopped):
        await evolve(service, project.name, TO_ASSIGNED, on_progress=stop)
    others = [make_service(connections, WorkflowSettings()) for _ in range(3)]
    await asyncio.gather(*(each.evolution.migrate(project.name, "note") for each in others))
    migration = (await service.evolution.migrate(project.name, "note")).migration
    assert migration is not None
    assert (migration.state, migration.migrated) == ("done", count)
    assert set(map(tuple, (await operations_on(connections, project)).values())) == {("create", "migrate")}


async def test_entities_that_cannot_follow_are_named_and_finished_once_they_are_mended(service, connections, project):
    await make_notes(connections, service, project.name, 3, owner="ada")
    (lost,) = await make_notes(connections, service, project.name)
    migration = (await evolve(service, project.name, STRICT, accept_failing=True)).migration
    assert migration is not None
    assert (migration.state, migration.migrated, migration.behind) == ("failed", 3, 1)
    assert [each.key for each in migration.failing] == [lost.key]
    still = (await service.evolution.migrate(project.name, "note")).migration
    assert still is not None
    assert (still.state, still.migrated) == ("failed", 3)
    await changed_by(service, project, lost.key, {"assignee": "bob"}, mode="merge")
    mended = (await service.evolution.migrate(project.name, "note")).migration
    assert mended is not None
    assert (mended.state, mended.migrated, mended.behind) == ("done", 3, 0)


async def test_what_one_migration_left_behind_goes_through_the_steps_of_the_next_as_well(service, connections, project):
    (kept,) = await make_notes(connections, service, project.name, owner="ada", status="open")
    (lost,) = await make_notes(connections, service, project.name, status="open")
    await evolve(service, project.name, STRICT, accept_failing=True)
    steps = [STEPS[1], MapValues(step="map_values", field="status", values={"open": "review"})]
    migration = (await evolve(service, project.name, Evolution(steps=steps))).migration
    assert migration is not None
    assert migration.state == "done"
    assert (await service.entities.get(project.name, kept.key)).data["assignee"] == "ada"
    now = await service.entities.get(project.name, lost.key)
    assert (now.data, now.version, now.schema_version) == (
        {"title": "note 0", "assignee": "nobody", "status": "review"}, 2, 3,
    )  # fmt: skip
    assert [each.migration_state for each in (await service.evolution.history(project.name, "note")).versions] == [
        "done", "done", None,
    ]  # fmt: skip


async def test_the_columns_of_entities_follow_new_rules(service, connections, project):
    (note,) = await make_notes(connections, service, project.name, status="review")
    assert note.is_open
    rules = TypeRules(state=StateRules(final=["shut", "review"]))
    evolved = await evolve(service, project.name, Evolution(rules=rules))
    assert (evolved.change, evolved.entities) == ("compatible", None)
    now = await service.entities.get(project.name, note.key)
    assert (now.is_open, now.version, now.data) == (False, 2, note.data)


async def test_a_claim_outlives_a_migration_unless_that_ends_the_work(service, connections, project):
    (note,) = await make_notes(connections, service, project.name, owner="ada", status="review")
    claim = await service.work.claim(project.name, note.key)
    await evolve(service, project.name, TO_ASSIGNED)
    write = {"mode": "merge", "expected_version": 2, "claim_token": claim.claim_token}
    await service.entities.update(project.name, note.key, {"tags": ["x"]}, **write)
    await evolve(service, project.name, Evolution(rules=TypeRules(state=StateRules(final=["shut", "review"]))))
    with pytest.raises(ClaimLost):
        await service.entities.update(project.name, note.key, {"tags": []}, **{**write, "expected_version": 4})


async def test_a_compatible_change_tells_nothing_of_what_an_earlier_one_left_behind(service, connections, project):
    (lost,) = await make_notes(connections, service, project.name)
    await evolve(service, project.name, STRICT, accept_failing=True)
    evolved = await evolve(service, project.name, Evolution(description="Notes of all kinds."))
    assert (evolved.version, evolved.migration) == (3, None)
    await changed_by(service, project, lost.key, {"assignee": "bob"}, mode="merge")
    migration = (await service.evolution.migrate(project.name, "note")).migration
    assert migration is not None
    assert (migration.to_version, migration.state) == (2, "done")


async def test_a_value_that_must_be_its_own_fails_alone(service, connections, project):
    rules = TypeRules(state=RULES.state, indexes=[IndexedField(field="title", unique=True)])
    await evolve(service, project.name, Evolution(rules=rules))
    await make_notes(connections, service, project.name, 5)
    steps = [
        MapValues(step="map_values", field="title", values={"note 3": "note 1"}),
        Set(step="set", field="tags", value=[]),
    ]
    migration = (await evolve(service, project.name, Evolution(steps=steps))).migration
    assert migration is not None
    assert (migration.state, migration.migrated, migration.behind) == ("failed", 4, 1)
    assert "note 1" in migration.failing[0].problems[0].message


async def test_a_writer_with_the_old_type_repeats_with_the_new_one(service, connections, project):
    other = make_service(connections, WorkflowSettings())
    (note,) = await make_notes(connections, service, project.name, owner="ada")
    await other.entities.update(project.name, note.key, {"status": "open"}, mode="merge", expected_version=1)
    await evolve(service, project.name, TO_ASSIGNED)
    with pytest.raises(InvalidEntity):
        await other.entities.create(project.name, "note", {"title": "x", "owner": "ada"})
    written = await changed_by(other, project, note.key, {"status": "shut"}, mode="merge")
    assert written.data == {"title": "note 0", "assignee": "ada", "status": "shut"}
    assert (written.version, written.schema_version) == (4, 2)


async def waiting_note(service, connections, project, **fields: str) -> str:
    """Return the key of a note that its migration has not reached."""
    notes = await make_notes(connections, service, project.name, BATCH_ENTITIES + 1, owner="ada", **fields)
    with pytest.raises(Stopped):
        await evolve(service, project.name, TO_ASSIGNED, on_progress=stop)
    return max(notes, key=lambda each: each.id).key


async def test_a_write_brings_an_entity_forward_first(service, connections, project):
    key = await waiting_note(service, connections, project)
    before = await service.entities.get(project.name, key)
    assert (before.schema_version, before.data) == (1, {"title": before.title, "owner": "ada"})
    written = await changed_by(service, project, key, {"status": "open"}, mode="merge")
    assert written.data == {"title": before.title, "assignee": "ada", "status": "open"}
    assert (written.version, written.schema_version) == (2, 2)
    await service.evolution.migrate(project.name, "note")
    assert await service.entities.get(project.name, key) == written


async def test_a_patch_of_an_entity_that_waits_is_one_of_the_new_shape(service, connections, project):
    key = await waiting_note(service, connections, project)
    with pytest.raises(PatchFailed):
        await changed_by(service, project, key, [{"op": "replace", "path": "/owner", "value": "bob"}], mode="patch")
    patch = [{"op": "replace", "path": "/assignee", "value": "bob"}]
    assert (await changed_by(service, project, key, patch, mode="patch")).data["assignee"] == "bob"


async def test_a_batch_brings_entities_forward_as_a_single_write_does(service, connections, project):
    key = await waiting_note(service, connections, project)
    operation = {"op": "update", "entity_id": key, "mode": "merge", "data": {"status": "open"}, "force": True}
    await service.batches.apply(project.name, [operation])
    now = await service.entities.get(project.name, key)
    assert (now.data["assignee"], now.schema_version) == ("ada", 2)


async def test_what_waits_may_be_deleted_and_comes_back_brought_forward(service, connections, project):
    key = await waiting_note(service, connections, project)
    deleted = (await service.entities.delete(project.name, key, force=True)).entity
    assert deleted.schema_version == 1
    migration = (await service.evolution.migrate(project.name, "note")).migration
    assert migration is not None
    assert migration.state == "done"
    restored = (await service.entities.restore(project.name, key, force=True)).entity
    assert (restored.data["assignee"], restored.schema_version) == ("ada", 2)


async def test_an_old_version_is_restored_in_the_shape_of_now(service, connections, project):
    (note,) = await make_notes(connections, service, project.name, owner="ada")
    await evolve(service, project.name, TO_ASSIGNED)
    await changed_by(service, project, note.key, {"assignee": "bob"}, mode="merge")
    restored = (await service.history.restore_version(project.name, note.key, 1, force=True)).entity
    assert restored.data == {"title": "note 0", "assignee": "ada"}


async def test_a_state_is_judged_by_its_new_name(service, connections, project):
    key = await waiting_note(service, connections, project, status="open")
    await service.evolution.migrate(project.name, "note")
    moves = TypeRules(state=StateRules(final=["shut"], transitions={"review": ["shut"], "open": ["review"]}))
    steps = [MapValues(step="map_values", field="status", values={"open": "review"})]
    with pytest.raises(Stopped):
        await evolve(service, project.name, Evolution(rules=moves, steps=steps), on_progress=stop)
    with pytest.raises(TransitionRefused):
        await changed_by(service, project, key, {"status": "open"}, mode="merge")
    assert (await changed_by(service, project, key, {"status": "shut"}, mode="merge")).state == "shut"


async def test_what_steps_do_not_fit_is_mended_by_whole_data_alone(service, connections, project):
    (note,) = await make_notes(connections, service, project.name)
    numbered = {**OWNED, "properties": {**OWNED["properties"], "title": {"type": "integer"}}}
    asked = Evolution(numbered, steps=[Convert(step="convert", field="title", to="integer")])
    await evolve(service, project.name, asked, accept_failing=True)
    with pytest.raises(StepsFailed, match="'title' cannot become integer"):
        await changed_by(service, project, note.key, {"status": "open"}, mode="merge")
    assert (await changed_by(service, project, note.key, {"title": 7})).schema_version == 2


async def test_eight_writers_and_changes_of_the_type_all_come_to_an_end(service, connections, project):
    notes = await make_notes(connections, service, project.name, 8)
    services = [make_service(connections, WorkflowSettings()) for _ in notes]

    async def write(number: int) -> None:
        for turn in range(12):
            each = notes[(number + turn) % len(notes)]
            await changed_by(services[number], project, each.key, {"tags": [f"{number} {turn}"]}, mode="merge")

    async def change() -> None:
        for turn in range(5):
            steps = [Set(step="set", field="owner", value=f"owner {turn}")]
            await evolve(service, project.name, Evolution(steps=steps))

    async with asyncio.timeout(60):
        await asyncio.gather(*(write(number) for number in range(8)), change())
    now = [await service.entities.get(project.name, each.key) for each in notes]
    assert [(each.data["owner"], each.schema_version) for each in now] == [("owner 4", 6)] * 8


async def test_progress_is_told_after_each_batch(service, connections, project):
    await make_notes(connections, service, project.name, BATCH_ENTITIES + 3, owner="ada")
    told = []

    async def tell(done: int, total: int) -> None:
        told.append((done, total))

    await evolve(service, project.name, TO_ASSIGNED, on_progress=tell)
    assert told == [(BATCH_ENTITIES, BATCH_ENTITIES + 3), (BATCH_ENTITIES + 3, BATCH_ENTITIES + 3)]


async def test_the_doctor_finds_a_migration_that_stands_still_and_goes_on_with_it(service, connections, project):
    await waiting_note(service, connections, project)
    diagnose = EvolutionDiagnoses(service.evolution).migrations
    async with connections.get_project_connection(project.name) as connection:
        assert await diagnose(project.name, connection) == []
        await connection.execute(
            "UPDATE workflow.schema_migrations SET updated_at = updated_at - $1::interval", 2 * STANDS_STILL
        )
        (finding,) = await diagnose(project.name, connection)
    assert (finding.code, finding.severity) == ("migration_stands_still", Severity.WARNING)
    assert "1 entities are behind" in finding.message
    assert finding.mend is not None
    await finding.mend()
    async with connections.get_project_connection(project.name) as connection:
        assert await diagnose(project.name, connection) == []
        assert await store.migration_unended(connection, longer_than=timedelta()) == []


async def test_the_doctor_names_entities_that_were_left_behind(service, connections, project):
    (note,) = await make_notes(connections, service, project.name)
    await evolve(service, project.name, STRICT, accept_failing=True)
    async with connections.get_project_connection(project.name) as connection:
        (finding,) = await EvolutionDiagnoses(service.evolution).migrations(project.name, connection)
    assert (finding.code, finding.mend) == ("entities_behind", None)
    assert note.key in finding.message
