"""Backups of real databases: what is in them, and what happens when something happens meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.core.postgres.errors import TryAgain, translated
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import connect
from moorage.core.postgres.programs import find_programs, run_program
from moorage.core.postgres.queries import load_statements
from moorage.operations.backup.errors import BackupFolderUnfit, ProjectNotBackedUp
from moorage.operations.backup.manifest import LeftOut, Manifest, path_of, read_manifest
from moorage.operations.backup.snapshots import snapshot_of
from moorage.operations.backup.taking import Backup, Progress, take_backup, take_project_backup
from moorage.operations.backup.verifying import verify_backup
from moorage.operations.settings import BackupSettings
from moorage.projects.errors import ProjectNotFound
from moorage.projects.models import ProjectState
from moorage.projects.service import ProjectService
from tests.support.gated_dump import Gate, gated_dump, process_is_gone
from tests.support.waiting import until

ADD = "INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ($1, '{}', upper($1))"
TABLE = "workflow.entity_schemas"


@pytest.fixture
async def filled(connections, project):
    """A project with three rows in a table."""
    async with connections.get_project_connection(project.name) as connection:
        await connection.executemany(ADD, [(f"kind_{number}",) for number in range(3)])
    return project


@pytest.fixture
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return gated_dump(tmp_path_factory.mktemp("programs"))


def through(gate: Gate, jobs: int = 2) -> BackupSettings:
    return BackupSettings(programs=gate.folder, jobs=jobs)


def failed(manifest: Manifest) -> dict[str, str]:
    return {each.name: each.reason for each in manifest.failed}


def visible(target: Path) -> list[str]:
    return [each.name for each in target.iterdir() if each.name != ".moorage.lock"]


async def dumped_rows(backup: Backup, name: str) -> list[str]:
    """Return the rows of the table as they stand in the dump itself."""
    dumped = backup.manifest.project(name)
    assert dumped is not None
    script = ["--data-only", "--table=entity_schemas", "--file=-", str(path_of(backup.folder, dumped))]
    lines = (await run_program(find_programs(18), "pg_restore", script)).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("COPY "))
    return lines[begin + 1 : lines.index("\\.")]


async def drop(admin, database: str) -> None:
    await admin.execute(f"DROP DATABASE {quote_identifier(database)} WITH (FORCE)")


async def test_every_statement_is_understood(project, address):
    connection = await connect(address, project.database_name)
    for each in load_statements("moorage.operations.backup"):
        await connection.prepare(each.sql)
    await connection.close()


async def test_a_backup_has_the_registry_and_every_project(connections, filled, tmp_path: Path):
    backup = await take_backup(connections, tmp_path)
    assert backup.manifest == read_manifest(backup.folder)
    registry, found = backup.manifest.registry, backup.manifest.project(filled.name)
    assert registry is not None
    assert found is not None
    assert (registry.database_name, registry.tables["public.projects"]) == (
        connections.provisioner.registry_database,
        len(backup.manifest.projects) + len(backup.manifest.skipped) + len(backup.manifest.failed),
    )
    assert found.project == await connections.find_project(filled.name)
    assert (found.tables[TABLE], found.lines.keys()) == (3, {"projects", "codebase", "workflow"})
    assert {"plpgsql", "vector"} <= found.extensions.keys()
    assert (found.server_version.partition(".")[0], found.dumped_with.partition(".")[0]) == ("18", "18")


async def test_settings_of_the_database_are_in_the_manifest_because_no_dump_has_them(
    connections, filled, admin, tmp_path: Path
):
    await admin.execute(f"ALTER DATABASE {quote_identifier(filled.database_name)} SET work_mem = '32MB'")
    backup = await take_backup(connections, tmp_path, names=[filled.name])
    assert backup.manifest.projects[0].settings == ("work_mem=32MB",)


async def test_tables_of_ones_own_are_counted_by_their_names_whatever_those_are(connections, filled, tmp_path: Path):
    async with connections.get_project_connection(filled.name) as connection:
        await connection.execute('CREATE TABLE "my ""notes" AS SELECT generate_series(1, 4) AS n')
        await connection.execute("CREATE TABLE parent (n integer); INSERT INTO parent VALUES (1)")
        await connection.execute("CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES (2)")
    backup = await take_backup(connections, tmp_path, names=[filled.name])
    tables = backup.manifest.projects[0].tables
    assert [tables[name] for name in ('public.my "notes', "public.parent", "public.child")] == [4, 1, 1]
    assert (await verify_backup(backup.folder)).is_good


async def test_chosen_projects_are_backed_up_without_the_registry(connections, filled, tmp_path: Path):
    backup = await take_backup(connections, tmp_path, names=[filled.name, filled.name])
    assert (backup.manifest.registry, [each.name for each in backup.manifest.projects]) == (None, [filled.name])
    assert not backup.manifest.is_full
    with pytest.raises(ProjectNotFound):
        await take_backup(connections, tmp_path / "other", names=["no_such_project"])
    assert not (tmp_path / "other").exists()


async def test_rows_and_dump_are_of_the_same_moment(connections, filled, gate: Gate, tmp_path: Path):
    """Rows that come after the count, and before pg_dump reads a byte, are in neither."""
    taking = asyncio.create_task(take_backup(connections, tmp_path, names=[filled.name], settings=through(gate)))
    await gate.reached()
    async with connections.get_project_connection(filled.name) as connection:
        await connection.execute(ADD, "late")
    gate.open()
    backup = await taking
    assert backup.manifest.projects[0].tables[TABLE] == 3
    assert len(await dumped_rows(backup, filled.name)) == 3


async def test_a_table_cannot_be_rewritten_once_the_moment_is_chosen(connections, filled, address):
    """pg_dump would find it empty, and say nothing: https://www.postgresql.org/docs/current/mvcc-caveats.html"""
    async with snapshot_of(address, filled.database_name) as snapshot:
        async with connections.get_project_connection(filled.name) as connection:
            await connection.execute("SET lock_timeout = '1ms'")
            with pytest.raises(TryAgain, match="lock timeout"), translated("emptying a table"):
                await connection.execute(f"TRUNCATE {TABLE} CASCADE")
        assert (await snapshot.count_rows())[TABLE] == 3


