"""Restoring single projects: beside the living one, in its place, and refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.postgres.pools import connect
from moorage.core.postgres.queries import load_statements
from moorage.operations.backup.errors import BackupNotFound
from moorage.operations.backup.manifest import MANIFEST_FILE, read_manifest
from moorage.operations.backup.taking import take_backup
from moorage.operations.restore.errors import (
    BackupHarmed,
    BackupNewer,
    NamesTaken,
    NotInBackup,
    UnfitRequest,
)
from moorage.operations.restore.models import Request, RestoredProject
from moorage.operations.restore.restoring import plan_of_restore, restore_backup
from moorage.operations.settings import BackupSettings
from moorage.projects.errors import ProjectArchived, ProjectInUse, ProjectNotFound, ServerUnknown
from moorage.projects.models import Project, ProjectState
from moorage.projects.roles import RoleKind, ensure_role
from moorage.projects.staging import STAGING_PREFIX
from tests.support.gated_restore import failing_restore, gated_restore
from tests.support.waiting import until
from tests.unit.codebase.repositories import ISOLATED, make_folder

ADD = "INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ($1, '{}', upper($1))"
KINDS = "SELECT array_agg(schema_name ORDER BY schema_name) FROM workflow.entity_schemas"
# Statements about the registry; the others are about project databases.
REGISTRY_STATEMENTS = ("registry_", "project_", "tombstone_", "token_", "extension_")
OTHERS_WORK = "SELECT pg_sleep(60)"


@pytest.fixture
async def filled(connections, project: Project) -> Project:
    """A project that knows one kind of things, `before`."""
    await add(connections, project.name, "before")
    return project


@pytest.fixture
async def backup(connections, filled: Project, tmp_path: Path) -> Path:
    """A backup of that project."""
    return (await take_backup(connections, tmp_path, names=[filled.name])).folder


@pytest.fixture
async def second(projects, name: str) -> AsyncIterator[str]:
    """A name for what is restored, which is dropped after the test."""
    other = f"{name}_then"
    yield other
    for each in (await projects.list(after=name, limit=5)).projects:
        if each.name == other:
            await projects.delete(other, confirm=other, force=True)


@pytest.fixture
def restore(connections, backup: Path):
    async def restored(*names: str, programs: Path | None = None, **wanted) -> list[RestoredProject]:
        request = Request(names, **wanted)
        report = await restore_backup(connections, backup, request, settings=BackupSettings(programs=programs))
        return list(report.projects)

    return restored


async def add(connections, project_name: str, kind: str) -> None:
    async with connections.get_project_connection(project_name) as connection:
        await connection.execute(ADD, kind)


async def kinds(connections, project_name: str) -> list[str]:
    async with connections.get_project_connection(project_name) as connection:
        return await connection.fetchval(KINDS)


async def staging_databases(admin) -> list[str]:
    rows = await admin.fetch("SELECT datname FROM pg_database WHERE datname LIKE $1", f"{STAGING_PREFIX}%")
    return [row["datname"] for row in rows]


def forge(backup: Path, **changes: object) -> None:
    """Let the manifest say something else of its project."""
    file = backup / MANIFEST_FILE
    manifest = json.loads(file.read_text())
    manifest["projects"][0] |= changes
    file.write_text(json.dumps(manifest))


async def test_every_statement_is_understood(connections, project, address):
    own = await connect(address, project.database_name)
    async with connections.registry_pool.acquire() as registry:
        for each in load_statements("moorage.operations.restore"):
            short = each.name.rpartition(".")[2]
            await (registry if short.startswith(REGISTRY_STATEMENTS) else own).prepare(each.sql)
    await own.close()


async def test_a_project_beside_the_living_one_finds_what_that_finds(
    connections, project, second: str, tmp_path: Path, monkeypatch
):
    for variable, value in ISOLATED.items():
        monkeypatch.setenv(variable, value)
    folder = make_folder(tmp_path / "port", {f"f{n}.py": f"def ship{n}():\n    return {n}\n" for n in range(3)})
    codebase = CodebaseService(connections, BuiltinEmbedder(), CodebaseSettings(), tmp_path / "clones")
    await codebase.index_repository(project.name, str(folder), wait_seconds=30.0)
    backup = await take_backup(connections, tmp_path, names=[project.name])
    request = Request((project.name,), new_name=second)
    report = await restore_backup(connections, backup.folder, request, settings=BackupSettings(), jobs=2)
    assert [each.outcome for each in report.projects] == ["restored"]
    for question in ("where is ship2 returned", "ship0"):
        now = await codebase.search_code(second, question)
        then = await codebase.search_code(project.name, question)
        assert (
            [(hit.file_path, hit.score) for hit in now.results]
            == [(hit.file_path, hit.score) for hit in then.results]
            != []
        )
    await codebase.close()
    assert (await connections.find_project(second)).id != project.id


async def test_a_project_restored_under_another_name_is_another_project(connections, filled, restore, second: str):
    [restored] = await restore(filled.name, new_name=second)
    assert (restored.name, restored.source, restored.state) == (second, filled.name, ProjectState.READY)
    await add(connections, second, "after")
    assert await kinds(connections, second) == ["after", "before"]
    assert await kinds(connections, filled.name) == ["before"]


async def test_a_replaced_project_is_as_it_was_and_keeps_its_row(connections, filled, restore, admin):
    await add(connections, filled.name, "after")
    [restored] = await restore(replace=True)
    assert (restored.outcome, restored.error) == ("replaced", None)
    assert await kinds(connections, filled.name) == ["before"]
    now = await connections.find_project(filled.name)
    assert (now.id, now.state) == (filled.id, ProjectState.READY)
    assert now.generation > filled.generation
    await add(connections, filled.name, "new")


async def test_the_roles_of_a_replaced_project_keep_their_grants(connections, filled, restore, admin):
    role = await ensure_role(connections.provisioner, filled, RoleKind.READ)
    await restore(replace=True)
    may_connect = "SELECT has_database_privilege($1, $2, 'CONNECT')"
    assert await admin.fetchval(may_connect, role, filled.database_name)
    async with connections.get_project_connection(filled.name) as connection:
        may_read = "SELECT has_table_privilege($1, 'workflow.entities', 'SELECT')"
        assert await connection.fetchval(may_read, role)


async def test_an_archived_project_is_replaced_and_still_only_read(connections, projects, filled, restore):
    await projects.lifecycle.archive(filled.name, force=True)
    [restored] = await restore(replace=True)
    assert (restored.outcome, restored.state) == ("replaced", ProjectState.ARCHIVED)
    assert await kinds(connections, filled.name) == ["before"]
    with pytest.raises(ProjectArchived):
        await add(connections, filled.name, "after")


async def test_a_project_in_use_is_replaced_only_by_force(connections, filled, restore, address):
    other = await connect(address, filled.database_name)
    working = asyncio.create_task(other.execute(OTHERS_WORK))
    await other_works(address, filled)
    [refused] = await restore(replace=True)
    assert (refused.outcome, refused.error and refused.error["code"]) == ("failed", "projects.in_use")
    [restored] = await restore(replace=True, force=True)
    assert restored.outcome == "replaced"
    with pytest.raises(Exception, match="terminating connection"):
        await working


async def other_works(address, project: Project) -> None:
    """Wait until somebody else's statement runs in the project's database."""
    watching = await connect(address, "postgres")
    await until(
        lambda: watching.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND query = $2 AND state = 'active'",
            project.database_name,
            OTHERS_WORK,
        )
    )
    await watching.close()


async def test_a_project_whose_database_is_lost_gets_it_back(connections, filled, restore, admin):
    await connections.forget(filled)
    await admin.execute(f'DROP DATABASE "{filled.database_name}" WITH (FORCE)')
    [restored] = await restore(replace=True)
    assert restored.outcome == "replaced"
    assert await kinds(connections, filled.name) == ["before"]


async def test_a_deleted_project_comes_back_as_it_was_and_loses_its_tombstone(connections, projects, restore, filled):
    await connections.registry_pool.execute(
        "UPDATE public.projects SET title = 'Port', max_connections = 3, folder = $2 WHERE id = $1",
        filled.id,
        f"/srv/{filled.name}",
    )
    backup = (await take_backup(connections, Path.cwd(), names=[filled.name])).folder
    await projects.delete(filled.name, confirm=filled.name, force=True)
    report = await restore_backup(connections, backup, Request((filled.name,)), settings=BackupSettings())
    now = await connections.find_project(filled.name)
    assert report.projects[0].notes == ()
    assert (now.id, now.title, now.folder, now.max_connections) == (filled.id, "Port", f"/srv/{filled.name}", 3)
    assert now.generation > filled.generation
    gone = "SELECT count(*) FROM public.deleted_projects WHERE id = $1"
    assert await connections.registry_pool.fetchval(gone, filled.id) == 0


async def test_a_folder_that_is_another_project_s_now_is_left_to_it(connections, projects, filled, second: str):
    folder = f"/srv/{filled.name}"
    set_folder = "UPDATE public.projects SET folder = $2 WHERE name = $1"
    await connections.registry_pool.execute(set_folder, filled.name, folder)
    backup = (await take_backup(connections, Path.cwd(), names=[filled.name])).folder
    await projects.delete(filled.name, confirm=filled.name, force=True)
    await projects.create(second, created_by="test")
    await connections.registry_pool.execute(set_folder, second, folder)
    report = await restore_backup(connections, backup, Request((filled.name,)), settings=BackupSettings())
    assert report.projects[0].notes == (f"the folder {folder} belongs to another project now",)
    assert (await connections.find_project(filled.name)).folder is None


async def test_settings_of_the_database_come_back(connections, filled, second: str, address, tmp_path: Path):
    own = await connect(address, filled.database_name)
    await own.execute(f'ALTER DATABASE "{filled.database_name}" SET hnsw.ef_search = 77')
    await own.close()
    backup = await take_backup(connections, tmp_path, names=[filled.name])
    request = Request((filled.name,), new_name=second)
    await restore_backup(connections, backup.folder, request, settings=BackupSettings())
    async with connections.get_project_connection(second) as connection:
        assert await connection.fetchval("SELECT current_setting('hnsw.ef_search')") == "77"


async def test_names_that_are_taken_are_refused_and_nothing_is_done(connections, filled, restore, admin):
    before = await staging_databases(admin)
    with pytest.raises(NamesTaken) as refused:
        await restore()
    assert refused.value.details["projects"] == [filled.name]
    with pytest.raises(NamesTaken):
        await restore(new_name=filled.name)
    assert await staging_databases(admin) == before


async def test_a_database_that_nobody_has_a_row_of_is_left_alone(restore, filled, second: str, admin):
    await admin.execute(f'CREATE DATABASE "project_{second}"')
    with pytest.raises(NamesTaken, match=f"project_{second}"):
        await restore(new_name=second)
    await admin.execute(f'DROP DATABASE "project_{second}"')


async def test_a_database_swapped_by_hand_is_not_replaced(restore, filled, address):
    own = await connect(address, filled.database_name)
    await own.execute("UPDATE moorage.identity SET project_id = $1", uuid4())
    with pytest.raises(NamesTaken, match=filled.database_name):
        await restore(replace=True)
    await own.close()


async def test_a_harmed_dump_is_refused_before_anything_is_touched(connections, restore, backup, filled, second: str):
    dump = backup / "projects" / f"{filled.name}.dump"
    dump.write_bytes(dump.read_bytes()[:-100])
    with pytest.raises(BackupHarmed, match="bytes instead of"):
        await restore(new_name=second)
    with pytest.raises(ProjectNotFound):
        await connections.find_project(second)


async def test_other_rows_than_the_manifest_says_are_not_put_in_place(connections, restore, backup, filled, second):
    tables = read_manifest(backup).projects[0].tables
    forge(backup, tables={**tables, "workflow.entity_schemas": 2})
    [failed] = await restore(new_name=second)
    assert failed.error is not None
    assert failed.error["code"] == "operations.copy_differs"
    assert "workflow.entity_schemas has 1 rows, had 2 rows" in str(failed.error["message"])
    with pytest.raises(ProjectNotFound):
        await connections.find_project(second)


async def test_a_pg_restore_that_fails_leaves_nothing_behind(
    connections, restore, filled, second: str, admin, tmp_path_factory
):
    before = await staging_databases(admin)
    programs = failing_restore(tmp_path_factory.mktemp("programs"))
    for wanted in ({"new_name": second}, {"replace": True}):
        [failed] = await restore(programs=programs, **wanted)
        assert failed.error is not None
        assert (failed.error["code"], failed.outcome) == ("postgres.program_failed", "failed")
        assert "No space left on device" in str(failed.error["message"])
    assert await staging_databases(admin) == before
    assert await kinds(connections, filled.name) == ["before"]
    with pytest.raises(ProjectNotFound):
        await connections.find_project(second)


async def test_of_two_operators_one_restores_and_the_other_is_told(connections, restore, filled, second, tmp_path):
    (tmp_path / "programs").mkdir()
    gate = gated_restore(tmp_path / "programs")
    first = asyncio.create_task(restore(new_name=second, programs=gate.folder))
    await gate.reached()
    with pytest.raises(ProjectInUse, match=second):
        await restore(new_name=second)
    gate.open()
    [restored] = await first
    assert restored.outcome == "restored"
    assert await kinds(connections, second) == ["before"]


async def test_a_backup_of_a_newer_program_is_refused_with_both_versions(restore, backup, second: str):
    lines = read_manifest(backup).projects[0].lines
    forge(backup, lines={**lines, "workflow": "20991231_01_future"})
    with pytest.raises(BackupNewer, match="20991231_01_future") as refused:
        await restore(new_name=second)
    assert refused.value.details.keys() == {"backup_version", "program_version"}


async def test_an_older_backup_is_brought_to_this_program_s_tables(connections, filled, second, address, tmp_path):
    own = await connect(address, filled.database_name)
    await own.execute("DROP SCHEMA workflow CASCADE; DELETE FROM moorage.lines WHERE name = 'workflow'")
    await own.close()
    backup = await take_backup(connections, tmp_path, names=[filled.name])
    request = Request((filled.name,), new_name=second)
    report = await restore_backup(connections, backup.folder, request, settings=BackupSettings())
    assert report.projects[0].migrated == {"workflow": ""}
    assert await kinds(connections, second) is None


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Request(("nobody",)), NotInBackup),
        (Request(new_name="a_b", replace=True), UnfitRequest),
        (Request(new_name="a_b", server="elsewhere"), ServerUnknown),
    ],
)
async def test_what_cannot_be_done_is_refused(connections, backup, wanted: Request, error: type[Exception]):
    with pytest.raises(error):
        await restore_backup(connections, backup, wanted, settings=BackupSettings())
    with pytest.raises(BackupNotFound):
        await restore_backup(connections, backup.parent, wanted, settings=BackupSettings())


async def test_a_plan_tells_what_would_be_done_and_does_nothing(connections, backup, filled, admin):
    before = await staging_databases(admin)
    report = await plan_of_restore(connections, backup, Request(replace=True), settings=BackupSettings())
    assert [(each.name, each.outcome) for each in report.projects] == [(filled.name, "to replace")]
    assert await staging_databases(admin) == before
    assert (await connections.find_project(filled.name)).generation == filled.generation
