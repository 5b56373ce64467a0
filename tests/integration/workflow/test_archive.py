"""Everything of a project goes out into a folder and comes back, and nothing is lost or touched besides."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from pathlib import Path

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import InvalidImport, LinkRefused
from moorage.workflow.work.linking import comments_add_in, links_add_in, references_add_in
from moorage.workflow.work.models import CodeReference, Link, LinkKind, NewComment, NewReference
from tests.support.waiting import until
from tests.support.work_items import make_task, workflow_with_tasks

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"


@pytest.fixture
async def workflow(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
async def other(projects):
    """A second project, empty."""
    created = await projects.create(f"t_{uuid.uuid4().hex[:16]}", created_by="test")
    yield created
    await projects.delete(created.name, confirm=created.name, force=True)


@pytest.fixture
async def full(workflow, project, connections):
    """A project with some of everything; its entities."""
    name = project.name
    service = workflow
    first, second, gone = [
        await make_task(service, name, title, tags=["ä", "\u2028"]) for title in ("First", "Second", "Gone")
    ]
    await service.entities.update(name, first.key, {"title": "First!", "status": "completed"}, expected_version=1)
    await service.entities.delete(name, gone.key, expected_version=1)
    await workflow.types.register(name, "types", {"type": "object"})
    odd = (
        await service.entities.create(name, "types", {"n": 0.1, "big": 2**60, "nothing": None, "": {"a/b~c": []}})
    ).entity
    async with connections.get_project_connection(name) as connection, connection.transaction():
        await links_add_in(
            connection,
            [Link(first.id, LinkKind.PARENT, second.id), Link(odd.id, LinkKind.DUPLICATES, first.id)],
            actor="ada",
        )
        place = CodeReference(kind="file", target="src/a.py", start_line=1, end_line=2, note="here")
        await references_add_in(connection, [NewReference(first.id, place)], actor="bob")
        await comments_add_in(connection, [NewComment(first.id, "one"), NewComment(first.id, "two\r\n")], actor="ada")
    await service.deployments.record(name, {"commit": "a" * 40, "status": "pending", "work_items": [first.key]})
    await service.deployments.record(name, {"commit": "a" * 40, "build": 7})
    await service.exchange.import_text(name, '[{"number": 1, "title": "Theirs"}]', "github", schema_name="task")
    return {"first": first, "second": second, "gone": gone, "odd": odd}


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


async def test_a_round_trip_loses_nothing(workflow, project, other, full, tmp_path):
    exported = await workflow.exchange.export_folder(project.name, tmp_path / "a")
    restored = await workflow.exchange.restore_folder(other.name, tmp_path / "a")
    await workflow.exchange.export_folder(other.name, tmp_path / "b")
    assert (exported.entities, exported.types, exported.deployments) == (5, 2, 1)
    assert (restored.entities, restored.types, restored.deployments) == (5, 2, 1)
    before = contents(tmp_path / "a")
    assert contents(tmp_path / "b") == before
    document = json.loads(before[f"task/{full['first'].key}.json"])
    assert [each["version"] for each in document["versions"]] == [1, 2]
    assert document["links"][0]["target"] == full["second"].key
    assert [each["body"] for each in document["comments"]] == ["one", "two\r\n"]
    assert json.loads(before[f"task/{full['gone'].key}.json"])["deleted_at"] is not None


async def test_what_came_back_is_worked_with_as_before(workflow, project, other, full, tmp_path):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    await workflow.exchange.restore_folder(other.name, tmp_path / "a")
    made = await make_task(workflow, other.name)
    numbers = [int(path.stem.rpartition("-")[2]) for path in (tmp_path / "a" / "task").iterdir()]
    assert int(made.key.rpartition("-")[2]) == max(numbers) + 1
    second = await workflow.entities.get(other.name, full["second"].key)
    assert (second.state, second.is_open, second.title) == ("pending", True, "Second")
    await workflow.entities.update(other.name, second.key, {"title": "Third", "status": "pending"}, expected_version=1)
    again = await workflow.exchange.import_text(
        other.name, '[{"number": 1, "title": "Theirs"}]', "github", schema_name="task"
    )
    assert (again.created, again.existing) == (0, 1)


async def test_numbers_go_on_after_the_only_one_that_came_back(workflow, project, other, tmp_path):
    await make_task(workflow, project.name)
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    await workflow.exchange.restore_folder(other.name, tmp_path / "a")
    assert (await make_task(workflow, other.name)).key == "T-2"


async def test_an_export_that_is_restored_twice_makes_nothing_twice(workflow, project, full, tmp_path):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    restored = await workflow.exchange.restore_folder(project.name, tmp_path / "a")
    assert (restored.entities, restored.existing, restored.types, restored.deployments) == (0, 5, 0, 0)
    exported = await workflow.exchange.export_folder(project.name, tmp_path / "a")
    assert (exported.changed, exported.removed) == (0, 0)


async def test_a_dry_restoring_makes_nothing(workflow, project, other, full, tmp_path):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    restored = await workflow.exchange.restore_folder(other.name, tmp_path / "a", dry_run=True)
    assert (restored.entities, restored.types) == (5, 2)
    exported = await workflow.exchange.export_folder(other.name, tmp_path / "b")
    assert (exported.entities, exported.types) == (0, 0)


async def test_a_new_export_changes_only_what_changed_and_removes_what_is_gone(
    workflow, project, full, tmp_path, connections
):
    folder = tmp_path / "a"
    (folder / ".git").mkdir(parents=True)
    await workflow.exchange.export_folder(project.name, folder)
    (folder / "README.md").write_text("mine")
    (folder / "task" / "notes.txt").write_text("mine")
    before = contents(folder)
    await workflow.entities.update(
        project.name, full["second"].key, {"title": "Second", "status": "blocked"}, expected_version=1
    )
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute("DELETE FROM workflow.entities WHERE id = $1", full["odd"].id)
    exported = await workflow.exchange.export_folder(project.name, folder)
    after = contents(folder)
    assert (exported.changed, exported.removed) == (1, 1)
    assert before.keys() - after.keys() == {f"types/{full['odd'].key}.json"}
    assert [path for path in after if before[path] != after[path]] == [f"task/{full['second'].key}.json"]
    assert names_in(tmp_path) == ["a"]


@pytest.mark.parametrize("content", ["somebody else's", "a link in an export"])
async def test_a_folder_of_somebody_else_is_not_touched(workflow, project, full, tmp_path, content):
    folder, outside = tmp_path / "a", tmp_path / "outside"
    outside.mkdir()
    folder.mkdir()
    if content == "a link in an export":
        (folder / "moorage-export.json").write_text("{}")
        (folder / "task").symlink_to(outside)
    else:
        (folder / "thesis.txt").write_text("mine")
    before = names_in(folder)
    with pytest.raises(InvalidInput):
        await workflow.exchange.export_folder(project.name, folder)
    assert names_in(folder) == before
    assert list(outside.iterdir()) == []
    assert names_in(tmp_path) == ["a", "outside"]


def change(file: Path, **fields) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"data": {"title": 7, "status": "pending"}}, "title"),
        ({"data": {"title": "x\u0000", "status": "pending"}}, "U+0000"),
        ({"key": "T-77"}, "holds T-77"),
        ({"schema_version": 9}, "no version 9"),
        ({"surprise": 1}, "surprise"),
        ({"version": 0}, "version"),
        ({"created_by": "a\u0000"}, "U+0000"),
        (
            {"links": [{"kind": "blocks", "target": "T-999", "created_at": "2026-01-01T00:00:00Z", "created_by": "x"}]},
            "T-999",
        ),
    ],
)
async def test_a_file_that_does_not_fit_is_named_and_nothing_comes_back(
    workflow, project, other, full, tmp_path, fields, said
):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    change(tmp_path / "a" / "task" / f"{full['second'].key}.json", **fields)
    with pytest.raises(InvalidImport, match=re.escape(said)):
        await workflow.exchange.restore_folder(other.name, tmp_path / "a")
    assert (await workflow.exchange.export_folder(other.name, tmp_path / "b")).types == 0


async def test_links_of_files_that_close_a_cycle_are_refused(workflow, project, other, full, tmp_path):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    link = {"kind": "parent", "target": full["first"].key, "created_at": "2026-01-01T00:00:00Z", "created_by": "x"}
    change(tmp_path / "a" / "task" / f"{full['second'].key}.json", links=[link])
    with pytest.raises(LinkRefused):
        await workflow.exchange.restore_folder(other.name, tmp_path / "a")


async def test_an_export_that_contradicts_the_project_is_refused(workflow, project, other, full, tmp_path):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    await workflow.types.register(other.name, "task", {"type": "object"})
    with pytest.raises(InvalidImport, match=r"types/task\.json"):
        await workflow.exchange.restore_folder(other.name, tmp_path / "a")


async def test_a_type_does_not_change_under_an_export_that_comes_back(
    workflow, project, full, tmp_path, connections, admin
):
    await workflow.exchange.export_folder(project.name, tmp_path / "a")
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute("DELETE FROM workflow.entities WHERE id = $1", full["second"].id)
        async with connection.transaction():
            await connection.execute("SELECT FROM workflow.entity_schemas FOR UPDATE")
            await connection.execute(
                "UPDATE workflow.entity_schemas SET version = version + 1 WHERE schema_name = 'task'"
            )
            restoring = asyncio.create_task(workflow.exchange.restore_folder(project.name, tmp_path / "a"))
            await until(lambda: admin.fetchval(WAITING, project.database_name))
    with pytest.raises(InvalidImport, match="at another version"):
        await restoring


async def test_a_folder_that_is_no_export_is_refused(workflow, project, tmp_path):
    with pytest.raises(InvalidImport):
        await workflow.exchange.restore_folder(project.name, tmp_path)
    (tmp_path / "moorage-export.json").write_text('{"format": "moorage workflow", "version": 2}')
    with pytest.raises(InvalidImport):
        await workflow.exchange.restore_folder(project.name, tmp_path)