async def test_a_project_that_is_deleted_meanwhile_is_told_and_the_others_go_on(
    connections, projects, filled, gate: Gate, name: str, tmp_path: Path
):
    doomed = f"{name}_x"
    await projects.create(doomed, created_by="test")
    both = take_backup(connections, tmp_path, names=[doomed, filled.name], settings=through(gate, jobs=1))
    taking = asyncio.create_task(both)
    await gate.reached()
    await projects.delete(doomed, confirm=doomed, force=True)
    gate.open()
    backup = await taking
    assert failed(backup.manifest) == {doomed: "it was deleted meanwhile"}
    assert [each.name for each in backup.manifest.projects] == [filled.name]
    verification = await verify_backup(backup.folder)
    assert (verification.is_good, verification.missing) == (True, (doomed,))


async def test_a_project_made_anew_under_the_same_name_is_not_taken_for_the_old_one(
    connections, projects, filled, gate: Gate, name: str, tmp_path: Path
):
    again = f"{name}_x"
    await projects.create(again, created_by="test")
    both = take_backup(connections, tmp_path, names=[filled.name, again], settings=through(gate, jobs=1))
    taking = asyncio.create_task(both)
    await gate.reached()
    await projects.delete(again, confirm=again, force=True)
    await projects.create(again, created_by="test")
    gate.open()
    assert failed((await taking).manifest) == {again: "it was deleted meanwhile"}
    await projects.delete(again, confirm=again, force=True)


async def test_a_database_that_was_swapped_is_not_backed_up_as_the_project(connections, filled, tmp_path: Path):
    async with connections.get_project_connection(filled.name) as connection:
        await connection.execute("UPDATE moorage.identity SET project_id = gen_random_uuid()")
    backup = await take_backup(connections, tmp_path, names=[filled.name])
    assert failed(backup.manifest) == {
        filled.name: f"the database '{filled.database_name}' does not belong to project '{filled.name}'",
    }


async def test_a_database_that_is_gone_is_told(connections, projects, admin, name: str, tmp_path: Path):
    lost = await projects.create(name, created_by="test")
    await connections.forget(lost)
    await drop(admin, lost.database_name)
    backup = await take_backup(connections, tmp_path)
    assert f'database "{lost.database_name}" does not exist' in failed(backup.manifest)[name]
    await projects.delete(name, confirm=name, force=True)


