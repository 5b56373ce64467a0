"""Tables that are older or newer than the program, and several processes that bring them up to date at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from moorage.core.postgres.migrations import SchemaIsNewer, lock_migrations_in, migrate, version_of
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import NeedsMigration, SchemaMissing
from moorage.projects.migrating import migrate_all
from moorage.projects.provisioning import REGISTRY_LINE, Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from tests.support.programs import started
from tests.support.waiting import until

AGE = """
    DROP SCHEMA workflow CASCADE;
    DELETE FROM moorage.lines WHERE name = 'workflow';
"""
WORKFLOW = next(line for line in LINES if line.name == "workflow")


@pytest.fixture
def managed(address):
    @asynccontextmanager
    async def opened(*, auto_migrate: bool):
        provisioner = Provisioner(address, "mcp_registry", LINES)
        manager = ProjectConnectionManager(provisioner, ConnectionSettings(registry_min=0), auto_migrate=auto_migrate)
        await manager.initialize()
        try:
            yield manager
        finally:
            await manager.close()

    return opened


async def execute(address, database: str, statements: str) -> None:
    connection = await connect(address, database)
    await connection.execute(statements)
    await connection.close()


async def count_entities(manager: ProjectConnectionManager, project: str) -> int:
    async with manager.get_project_connection(project) as connection:
        return await connection.fetchval("SELECT count(*) FROM workflow.entities")


async def is_waited_for(holder) -> bool:
    """Tell whether somebody waits for an advisory lock in the holder's database."""
    return await holder.fetchval("""
        SELECT EXISTS (
            SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
        )
    """)


def of(report, *names: str) -> dict[str, str]:
    return {each.project_name: each.outcome for each in report.projects if each.project_name in names}


async def test_older_tables_are_refused_with_the_way_out(managed, project, address):
    await execute(address, project.database_name, AGE)
    async with managed(auto_migrate=False) as manager:
        with pytest.raises(NeedsMigration, match="workflow") as refused:
            await count_entities(manager, project.name)
    assert "moorage migrate" in refused.value.hint


async def test_older_tables_are_brought_up_to_date_where_that_is_wanted(managed, project, address):
    await execute(address, project.database_name, AGE)
    async with managed(auto_migrate=True) as manager:
        counts = await asyncio.gather(*(count_entities(manager, project.name) for _ in range(5)))
    assert counts == [0] * 5


async def test_newer_tables_are_refused_and_left_as_they_are(managed, project, address):
    newer = "UPDATE workflow.schema_version SET version_num = '20991231_01_future'"
    await execute(address, project.database_name, newer)
    async with managed(auto_migrate=True) as manager:
        with pytest.raises(SchemaIsNewer, match="20991231_01_future"):
            await count_entities(manager, project.name)
        report = await migrate_all(ProjectService(manager))
        assert of(report, project.name) == {project.name: "failed"}
    connection = await connect(address, project.database_name)
    assert await version_of(connection, WORKFLOW) == "20991231_01_future"
    await connection.close()


async def test_a_newer_registry_is_refused(managed, address, admin, name: str):
    await admin.execute(f'CREATE DATABASE "{name}"')
    await migrate(address, name, (REGISTRY_LINE,))
    await execute(address, name, "UPDATE public.moorage_schema_version SET version_num = '20991231_01_future'")
    with pytest.raises(SchemaIsNewer):
        await ProjectConnectionManager(Provisioner(address, name, LINES)).initialize()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_two_processes_that_migrate_at_once_move_each_line_once(project, address):
    await execute(address, project.database_name, AGE)
    moved = await asyncio.gather(*(migrate(address, project.database_name, LINES) for _ in range(4)))
    assert sorted(moved, key=len) == [{}, {}, {}, {"workflow": ""}]


async def test_two_processes_that_make_the_registry_at_once_make_one(address, admin, name: str):
    makers = [Provisioner(address, name, LINES) for _ in range(4)]
    await asyncio.gather(*(each.ensure_registry() for each in makers))
    connection = await connect(address, name)
    assert await connection.fetchval("SELECT count(*) FROM public.projects") == 0
    await connection.close()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_a_dry_run_tells_what_would_move_and_changes_nothing(managed, project, address):
    await execute(address, project.database_name, AGE)
    async with managed(auto_migrate=False) as manager:
        service = ProjectService(manager)
        assert of(await migrate_all(service, dry_run=True), project.name) == {project.name: "pending"}
        assert of(await migrate_all(service, dry_run=True), project.name) == {project.name: "pending"}
        assert of(await migrate_all(service), project.name) == {project.name: "migrated"}
        assert of(await migrate_all(service, dry_run=True), project.name) == {project.name: "current"}


async def test_tables_that_were_lost_are_not_made_anew_in_silence(managed, project, address):
    await execute(address, project.database_name, "DROP SCHEMA workflow CASCADE")
    async with managed(auto_migrate=True) as manager:
        with pytest.raises(SchemaMissing, match="workflow"):
            await count_entities(manager, project.name)
        report = await migrate_all(ProjectService(manager))
        assert of(report, project.name) == {project.name: "failed"}


async def test_a_killed_migration_leaves_each_project_old_or_new_and_is_taken_up_again(
    managed, projects, address, home, tmp_path, name: str
):
    """The second of two projects is held by its lock when the program is killed."""
    created = [await projects.create(f"{name}_{letter}", created_by="test") for letter in "ab"]
    for each in created:
        await execute(address, each.database_name, AGE)
    holder = await connect(address, created[1].database_name)
    async with holder.transaction():
        await lock_migrations_in(holder)
        async with started(home, tmp_path, "migrate", "--jobs", "1") as program:
            await until(lambda: is_waited_for(holder))
            program.process.kill()
    await holder.close()
    async with managed(auto_migrate=False) as manager:
        service = ProjectService(manager)
        before = of(await migrate_all(service, dry_run=True), *(each.name for each in created))
        assert before == {created[0].name: "current", created[1].name: "pending"}
        after = of(await migrate_all(service), *(each.name for each in created))
        assert after == {created[0].name: "current", created[1].name: "migrated"}
    for each in created:
        await projects.delete(each.name, confirm=each.name, force=True)


async def test_one_project_that_fails_does_not_stop_the_others_and_is_taken_up_again(
    managed, projects, address, name: str
):
    names = [f"{name}_{letter}" for letter in "abc"]
    for each in names:
        created = await projects.create(each, created_by="test")
        await execute(address, created.database_name, AGE)
    await execute(address, f"project_{names[1]}", "CREATE SCHEMA workflow CREATE TABLE entities (in_the_way integer)")
    async with managed(auto_migrate=False) as manager:
        service = ProjectService(manager)
        report = await migrate_all(service)
        assert of(report, *names) == {names[0]: "migrated", names[1]: "failed", names[2]: "migrated"}
        assert report.failed
        await execute(address, f"project_{names[1]}", "DROP SCHEMA workflow CASCADE")
        report = await migrate_all(service)
        assert of(report, *names) == {names[0]: "current", names[1]: "migrated", names[2]: "current"}
        assert [await count_entities(manager, each) for each in names] == [0, 0, 0]
    for each in names:
        await projects.delete(each, confirm=each, force=True)
