"""Entities created, changed, deleted and restored, as one caller sees it."""

from __future__ import annotations

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import (
    EntityDeleted,
    EntityExists,
    EntityNotFound,
    InvalidEntity,
    PatchFailed,
    StaleVersion,
    TransitionRefused,
    VersionRequired,
)
from moorage.workflow.patches import patched
from moorage.workflow.types.models import IndexedField, TypeRules
from tests.support.work_items import make_task, workflow_with_tasks


@pytest.fixture
async def service(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
async def task(service, project):
    return await make_task(service, project.name, priority="low", tags=["a"])


async def test_a_new_entity_has_the_defaults_of_its_type_a_key_and_version_one(service, project):
    entity = await make_task(service, project.name, "Mend the roof")
    assert entity.data == {"title": "Mend the roof", "status": "pending"}
    assert (entity.version, entity.state, entity.is_open, entity.deleted_at) == (1, "pending", True, None)
    assert await service.entities.get(project.name, entity.key.lower()) == entity


async def test_replacing_leaves_nothing_of_the_old_data(service, project, task):
    data = {"title": "Other", "status": "completed"}
    written = await service.entities.update(project.name, task.key, data, expected_version=1)
    assert (written.entity.data, written.entity.version, written.entity.is_open) == (data, 2, False)


async def test_merging_changes_what_is_named_and_null_removes(service, project, task):
    merge = {"status": "in_progress", "priority": None}
    written = await service.entities.update(project.name, task.key, merge, mode="merge", expected_version=1)
    assert written.entity.data == {"title": task.title, "status": "in_progress", "tags": ["a"]}


async def test_patching_applies_its_operations_in_turn(service, project, task):
    operations = [{"op": "test", "path": "/priority", "value": "low"}, {"op": "add", "path": "/tags/-", "value": "b"}]
    written = await service.entities.update(project.name, task.key, operations, mode="patch", expected_version=1)
    assert written.entity.data["tags"] == ["a", "b"]


async def test_a_patch_that_does_not_fit_writes_nothing(service, project, task):
    operations = [
        {"op": "remove", "path": "/tags"},
        {"op": "test", "path": "/priority", "value": "high"},
    ]
    with pytest.raises(PatchFailed):
        await service.entities.update(project.name, task.key, operations, mode="patch", expected_version=1)
    assert await service.entities.get(project.name, task.key) == task


async def test_data_that_breaks_its_type_is_refused_with_every_place(service, project, task):
    with pytest.raises(InvalidEntity) as refused:
        await service.entities.update(
            project.name, task.key, {"title": "", "status": "lost"}, mode="merge", expected_version=1
        )
    assert {each["pointer"] for each in refused.value.details["problems"]} == {"/title", "/status"}


async def test_a_write_that_names_no_version_is_refused(service, project, task):
    with pytest.raises(VersionRequired):
        await service.entities.update(project.name, task.key, {"title": "x"}, mode="merge")
    with pytest.raises(VersionRequired):
        await service.entities.delete(project.name, task.key)
    with pytest.raises(VersionRequired):
        await service.entities.restore(project.name, task.key)


async def test_an_edit_that_changes_nothing_makes_no_version(service, project, task):
    written = await service.entities.update(project.name, task.key, dict(task.data), expected_version=1)
    assert (written.unchanged, written.entity) == (True, task)


async def test_true_in_the_place_of_one_is_a_change(service, project):
    schema = {"type": "object", "properties": {"n": {}}}
    await service.types.register(project.name, "anything", schema)
    made = (await service.entities.create(project.name, "anything", {"n": 1})).entity
    written = await service.entities.update(project.name, made.key, {"n": True}, expected_version=1)
    assert (written.unchanged, written.entity.data) == (False, {"n": True})


@pytest.mark.parametrize(("mode", "data"), [("replace", []), ("merge", []), ("patch", {}), ("append", {})])
async def test_data_that_does_not_fit_its_mode_is_refused(service, project, task, mode, data):
    with pytest.raises(InvalidInput, match=r"data|mode"):
        await service.entities.update(project.name, task.key, data, mode=mode, expected_version=1)


async def test_a_replacement_that_leaves_out_what_is_needed_is_told_of_the_mode_that_keeps_it(service, project, task):
    for data in ({"status": "in_progress"}, {"title": "Mend"}):
        with pytest.raises((InvalidEntity, TransitionRefused)) as refused:
            await service.entities.update(project.name, task.key, data, expected_version=1)
        assert "mode merge keeps it" in refused.value.hint
    with pytest.raises(InvalidEntity) as refused:
        await service.entities.update(project.name, task.key, {"title": 1}, mode="merge", expected_version=1)
    assert "merge" not in refused.value.hint


async def test_the_patches_of_its_versions_replay_to_the_data_it_has(service, project, connections):
    await service.types.register(project.name, "anything", {"type": "object"})
    documents = [
        {"a": 1},
        {"a": 1.5, "b/c": [1, {"~": None}]},
        {"b/c": [True, 1, {"~": 1e22}], "": "ü"},
        {},
        {"a": [[]]},
    ]
    key = (await service.entities.create(project.name, "anything", documents[0])).entity.key
    for version, each in enumerate(documents[1:], start=1):
        await service.entities.update(project.name, key, each, expected_version=version)
    async with connections.connection_to(project) as connection:
        rows = await connection.fetch("SELECT data, patch FROM workflow.entity_versions ORDER BY version")
    replayed = rows[0]["data"]
    for row in rows[1:]:
        replayed = patched(replayed, row["patch"])
        assert replayed == row["data"]
    assert replayed == (await service.entities.get(project.name, key)).data == documents[-1]


async def test_a_stale_write_of_a_field_that_others_changed_is_told_all_sides(service, project, task):
    await service.entities.update(project.name, task.key, {"status": "completed"}, mode="merge", expected_version=1)
    await service.entities.update(project.name, task.key, {"priority": None}, mode="merge", expected_version=2)
    with pytest.raises(StaleVersion, match=r"T-1 is at version 3, not 1: .* both of you changed /status") as refused:
        await service.entities.update(project.name, task.key, {"status": "cancelled"}, mode="merge", expected_version=1)
    details = refused.value.details
    assert (details["expected_version"], details["current_version"]) == (1, 3)
    assert details["conflicts"] == [
        {"pointer": "/status", "seen": "pending", "current": "completed", "yours": "cancelled"}
    ]
    assert details["changed_by_others"] == ["/priority"]
    shown = [(each["version"], each["operation"], each["changed"]) for each in details["writes"]]
    assert shown == [(2, "update", ["/status"]), (3, "update", ["/priority"])]


async def test_a_stale_write_of_other_fields_is_refused_and_told_how_to_keep_both(service, project, task):
    await service.entities.update(project.name, task.key, {"status": "completed"}, mode="merge", expected_version=1)
    with pytest.raises(StaleVersion) as refused:
        await service.entities.update(project.name, task.key, {"title": "x"}, mode="merge", expected_version=1)
    assert refused.value.details["conflicts"] == []
    assert "expected_version 2 to keep both" in refused.value.hint
    with pytest.raises(StaleVersion) as refused:
        await service.entities.update(project.name, task.key, {**task.data, "title": "x"}, expected_version=1)
    assert "mode merge and expected_version 2" in refused.value.hint


@pytest.mark.parametrize(
    ("theirs", "yours", "conflict"),
    [
        ({"a": {"b": 2, "c": 1}}, {"a": {"b": 3}}, "/a/b"),
        ({"a": None}, {"a": {"b": 3}}, "/a"),
        ({"a": {"b": 2}}, {"a": None}, "/a/b"),
    ],
)
async def test_a_change_inside_of_what_others_changed_is_a_conflict(service, project, theirs, yours, conflict):
    name = project.name
    await service.types.register(name, "note", {"type": "object"})
    note = (await service.entities.create(name, "note", {"a": {"b": 1, "c": 1}, "ab": 1})).entity
    await service.entities.update(name, note.key, {**theirs, "ab": 2}, mode="merge", expected_version=1)
    with pytest.raises(StaleVersion) as refused:
        await service.entities.update(name, note.key, yours, mode="merge", expected_version=1)
    assert [each["pointer"] for each in refused.value.details["conflicts"]] == [conflict]
    assert refused.value.details["changed_by_others"] == ["/ab"]


@pytest.mark.parametrize("version", [2, 2**31, 2**63])
async def test_a_version_that_has_not_been_is_told_from_an_old_one(service, project, version):
    task = await make_task(service, project.name)
    with pytest.raises(StaleVersion, match=f"T-1 has no version {version} yet, it is at 1"):
        await service.entities.update(project.name, task.key, {}, mode="merge", expected_version=version)


async def test_thousands_of_conflicts_are_found_without_comparing_each_with_each(service, project):
    """Compared each with each, they keep the process from everybody else for half a minute."""
    name = project.name
    await service.types.register(name, "note", {"type": "object"})
    wide = {f"f{number}": 0 for number in range(9_000)}
    note = (await service.entities.create(name, "note", wide)).entity
    await service.entities.update(name, note.key, dict.fromkeys(wide, 1), expected_version=1)
    with pytest.raises(StaleVersion, match="both of you changed /f0, /f1, /f10, ") as refused:
        await service.entities.update(name, note.key, dict.fromkeys(wide, 2), expected_version=1)
    assert (len(refused.value.details["conflicts"]), refused.value.details["changed_by_others"]) == (20, [])


async def test_a_version_that_is_not_there_yet_is_refused(service, project, task):
    with pytest.raises(StaleVersion, match="has no version 7 yet, it is at 1"):
        await service.entities.update(project.name, task.key, {"title": "x"}, mode="merge", expected_version=7)


async def test_force_writes_whatever_the_version(service, project, task):
    await service.entities.update(project.name, task.key, {"title": "a"}, mode="merge", expected_version=1)
    written = await service.entities.update(project.name, task.key, {"priority": None}, mode="merge", force=True)
    assert written.entity.data == {"title": "a", "status": "pending", "tags": ["a"]}


async def test_a_deleted_entity_is_shown_and_takes_no_changes(service, project, task):
    deleted = (await service.entities.delete(project.name, task.key, expected_version=1)).entity
    assert (deleted.version, deleted.deleted_at is None) == (2, False)
    assert await service.entities.get(project.name, task.key) == deleted
    with pytest.raises(EntityDeleted, match=r"T-1 was deleted at .* by ") as refused:
        await service.entities.update(project.name, task.key, {"title": "x"}, mode="merge", force=True)
    assert "restore_entity with expected_version 2" in refused.value.hint


async def test_deleting_twice_and_restoring_twice_are_answered_as_done(service, project, task):
    await service.entities.delete(project.name, task.key, expected_version=1)
    assert (await service.entities.delete(project.name, task.key, expected_version=1)).unchanged
    restored = await service.entities.restore(project.name, task.key, expected_version=2)
    assert (restored.entity.version, restored.entity.deleted_at, restored.unchanged) == (3, None, False)
    assert (await service.entities.restore(project.name, task.key, expected_version=2)).unchanged


async def test_a_stale_deletion_is_refused(service, project, task):
    await service.entities.update(project.name, task.key, {"title": "a"}, mode="merge", expected_version=1)
    with pytest.raises(StaleVersion) as refused:
        await service.entities.delete(project.name, task.key, expected_version=1)
    assert refused.value.details["changed_by_others"] == ["/title"]


async def test_a_value_that_another_entity_has_is_named_with_its_field(service, project):
    """The index is built by `moorage.workflow.querying.indexes` when the type is registered."""
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "status": {"type": "string"}}}
    unique = [IndexedField(field="name", unique=True), IndexedField(field="status")]
    await service.types.register(project.name, "vendor", schema, rules=TypeRules(indexes=unique))
    acme = (await service.entities.create(project.name, "vendor", {"name": "acme", "status": "ok"})).entity
    other = (await service.entities.create(project.name, "vendor", {"name": "other", "status": "ok"})).entity
    with pytest.raises(EntityExists, match="another 'vendor' has name \"acme\"") as refused:
        await service.entities.create(project.name, "vendor", {"name": "acme"})
    assert refused.value.details == {"schema_name": "vendor", "field": "name", "value": '"acme"'}
    with pytest.raises(EntityExists, match="has name"):
        await service.entities.update(project.name, other.key, {"name": "acme"}, force=True)
    await service.entities.delete(project.name, acme.key, expected_version=1)
    again = await service.entities.create(project.name, "vendor", {"name": "acme"})
    with pytest.raises(EntityExists, match="has name"):
        await service.entities.restore(project.name, acme.key, expected_version=2)
    assert again.entity.version == 1