async def test_projects_of_a_server_that_is_down_fail_alone(servers, filled, admin, name: str, tmp_path: Path):
    with servers.registry() as registry:
        await registry.execute(
            "INSERT INTO public.projects (name, database_name, state, server) VALUES ($1, $2, 'ready', 'gone')",
            f"{name}_g",
            f"project_{name}_g",
        )
    backup = await take_backup(servers, tmp_path, names=[f"{name}_g", filled.name])
    assert "does not answer" in failed(backup.manifest)[f"{name}_g"]
    assert [each.name for each in backup.manifest.projects] == [filled.name]
    with servers.registry() as registry:
        await registry.execute("DELETE FROM public.projects WHERE name = $1", f"{name}_g")


async def test_a_project_is_dumped_by_the_server_it_is_on(servers, second_server, name: str, tmp_path: Path):
    projects = ProjectService(servers)
    await projects.create(name, created_by="test", server="second")
    backup = await take_backup(servers, tmp_path, names=[name])
    assert (backup.manifest.failed, backup.manifest.projects[0].project.server) == ((), "second")
    await projects.delete(name, confirm=name, force=True)


@pytest.mark.parametrize("state", [ProjectState.ARCHIVED, ProjectState.CREATING])
async def test_archived_projects_are_in_it_and_half_made_ones_are_named(
    connections, filled, state: ProjectState, tmp_path: Path
):
    with connections.registry() as registry:
        await registry.execute("UPDATE public.projects SET state = $1 WHERE id = $2", state.value, filled.id)
    backup = await take_backup(connections, tmp_path)
    assert (backup.manifest.project(filled.name) is not None) is (state is ProjectState.ARCHIVED)
    skipped = LeftOut(name=filled.name, reason="it is creating")
    assert (skipped in backup.manifest.skipped) is (state is ProjectState.CREATING)


async def test_no_more_databases_are_dumped_at_once_than_allowed(
    connections, projects, gate: Gate, admin, name: str, tmp_path: Path
):
    names = [f"{name}_{number}" for number in range(3)]
    for each in names:
        await projects.create(each, created_by="test")
    progress = Progress()
    taking = asyncio.create_task(
        take_backup(connections, tmp_path, names=names, settings=through(gate, jobs=2), progress=progress)
    )
    snapshots = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE $1 AND state = 'idle in transaction'"

    async def two_have_begun() -> bool:
        return await admin.fetchval(snapshots, f"project_{name}_%") == 2

    await until(two_have_begun)
    await take_backup(connections, tmp_path, names=names[2:])  # time enough for a third to begin
    assert await two_have_begun()
    assert (progress.databases, progress.done) == (3, 0)
    gate.open()
    backup = await taking
    assert (len(backup.manifest.projects), progress.done) == (3, 3)
    for each in names:
        await projects.delete(each, confirm=each, force=True)


async def test_two_backups_at_once_into_one_folder_are_both_good(connections, filled, tmp_path: Path):
    taken = await asyncio.gather(*(take_backup(connections, tmp_path, names=[filled.name]) for _ in range(2)))
    assert sorted(visible(tmp_path)) == sorted(each.folder.name for each in taken)
    for each in taken:
        assert (await verify_backup(each.folder)).is_good


async def test_a_cancelled_backup_ends_its_pg_dump_and_leaves_nothing(connections, filled, gate: Gate, tmp_path: Path):
    taking = asyncio.create_task(take_backup(connections, tmp_path, names=[filled.name], settings=through(gate)))
    pid = await gate.reached()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await process_is_gone(pid)
    assert visible(tmp_path) == []


async def test_the_data_folder_of_the_server_is_refused(connections, home: Path):
    with pytest.raises(BackupFolderUnfit, match="inside the PostgreSQL data folder"):
        await take_backup(connections, home / "postgres" / "backups")


async def test_a_backup_before_something_irreversible_is_made_or_an_error(
    connections, projects, admin, name: str, tmp_path: Path
):
    lost = await projects.create(name, created_by="test")
    assert (await take_project_backup(connections, name, tmp_path)).manifest.project(name) is not None
    await connections.forget(lost)
    await drop(admin, lost.database_name)
    with pytest.raises(ProjectNotBackedUp, match="does not exist"):
        await take_project_backup(connections, name, tmp_path / "second")
    assert visible(tmp_path / "second") == []
    await projects.delete(name, confirm=name, force=True)
