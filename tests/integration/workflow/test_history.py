"""Versions of entities, what lies between them, how things stood at a moment, and old versions written anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.errors import InvalidInput
from moorage.workflow.entities.models import Entity
from moorage.workflow.errors import (
    Claimed,
    EntityDeleted,
    EntityNotFound,
    InvalidCursor,
    InvalidEntity,
    StaleVersion,
    TypeNotFound,
    VersionNotFound,
    VersionRequired,
)
from moorage.workflow.history import service as history_service
from moorage.workflow.history.models import FieldChange
from moorage.workflow.service import WorkflowService
from tests.support.work_items import make_task, workflow_with_tasks

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
async def service(connections, project) -> WorkflowService:
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
async def task(service, project) -> Entity:
    return await make_task(service, project.name, "Mend the roof", priority="low")


@pytest.fixture
def change(service, project):
    """Writes the next version of an entity."""

    async def written(entity: Entity, **fields) -> Entity:
        done = await service.entities.update(
            project.name, entity.key, fields, mode="merge", expected_version=entity.version
        )
        return done.entity

    return written


async def test_each_version_has_its_actor_time_operation_and_patch_newest_first(service, project, task, change):
    with acting_as(Caller("ada", Scope.WRITE)):
        changed = await change(task, priority="high")
    deleted = (await service.entities.delete(project.name, task.key, expected_version=2)).entity
    history = await service.history.versions(project.name, task.key.lower())
    assert [(each.version, each.operation, each.created_at) for each in history.versions] == [
        (3, "delete", deleted.updated_at),
        (2, "update", changed.updated_at),
        (1, "create", task.created_at),
    ]
    assert (history.versions[1].created_by, history.versions[1].patch) == (
        "ada",
        [{"op": "replace", "path": "/priority", "value": "high"}],
    )
    assert (history.versions[2].patch, history.next_before) == (None, None)


async def test_versions_come_in_pages_by_their_numbers(service, project, task, change):
    for number in range(4):
        task = await change(task, title=f"Title {number}")
    first = await service.history.versions(project.name, task.key, limit=2)
    last = await service.history.versions(project.name, task.key, before=first.next_before, limit=3)
    assert [each.version for each in (*first.versions, *last.versions)] == [5, 4, 3, 2, 1]
    assert (first.next_before, last.next_before) == (4, None)


async def test_a_large_patch_is_left_out_of_the_list_and_said_to_be(service, project, task, change):
    await change(task, description="long " * 1000)
    newest = (await service.history.versions(project.name, task.key)).versions[0]
    assert (newest.patch, newest.patch_left_out) == (None, True)


async def test_a_version_is_the_whole_entity_as_it_was(service, project, task, change):
    await change(task, title="Other")
    first = await service.history.version(project.name, str(task.id), 1)
    assert (first.data, first.created_at, first.is_deleted) == (task.data, task.created_at, False)


async def test_a_version_that_never_was_is_refused_with_those_there_are(service, project, task):
    with pytest.raises(VersionNotFound, match="has no version 2") as refusal:
        await service.history.version(project.name, task.key, 2)
    assert refusal.value.hint == "Its versions are 1 to 1."


@pytest.mark.parametrize("version", [0, 2**31, 2**70])
async def test_a_number_that_no_version_can_have_is_refused(service, project, task, version):
    with pytest.raises(VersionNotFound):
        await service.history.diff(project.name, task.key, from_version=1, to_version=version or -1)


async def test_the_ends_of_time_are_moments_like_others(service, project, task):
    with pytest.raises(VersionNotFound):
        await service.history.as_of(project.name, task.key, datetime.min.replace(tzinfo=UTC))
    last = datetime.max.replace(tzinfo=UTC)
    assert (await service.history.as_of(project.name, task.key, last)).version == 1


async def test_the_history_of_nothing_is_refused(service, project):
    with pytest.raises(EntityNotFound):
        await service.history.versions(project.name, str(uuid4()))


async def test_a_diff_names_each_place_with_what_was_and_what_is(service, project, task, change):
    task = await change(task, title="Other", priority=None, tags=["roof"])
    diff = await service.history.diff(project.name, task.key)
    assert (diff.from_version, diff.to_version) == (1, 2)
    assert diff.changes == [
        FieldChange(pointer="/priority", change="removed", before="low"),
        FieldChange(pointer="/tags", change="added", after=["roof"]),
        FieldChange(pointer="/title", change="changed", before="Mend the roof", after="Other"),
    ]
    backwards = await service.history.diff(project.name, task.key, from_version=2, to_version=1)
    assert sorted(each["path"] for each in backwards.patch) == ["/priority", "/tags", "/title"]


async def test_a_diff_tells_numbers_from_truth_and_says_how_much_it_left_out(service, project, change, monkeypatch):
    await service.types.register(project.name, "note", {"type": "object"})
    note = (await service.entities.create(project.name, "note", {"a": 1, "b": 0, "c": {"d/e": None}})).entity
    await change(note, a=True, b=False, c={"d/e": [1]})
    diff = await service.history.diff(project.name, note.key)
    assert [each.pointer for each in diff.changes] == ["/a", "/b", "/c/d~1e"]
    monkeypatch.setattr(history_service, "SHOWN_CHANGES", 1)
    cut = await service.history.diff(project.name, note.key)
    assert (len(cut.changes), cut.changes_left_out) == (1, 2)


async def test_an_entity_is_shown_as_it_was_at_any_moment(service, project, task, change):
    changed = await change(task, title="Other")
    deleted = (await service.entities.delete(project.name, task.key, expected_version=2)).entity
    versions = {
        task.created_at: (1, False),
        changed.updated_at - TICK: (1, False),
        changed.updated_at: (2, False),
        deleted.updated_at - TICK: (2, False),
        deleted.updated_at: (3, True),
        datetime.now(UTC) + timedelta(days=1): (3, True),
    }
    for at, expected in versions.items():
        found = await service.history.as_of(project.name, task.key, at)
        assert (found.version, found.is_deleted) == expected
    with pytest.raises(VersionNotFound, match="was not there"):
        await service.history.as_of(project.name, task.key, task.created_at - TICK)


async def test_the_entities_of_a_type_are_listed_as_they_were_without_those_deleted_then(
    service, project, task, change
):
    other = await make_task(service, project.name, "Other")
    changed = await change(task, title="Changed")
    deleted = (await service.entities.delete(project.name, other.key, expected_version=1)).entity
    late = await make_task(service, project.name, "Late")

    async def titles(at: datetime) -> list[str]:
        page = await service.history.entities_as_of(project.name, "task", at)
        return sorted(each.data["title"] for each in page.entities)

    assert await titles(task.created_at - TICK) == []
    assert await titles(other.created_at) == ["Mend the roof", "Other"]
    assert await titles(changed.updated_at) == ["Changed", "Other"]
    assert await titles(deleted.deleted_at or LONG_AGO) == ["Changed"]
    assert await titles(late.created_at) == ["Changed", "Late"]


async def test_a_migration_of_a_deleted_entity_does_not_bring_it_back_in_the_past(service, connections, project, task):
    await service.entities.delete(project.name, task.key, expected_version=1)
    async with connections.connection_to(project) as connection:
        await connection.execute(
            "INSERT INTO workflow.entity_versions"
            " (entity_id, version, operation, schema_version, data, created_at, created_by)"
            " VALUES ($1, 3, 'migrate', 2, '{}', clock_timestamp(), 'test')",
            task.id,
        )
        await connection.execute("UPDATE workflow.entities SET version = 3")
    now = datetime.now(UTC)
    assert (await service.history.as_of(project.name, task.key, now)).is_deleted
    assert (await service.history.version(project.name, task.key, 3)).is_deleted
    assert (await service.history.entities_as_of(project.name, "task", now)).entities == []


async def test_past_entities_come_in_pages_whose_cursors_belong_to_their_question(service, project, task):
    others = [await make_task(service, project.name, f"Task {number}") for number in range(4)]
    at, seen, cursor = others[-1].created_at, [], None
    while True:
        page = await service.history.entities_as_of(project.name, "task", at, cursor=cursor, limit=2)
        seen += [each.key for each in page.entities]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert sorted(seen) == sorted(each.key for each in (task, *others))
    with pytest.raises(InvalidCursor):
        await service.history.entities_as_of(project.name, "task", at - TICK, cursor=cursor)


async def test_a_page_of_past_entities_ends_where_it_would_be_too_large(service, project, task, monkeypatch):
    monkeypatch.setattr(history_service, "MAX_PAGE_BYTES", 1)
    await make_task(service, project.name, "Other")
    page = await service.history.entities_as_of(project.name, "task", datetime.now(UTC))
    assert len(page.entities) == 1
    rest = await service.history.entities_as_of(project.name, "task", page.at, cursor=page.next_cursor)
    assert (len(rest.entities), rest.next_cursor) == (1, None)


async def test_the_past_of_a_type_that_is_not_there_is_refused(service, project):
    with pytest.raises(TypeNotFound):
        await service.history.entities_as_of(project.name, "tusk", LONG_AGO)


@pytest.mark.parametrize("which", [{}, {"version": 1, "at": LONG_AGO}, {"at": LONG_AGO.replace(tzinfo=None)}])
async def test_a_vague_question_about_the_past_is_refused(service, project, task, which):
    with pytest.raises(InvalidInput):
        await service.history.past(project.name, task.key, **which)


async def test_restoring_a_version_writes_its_data_as_a_new_one(service, project, task, change):
    changed = await change(task, title="Other", tags=["x"])
    written = await service.history.restore_version(
        project.name, task.key, 1, expected_version=changed.version, idempotency_key="k"
    )
    assert (written.entity.version, written.entity.data) == (3, task.data)
    again = await service.history.restore_version(
        project.name, task.key, 1, expected_version=changed.version, idempotency_key="k"
    )
    assert (again.repeated, again.entity.version) == (True, 3)
    operations = [each.operation for each in (await service.history.versions(project.name, task.key)).versions]
    assert operations == ["update", "update", "create"]


async def test_restoring_a_version_names_what_its_caller_saw(service, project, task, change):
    await change(task, title="Other")
    with pytest.raises(VersionRequired):
        await service.history.restore_version(project.name, task.key, 1)
    with pytest.raises(StaleVersion):
        await service.history.restore_version(project.name, task.key, 1, expected_version=1)
    assert (await service.history.restore_version(project.name, task.key, 1, force=True)).entity.data == task.data


async def test_an_old_version_that_the_type_no_longer_allows_is_not_restored(
    service, connections, project, task, change
):
    await change(task, title="Other")
    async with connections.connection_to(project) as connection:
        await connection.execute(
            """UPDATE workflow.entity_versions SET data = '{"title": "", "status": "pending"}' WHERE version = 1"""
        )
    with pytest.raises(InvalidEntity):
        await service.history.restore_version(project.name, task.key, 1, expected_version=2)


async def test_what_others_hold_or_have_deleted_is_not_restored_to_an_old_version(
    service, connections, project, task, change
):
    await change(task, title="Other")
    async with connections.connection_to(project) as connection:
        claim = "INSERT INTO workflow.claims (entity_id, holder, expires_at) VALUES ($1, 'ada', now() + '1 hour')"
        await connection.execute(claim, task.id)
        with pytest.raises(Claimed):
            await service.history.restore_version(project.name, task.key, 1, expected_version=2)
        await connection.execute("DELETE FROM workflow.claims")
    await service.entities.delete(project.name, task.key, expected_version=2)
    with pytest.raises(EntityDeleted):
        await service.history.restore_version(project.name, task.key, 1, expected_version=3)