async def test_a_value_too_long_to_be_unique_is_refused(service, project):
    unique = TypeRules(indexes=[IndexedField(field="name", unique=True)])
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    await service.types.register(project.name, "vendor", schema, rules=unique)
    letters = "".join(chr(0x4E00 + number) for number in range(6000))  # PostgreSQL compresses what repeats itself
    with pytest.raises(InvalidInput, match="a value of name is too long"):
        await service.entities.create(project.name, "vendor", {"name": letters})


async def test_what_is_not_there_is_named(service, project):
    with pytest.raises(EntityNotFound, match="T-9"):
        await service.entities.update(project.name, "T-9", {}, force=True)
    with pytest.raises(EntityNotFound, match="T-9"):
        await service.entities.delete(project.name, "T-9", force=True)


@pytest.mark.parametrize(
    "title",
    ["Robert'); DROP TABLE workflow.entities; --", '"quoted"', "back\\slash", "$1 :name %s {x}", "ünï 🚢", "a\nb\tc"],
)
async def test_text_is_kept_as_it_was_given(service, project, title):
    made = await make_task(service, project.name, title)
    assert (await service.entities.get(project.name, made.key)).data["title"] == title


@pytest.mark.parametrize(
    "value", ["\x00", "\ud800", float("nan"), float("inf"), 10**400, {"a": {"b": "\x00"}}, {"\udfff": 1}, b"bytes"]
)
async def test_values_that_jsonb_has_no_room_for_are_refused_by_place(service, project, value):
    await service.types.register(project.name, "anything", {"type": "object"})
    with pytest.raises(InvalidInput, match="/x"):
        await service.entities.create(project.name, "anything", {"x": value})


