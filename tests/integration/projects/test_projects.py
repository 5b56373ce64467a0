"""Projects as callers see them: created, found, listed, measured, deleted; safe against crashes and tampering."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.errors import InvalidInput
from moorage.core.postgres.errors import DiskFull
from moorage.core.postgres.pools import connect
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import (
    DatabaseGone,
    DatabaseTaken,
    FolderTaken,
    InvalidProjectName,
    NotConfirmed,
    ProjectArchived,
    ProjectInUse,
    ProjectNotFound,
    ProjectNotReady,
    ProjectRequired,
    SchemaMissing,
)
from moorage.projects.models import Project, ProjectOrder, ProjectState
from moorage.projects.service import ProjectService


async def database_exists(admin, database_name: str) -> bool:
    return await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", database_name) == 1


async def test_created_project_has_both_schemas_and_its_identity(project: Project, connections):
    async with connections.get_project_connection(project.name) as connection:
        schemas = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname IN ('codebase', 'workflow')")
        owner = await store.identity_get(connection)
    assert project.database_name == f"project_{project.name}"
    assert {row["nspname"] for row in schemas} == {"codebase", "workflow"}
    assert owner == project.id


async def test_creating_twice_returns_the_same_project(projects: ProjectService, project: Project):
    again = await projects.create(project.name, created_by="test")
    assert (again.id, again.created, again.state) == (project.id, False, ProjectState.READY)


async def test_concurrent_creations_of_one_name_make_one_project(projects: ProjectService, name: str):
    made = await asyncio.gather(*(projects.create(name, created_by="test") for _ in range(8)))
    assert len({each.id for each in made}) == 1
    assert sum(each.created for each in made) == 1
    await projects.delete(name, confirm=name, force=True)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "Has-Capital",
        "with space",
        "quo'te",
        'dou"ble',
        "new\nline",
        "trailing\n",
        "nul\0",
        "имя",
        "registry",
        "a" * 56,
        "a" * 200,
    ],
)
async def test_bad_names_are_refused_with_a_usable_proposal(projects: ProjectService, bad: str):
    with pytest.raises(InvalidProjectName) as refused:
        await projects.create(bad, created_by="test")
    proposal = refused.value.hint.split("'")[1]
    assert 1 <= len(proposal) <= 55
    assert refused.value.details["field"] == "project_name"


async def test_longest_name_gives_a_database_name_that_is_not_cut(projects: ProjectService, admin, name: str):
    longest = (name + "x" * 55)[:55]
    created = await projects.create(longest, created_by="test")
    assert len(created.database_name) == 63
    assert await database_exists(admin, created.database_name)
    await projects.delete(longest, confirm=longest, force=True)


async def test_unknown_project_is_a_value_error(connections: ProjectConnectionManager):
    with pytest.raises(ValueError, match="Project 'nonexistent_project' not found in registry") as refused:
        async with connections.get_project_connection("nonexistent_project"):
            pass
    assert isinstance(refused.value, ProjectNotFound)


async def test_call_without_a_project_names_the_choices(projects: ProjectService, project: Project):
    with pytest.raises(ProjectRequired) as refused:
        await projects.resolve(None)
    assert refused.value.details["projects"]


async def test_process_of_one_project_fills_it_in(connections: ProjectConnectionManager):
    own = ProjectService(connections, default_project="own")
    assert await own.resolve(None) == "own"
    assert await own.resolve("other") == "other"


async def test_two_folders_of_one_name_get_different_projects(projects: ProjectService, name: str, tmp_path: Path):
    folders = [tmp_path / "a" / name, tmp_path / "b" / name]
    first, second = [await projects.open_folder(folder, created_by="test") for folder in folders]
    assert (first.name, second.name) == (name, f"{name}_2")
    assert (await projects.open_folder(folders[1], created_by="test")).id == second.id
    found = await projects.find_by_folder(folders[0] / "deep" / "inside")
    assert found is not None
    assert found.id == first.id
    for each in (first, second):
        await projects.delete(each.name, confirm=each.name, force=True)


async def test_folders_opened_at_once_get_one_project_each(projects: ProjectService, name: str, tmp_path: Path):
    folders = [tmp_path / each / name for each in ("a", "b")]
    opened = await asyncio.gather(*(projects.open_folder(folder, created_by="test") for folder in folders * 4))
    assert [each.folder for each in opened] == [str(folder) for folder in folders * 4]
    assert len({each.name for each in opened}) == 2
    for each in {each.name for each in opened}:
        await projects.delete(each, confirm=each, force=True)


async def test_folder_of_another_project_is_refused(projects: ProjectService, project: Project, name: str):
    folder = Path("/somewhere") / name
    await projects.create(f"{name}_f", folder=folder, created_by="test")
    with pytest.raises(FolderTaken):
        await projects.create(f"{name}_g", folder=folder, created_by="test")
    await projects.delete(f"{name}_f", confirm=f"{name}_f", force=True)


async def test_pages_of_projects_follow_each_other(projects: ProjectService, name: str):
    names = sorted(f"{name}_{number}" for number in range(3))
    for each in names:
        await projects.create(each, created_by="test")
    first = await projects.list(after=name, limit=2)
    rest = await projects.list(after=first.next_after or "", limit=200)
    assert [each.name for each in first.projects] == names[:2]
    assert rest.projects[0].name == names[2]
    with pytest.raises(InvalidInput):
        await projects.list(limit=0)
    for each in names:
        await projects.delete(each, confirm=each, force=True)


async def test_a_page_behind_what_is_no_text_is_refused_as_the_callers_fault(projects: ProjectService):
    with pytest.raises(InvalidInput, match="0x00"):
        await projects.list(after="\0")


async def test_stats_measure_the_database(projects: ProjectService, project: Project):
    stats = await projects.stats(project.name)
    assert stats.database_bytes > 1_000_000
    assert {"code_chunks", "entities"} <= {each.table_name for each in stats.tables}


class TestDeleting:
    async def test_needs_the_name_once_more(self, projects: ProjectService, project: Project):
        with pytest.raises(NotConfirmed):
            await projects.delete(project.name, confirm="yes")
        assert (await projects.get(project.name)).state is ProjectState.READY

    async def test_drops_the_database_and_the_row(self, projects: ProjectService, admin, name: str):
        created = await projects.create(name, created_by="test")
        await projects.delete(name, confirm=name, force=True)
        assert not await database_exists(admin, created.database_name)
        with pytest.raises(ProjectNotFound):
            await projects.get(name)

    async def test_is_refused_while_somebody_works_in_it(self, projects, project: Project, address):
        stranger = await connect(address, project.database_name)
        try:
            await stranger.execute("SET application_name = 'psql'")
            with pytest.raises(ProjectInUse, match="psql"):
                await projects.delete(project.name, confirm=project.name)
        finally:
            await stranger.close()

    async def test_that_was_interrupted_is_finished_by_the_next_call(self, projects, connections, name: str, admin):
        created = await projects.create(name, created_by="test")
        states = list(ProjectState)
        await store.project_set_state(connections.registry_pool, created.id, ProjectState.DELETING, from_states=states)
        with pytest.raises(ProjectNotReady):
            await projects.create(name, created_by="test")
        await projects.delete(name, confirm=name)
        assert not await database_exists(admin, created.database_name)


class TestTombstones:
    async def test_say_who_deleted_what_and_where_its_backup_lies(self, connections, name: str):
        async def back_up(project: str) -> str:
            assert project == name
            return "/backups/last"

        projects = ProjectService(connections, back_up=back_up)
        await projects.create(name, description="A site", created_by="test")
        with acting_as(Caller("ann", Scope.ADMIN)):
            await projects.delete(name, confirm=name, back_up_first=True)
        (stone,) = [each for each in await projects.deleted(limit=20) if each.name == name]
        assert (stone.deleted_by, stone.backup, stone.description) == ("ann", "/backups/last", "A site")

    async def test_nothing_is_written_between_the_backup_and_the_end(self, connections, name: str):
        async def back_up(project: str) -> str:
            with pytest.raises(ProjectArchived):
                async with connections.get_project_connection(project) as connection:
                    await connection.execute("DELETE FROM workflow.entities")
            return "/backups/last"

        projects = ProjectService(connections, back_up=back_up)
        await projects.create(name, created_by="test")
        assert (await projects.delete(name, confirm=name, back_up_first=True)).backup == "/backups/last"

    async def test_keep_the_backup_of_a_deletion_that_was_interrupted(self, projects, connections, name: str):
        created = await projects.create(name, created_by="test")
        registry = connections.registry_pool
        await store.project_begin_delete(registry, created.id, deleted_by="ann", backup="/backups/last")
        assert name not in [each.name for each in await projects.deleted(limit=20)]
        await projects.delete(name, confirm=name, back_up_first=True)
        (stone,) = [each for each in await projects.deleted(limit=20) if each.name == name]
        assert stone.backup == "/backups/last"

    async def test_are_not_written_for_a_project_whose_backup_fails(self, connections, project: Project):
        async def fail(_project: str) -> str:
            raise DiskFull("the folder of the backups is full")

        projects = ProjectService(connections, back_up=fail)
        with pytest.raises(DiskFull):
            await projects.delete(project.name, confirm=project.name, force=True, back_up_first=True)
        assert (await projects.get(project.name)).state is ProjectState.READY


async def test_the_foremost_projects_are_the_largest_or_those_used_last(projects, project, connections, name: str):
    other = await projects.create(f"{name}_o", created_by="test")
    registry = connections.registry_pool
    await store.project_set_sizes(registry, {project.id: 10**15, other.id: 10**16})
    days = {project.id: datetime(2999, 1, 2, tzinfo=UTC), other.id: datetime(2999, 1, 1, tzinfo=UTC)}
    await store.project_set_last_used(registry, days)
    largest = await projects.foremost(ProjectOrder.SIZE, limit=2)
    used_last = await projects.foremost(ProjectOrder.LAST_USE, limit=2)
    assert [each.name for each in largest.projects] == [other.name, name]
    assert [each.name for each in used_last.projects] == [name, other.name]
    await projects.delete(other.name, confirm=other.name, force=True)


class TestInterruptedCreation:
    """A crash at each step of creation leaves what the next call finishes."""

    async def begin(self, connections, name: str) -> Project:
        inserted = await store.project_insert(
            connections.registry_pool, name=name, description=None, folder=None, created_by="test", server="main"
        )
        assert inserted is not None
        return inserted

    async def finish(self, projects: ProjectService, connections, name: str) -> None:
        with pytest.raises(ProjectNotReady):
            async with connections.get_project_connection(name):
                pass
        assert (await projects.create(name, created_by="test")).state is ProjectState.READY
        async with connections.get_project_connection(name) as connection:
            assert await connection.fetchval("SELECT count(*) FROM workflow.entities") == 0
        await projects.delete(name, confirm=name, force=True)

    async def test_after_the_row(self, projects, connections, name: str):
        await self.begin(connections, name)
        await self.finish(projects, connections, name)

    async def test_after_the_database(self, projects, connections, name: str, admin):
        created = await self.begin(connections, name)
        template = connections.provisioner.template_name
        await admin.execute(f'CREATE DATABASE "{created.database_name}" TEMPLATE "{template}"')
        await self.finish(projects, connections, name)

    async def test_after_the_identity(self, projects, connections, name: str):
        created = await self.begin(connections, name)
        await connections.provisioner.ensure_database(created)
        await self.finish(projects, connections, name)

    async def test_of_the_template_begins_again(self, projects, connections, name: str, admin):
        await projects.create(f"{name}_a", created_by="test")
        template = connections.provisioner.template_name
        await admin.execute(f'ALTER DATABASE "{template}" ALLOW_CONNECTIONS true')
        created = await self.begin(connections, name)
        assert created.state is ProjectState.CREATING
        await self.finish(projects, connections, name)
        await projects.delete(f"{name}_a", confirm=f"{name}_a", force=True)

    async def test_by_a_deletion_leaves_no_database(self, projects, connections, name: str, admin):
        created = await self.begin(connections, name)
        await projects.delete(name, confirm=name)
        with pytest.raises(ProjectNotReady, match="deleted while"):
            await connections.provisioner.ensure_database(created)
        assert not await database_exists(admin, created.database_name)


class TestTampering:
    async def test_a_database_that_belongs_to_nobody_known_is_not_taken(self, projects, admin, name: str):
        await admin.execute(f'CREATE DATABASE "project_{name}"')
        with pytest.raises(RuntimeError):
            await projects.create(name, created_by="test")
        await admin.execute(f'DROP DATABASE "project_{name}"')

    async def test_a_dropped_database_is_told(self, projects, project: Project, connections, admin):
        await projects.stats(project.name)
        await admin.execute(f'DROP DATABASE "{project.database_name}" WITH (FORCE)')
        with pytest.raises(DatabaseGone):
            await projects.stats(project.name)

    async def test_swapped_databases_are_not_mixed_up(self, projects, project: Project, name: str, admin):
        other = await projects.create(f"{name}_o", created_by="test")
        await admin.execute(f'ALTER DATABASE "{project.database_name}" RENAME TO "{name}_tmp"')
        await admin.execute(f'ALTER DATABASE "{other.database_name}" RENAME TO "{project.database_name}"')
        with pytest.raises(DatabaseTaken):
            await projects.stats(project.name)
        await admin.execute(f'DROP DATABASE "{name}_tmp" WITH (FORCE)')
        await projects.delete(other.name, confirm=other.name, force=True)

    async def test_a_missing_schema_is_a_runtime_error_that_names_it(self, project: Project, connections, address):
        intruder = await connect(address, project.database_name)
        await intruder.execute("DROP SCHEMA codebase CASCADE")
        await intruder.close()
        with pytest.raises(RuntimeError, match="Schema 'codebase' not found in project database") as refused:
            async with connections.get_project_connection(project.name):
                pass
        assert isinstance(refused.value, SchemaMissing)

    async def test_a_query_on_a_missing_table_is_a_runtime_error(self, project: Project, connections):
        with pytest.raises(RuntimeError):
            async with connections.get_project_connection(project.name) as connection:
                await connection.fetch("SELECT 1 FROM codebase.nothing_of_this_name")
