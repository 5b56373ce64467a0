"""Restoring everything into an empty house, and what a killed restore leaves."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.operations.backup.manifest import LeftOut
from moorage.operations.backup.taking import take_backup
from moorage.operations.restore.errors import NamesTaken
from moorage.operations.restore.models import Request, RestoreReport
from moorage.operations.restore.restoring import restore_backup
from moorage.operations.settings import BackupSettings
from moorage.projects import staging, store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ProjectArchived, ProjectNotReady
from moorage.projects.models import ProjectState
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from tests.support.gated_dump import process_is_gone
from tests.support.gated_restore import failing_restore, gated_restore

ADD = "INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ($1, '{}', upper($1))"
KINDS = "SELECT array_agg(schema_name ORDER BY schema_name) FROM workflow.entity_schemas"
TOKEN = """
    INSERT INTO public.tokens (name, hash, scope, projects, created_by)
    VALUES ('nightly', sha256('secret'), 'read', ARRAY['one', 'two'], 'test')
"""


@dataclass
class House:
    """A registry of its own on the server that tests share."""

    connections: ProjectConnectionManager

    @property
    def projects(self) -> ProjectService:
        return ProjectService(self.connections)

    async def kinds(self, name: str) -> list[str]:
        async with self.connections.get_project_connection(name) as connection:
            return await connection.fetchval(KINDS)

    async def add(self, name: str, kind: str) -> None:
        async with self.connections.get_project_connection(name) as connection:
            await connection.execute(ADD, kind)

    async def clear(self) -> None:
        for each in (await self.projects.list(limit=200)).projects:
            await self.projects.delete(each.name, confirm=each.name, force=True)

    async def restore(self, backup: Path, *names: str, programs: Path | None = None, **wanted) -> RestoreReport:
        settings = BackupSettings(programs=programs)
        return await restore_backup(self.connections, backup, Request(names, **wanted), settings=settings, jobs=2)


@pytest.fixture
async def house(address, admin) -> AsyncIterator[House]:
    """A house with a registry of its own, dropped with all its projects after the test."""
    registry = f"registry_{uuid4().hex[:12]}"
    manager = ProjectConnectionManager(Provisioner(address, registry, LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield House(manager)
    await House(manager).clear()
    await manager.close()
    await admin.execute(f'DROP DATABASE "{registry}" WITH (FORCE)')


@pytest.fixture
async def names(house: House, name: str) -> tuple[str, str]:
    """Two projects of the house, each with a kind of things of its own name; the second is a snapshot of the first."""
    pair = (f"{name}_one", f"{name}_all")
    for each in pair:
        await house.projects.create(each, created_by="test", description=f"what {each} is")
        await house.add(each, each)
    await house.connections.registry_pool.execute(
        "UPDATE public.projects SET snapshot_of = (SELECT id FROM public.projects WHERE name = $1) WHERE name = $2",
        *pair,
    )
    return pair


async def lose_everything(house: House) -> None:
    """Leave the house as it is on a new machine."""
    await house.clear()
    await house.connections.registry_pool.execute("DELETE FROM public.tokens; DELETE FROM public.deleted_projects")


async def test_everything_comes_back_into_an_empty_house(house: House, names, tmp_path: Path):
    await house.projects.lifecycle.archive(names[1], force=True)
    await house.connections.registry_pool.execute(TOKEN)
    doomed = await house.projects.create(f"{names[0]}_gone", created_by="test")
    await house.projects.delete(doomed.name, confirm=doomed.name, force=True)
    was = {name: await house.projects.get(name) for name in names}
    token = await house.connections.registry_pool.fetchrow("SELECT * FROM public.tokens")
    backup = await take_backup(house.connections, tmp_path)
    await lose_everything(house)

    report = await house.restore(backup.folder)
    assert {each.name: each.outcome for each in report.projects} == dict.fromkeys(names, "restored")
    assert (report.tokens, report.absent) == (1, ())
    assert await house.connections.registry_pool.fetchrow("SELECT * FROM public.tokens") == token
    for name in names:
        now = await house.projects.get(name)
        assert now.generation > was[name].generation
        changes = {"generation": 0, "updated_at": now.updated_at, "database_bytes": None}
        assert now.model_copy(update=changes) == was[name].model_copy(update=changes)
        assert await house.kinds(name) == [name]
    with pytest.raises(ProjectArchived):
        await house.add(names[1], "after")


async def test_tombstones_come_back_and_tokens_made_meanwhile_stay(house: House, names, tmp_path: Path):
    registry = house.connections.registry_pool
    await registry.execute(
        "INSERT INTO public.deleted_projects (id, name, database_name, server, created_at, created_by, deleted_by)"
        " VALUES (gen_random_uuid(), 'gone', 'project_gone', 'main', now(), 'test', 'test')"
    )
    backup = await take_backup(house.connections, tmp_path)
    await lose_everything(house)
    report = await house.restore(backup.folder)
    assert (report.tombstones, report.tokens) == (1, 0)
    await lose_everything(house)
    await registry.execute(TOKEN)
    report = await house.restore(backup.folder)
    assert (report.tombstones, report.tokens) == (None, None)
    assert await registry.fetchval("SELECT count(*) FROM public.tokens") == 1


async def test_a_house_that_has_some_of_the_projects_refuses_all_and_takes_the_others_by_name(
    house: House, names, tmp_path: Path
):
    backup = await take_backup(house.connections, tmp_path)
    await house.projects.delete(names[0], confirm=names[0], force=True)
    with pytest.raises(NamesTaken) as refused:
        await house.restore(backup.folder)
    assert refused.value.details["projects"] == [names[1]]
    await house.restore(backup.folder, names[0])
    assert [await house.kinds(name) for name in names] == [[name] for name in names]


async def test_one_project_that_fails_does_not_stop_the_others(house: House, names, tmp_path: Path):
    backup = await take_backup(house.connections, tmp_path)
    await lose_everything(house)
    manifest = json.loads((backup.folder / "manifest.json").read_text())
    first = manifest["projects"][0]["project"]["name"]
    manifest["projects"][0]["tables"] |= {"workflow.entity_schemas": 9}
    manifest["failed"] = [{"name": "broken", "reason": "no disk"}]
    (backup.folder / "manifest.json").write_text(json.dumps(manifest))
    report = await house.restore(backup.folder)
    outcomes = {each.name: each.outcome for each in report.projects}
    assert outcomes == {name: "failed" if name == first else "restored" for name in names}
    assert report.failed
    assert report.absent == (LeftOut(name="broken", reason="no disk"),)
    assert [each.name for each in (await house.projects.list()).projects] == [name for name in names if name != first]


async def test_a_snapshot_without_the_project_it_is_of_is_restored_and_told(house: House, names, tmp_path: Path):
    backup = await take_backup(house.connections, tmp_path)
    await lose_everything(house)
    report = await house.restore(backup.folder, names[1])
    assert report.projects[0].notes == ("the project it is a snapshot of is not there",)


async def killed_restore(house: House, home: Path, programs: Path, *arguments: str) -> None:
    """Run `moorage restore` until its pg_restore begins, and kill it as nobody can prevent."""
    gate = gated_restore(programs)
    environment = {
        **os.environ,
        "MOORAGE_HOME": str(home),
        "MOORAGE_BACKUP__PROGRAMS": str(gate.folder),
        "MOORAGE_POSTGRES__DATABASE": house.connections.provisioner.registry_database,
    }
    command = (sys.executable, "-m", "moorage", "restore", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    restoring = await gate.reached()
    process.kill()
    await process.wait()
    await process_is_gone(restoring)


async def abandoned(house: House, admin) -> list[str]:
    """Return the databases in the making that nobody makes any more."""
    names = await admin.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", staging.STAGING_PREFIX)
    async with house.connections.registry_pool.acquire() as registry:
        return [row["datname"] for row in names if await staging.is_abandoned(registry, row["datname"])]


async def forget_abandoned(house: House, admin) -> None:
    for database in await abandoned(house, admin):
        await admin.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


async def test_a_restore_of_everything_that_was_killed_is_finished_by_repeating_it(
    house: House, names, home: Path, admin, tmp_path: Path
):
    backup = await take_backup(house.connections, tmp_path / "backups")
    await lose_everything(house)
    await house.connections.registry_pool.execute(TOKEN)  # so the registry's own dump is not restored first
    (tmp_path / "programs").mkdir()
    await killed_restore(house, home, tmp_path / "programs", str(backup.folder), "--jobs", "1")
    assert {(await house.projects.get(name)).state for name in names} == {ProjectState.COPYING}
    assert len(await abandoned(house, admin)) == 1
    with pytest.raises(ProjectNotReady):
        await house.kinds(names[0])
    report = await house.restore(backup.folder)
    assert {each.outcome for each in report.projects} == {"restored"}
    assert [await house.kinds(name) for name in names] == [[name] for name in names]
    await forget_abandoned(house, admin)


async def test_what_a_killed_restore_had_finished_is_kept(house: House, names, tmp_path: Path):
    backup = await take_backup(house.connections, tmp_path)
    await house.add(names[0], "after")
    await house.connections.registry_pool.execute(
        "UPDATE public.projects SET state = 'copying' WHERE name = $1", names[1]
    )
    report = await house.restore(backup.folder)
    assert report.kept == (names[0],)
    assert [(each.name, each.outcome) for each in report.projects] == [(names[1], "restored")]
    assert await house.kinds(names[0]) == ["after", names[0]]


async def test_a_replacement_that_was_killed_leaves_the_old_project_at_work(
    house: House, names, home: Path, admin, tmp_path: Path
):
    backup = await take_backup(house.connections, tmp_path / "backups")
    await house.add(names[0], "after")
    (tmp_path / "programs").mkdir()
    wanted = (str(backup.folder), "--project", names[0], "--replace", "--yes", "--force")
    await killed_restore(house, home, tmp_path / "programs", *wanted)
    assert await house.kinds(names[0]) == ["after", names[0]]
    report = await house.restore(backup.folder, names[0], replace=True, force=True)
    assert report.projects[0].outcome == "replaced"
    assert await house.kinds(names[0]) == [names[0]]
    await forget_abandoned(house, admin)


async def test_a_restore_beside_that_was_killed_behind_the_last_rename_is_finished_by_repeating_it(
    house: House, names, name: str, tmp_path: Path
):
    backup = await take_backup(house.connections, tmp_path)
    beside = f"{name}_beside"
    await house.restore(backup.folder, names[0], new_name=beside)
    project = await house.projects.get(beside)
    copying = await store.project_set_state(
        house.connections.registry_pool, project.id, ProjectState.COPYING, from_states=[ProjectState.READY]
    )
    assert copying is not None
    report = await house.restore(backup.folder, names[0], new_name=beside)
    assert report.projects[0].outcome == "restored"
    assert (await house.projects.get(beside)).id == project.id
    assert await house.kinds(beside) == [names[0]]


async def test_a_failure_of_all_leaves_an_empty_registry(house: House, names, tmp_path: Path, admin):
    backup = await take_backup(house.connections, tmp_path / "backups")
    await lose_everything(house)
    (tmp_path / "programs").mkdir()
    with pytest.raises(Exception, match="No space left on device"):
        await house.restore(backup.folder, programs=failing_restore(tmp_path / "programs"))
    assert (await house.projects.list()).projects == ()
    assert await abandoned(house, admin) == []


async def test_a_cancelled_restore_leaves_nothing(house: House, names, tmp_path: Path, admin):
    backup = await take_backup(house.connections, tmp_path / "backups")
    await lose_everything(house)
    (tmp_path / "programs").mkdir()
    gate = gated_restore(tmp_path / "programs")
    restoring = asyncio.create_task(house.restore(backup.folder, *names, programs=gate.folder))
    pid = await gate.reached()
    restoring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await restoring
    await process_is_gone(pid)
    assert (await house.projects.list()).projects == ()
    left = await admin.fetchval(
        "SELECT count(*) FROM pg_database WHERE datname = ANY ($1)", [f"project_{n}" for n in names]
    )
    assert left == 0
    assert await abandoned(house, admin) == []