async def test_data_that_is_too_large_or_too_deep_is_refused(service, project, task):
    with pytest.raises(InvalidInput, match="bytes, 262,144 at most"):
        await service.entities.update(
            project.name, task.key, {"description": "x" * 10_000_000}, mode="merge", expected_version=1
        )
    deep: dict = {}
    for _ in range(2_000):
        deep = {"x": deep}
    with pytest.raises(InvalidInput):
        await service.entities.create(project.name, "task", {"title": "x", "deep": deep}, idempotency_key="k")


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "copy", "from": "", "path": f"/copy{number}"} for number in range(100)],
        [{"op": "copy", "from": "/tags", "path": "/tags/0"} for _ in range(1_000)],
        [{"op": "add", "path": "", "value": []}],
        [{"op": "test", "path": "/title", "value": "x" * 100_000}],
        [{"op": "replace"}],
        [{"op": "copy", "path": "/a"}],
        [{"op": "eval", "path": "/title", "value": ""}],
        [{"op": "add", "path": "title", "value": ""}],
        [{"op": "add", "path": "/tags/-1", "value": ""}],
        [{"op": "add", "path": "/title/x", "value": ""}],
        [{"op": "add", "path": "/x", "value": "\x00"}],
        ["remove"],
        [None],
        [{"op": "remove", "path": "/tags"}] * 1_001,
    ],
)
async def test_a_patch_that_cannot_be_is_refused_shortly_and_writes_nothing(service, project, task, operations):
    """A hundred copies of the root would be larger than any memory."""
    with pytest.raises((InvalidInput, PatchFailed)) as refused:
        await service.entities.update(project.name, task.key, operations, mode="patch", expected_version=1)
    assert len(refused.value.message) < 500
    assert await service.entities.get(project.name, task.key) == task
