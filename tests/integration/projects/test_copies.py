"""Copies of projects: clones, snapshots, and going back to one."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.postgres.pools import connect
from moorage.projects import staging, store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import (
    InvalidProjectName,
    NameTaken,
    NotASnapshot,
    NotConfirmed,
    ProjectArchived,
    ProjectInUse,
    ProjectNotFound,
    SchemaMissing,
)
from moorage.projects.lifecycle import copies
from moorage.projects.models import Project, ProjectState
from moorage.projects.roles import RoleKind, ensure_role
from moorage.projects.staging import STAGING_PREFIX, set_database_settings
from moorage.projects.store import database_settings


async def write(connections: ProjectConnectionManager, project: str, line: str) -> None:
    async with connections.get_project_connection(project) as connection:
        await connection.execute("INSERT INTO moorage.lines (name) VALUES ($1)", line)


async def written(connections: ProjectConnectionManager, project: str) -> set[str]:
    async with connections.get_project_connection(project) as connection:
        return set(await store.line_names(connection)) - {"projects", "codebase", "workflow"}


@pytest.fixture
async def dropped(projects, connections, name):
    """Whatever a test copies its project to is dropped after it."""
    yield
    page = await projects.list(after=name, limit=20)
    for each in page.projects:
        if each.name.startswith(f"{name}_"):
            await projects.delete(each.name, confirm=each.name, force=True)


@pytest.fixture(autouse=True)
async def no_staging_left(admin):
    yield
    count = "SELECT count(*) FROM pg_database WHERE starts_with(datname, $1)"
    assert await admin.fetchval(count, STAGING_PREFIX) == 0


@pytest.mark.usefixtures("dropped")
class TestClones:
    async def test_hold_what_the_source_holds_and_go_their_own_way(self, projects, project, connections, name):
        await write(connections, name, "before")
        clone = await projects.copies.clone(name, f"{name}_b", force=True)
        await write(connections, clone.name, "in the clone")
        await write(connections, name, "in the source")
        assert await written(connections, clone.name) == {"before", "in the clone"}
        assert await written(connections, name) == {"before", "in the source"}

    async def test_are_projects_of_their_own(self, projects, project, name):
        clone = await projects.copies.clone(name, f"{name}_b")
        assert (clone.state, clone.folder, clone.snapshot_of) == (ProjectState.READY, None, None)
        assert clone.id != project.id

    async def test_have_the_settings_of_the_source_s_database(self, projects, project, admin, address, name):
        own = await connect(address, project.database_name)
        await set_database_settings(own, ["work_mem=64MB"])
        await own.close()
        clone = await projects.copies.clone(name, f"{name}_b", force=True)
        assert await database_settings(admin, clone.database_name) == ["work_mem=64MB"]

    async def test_of_large_projects_are_copied_by_file(self, projects, project, connections, name, monkeypatch):
        monkeypatch.setattr(staging, "FILE_COPY_FROM_BYTES", 1)
        await write(connections, name, "before")
        await projects.copies.clone(name, f"{name}_b", force=True)
        assert await written(connections, f"{name}_b") == {"before"}

    async def test_that_fail_leave_neither_row_nor_database(self, projects, project, name, monkeypatch):
        async def fail(*_arguments):
            raise SchemaMissing("a table is lost")

        monkeypatch.setattr(copies, "write_identity", fail)
        with pytest.raises(SchemaMissing):
            await projects.copies.clone(name, f"{name}_b")
        with pytest.raises(ProjectNotFound):
            await projects.get(f"{name}_b")

    async def test_of_an_archived_project_can_be_written_to(self, projects, project, connections, name):
        await projects.lifecycle.archive(name)
        await projects.copies.clone(name, f"{name}_b")
        await write(connections, f"{name}_b", "new")

    async def test_are_refused_while_somebody_works_in_the_source(self, projects, project, connections, address, name):
        writer = await connect(address, project.database_name)
        async with writer.transaction():
            await writer.execute("INSERT INTO moorage.lines (name) VALUES ('not committed')")
            with pytest.raises(ProjectInUse):
                await projects.copies.clone(name, f"{name}_b")
        await writer.close()
        with pytest.raises(ProjectNotFound):
            await projects.get(f"{name}_b")

    async def test_made_with_force_roll_back_who_works_in_the_source(
        self, projects, project, connections, address, name
    ):
        writer = await connect(address, project.database_name)
        await writer.execute("BEGIN")
        await writer.execute("INSERT INTO moorage.lines (name) VALUES ('not committed')")
        await projects.copies.clone(name, f"{name}_b", force=True)
        assert writer.is_closed()
        assert await written(connections, f"{name}_b") == set()

    async def test_need_a_source_and_a_free_name(self, projects, project, name):
        with pytest.raises(ProjectNotFound):
            await projects.copies.clone(f"{name}_missing", f"{name}_b")
        with pytest.raises(NameTaken):
            await projects.copies.clone(name, name)
        with pytest.raises(InvalidProjectName):
            await projects.copies.clone(name, "Not A Name")

    async def test_to_one_name_at_once_make_one(self, projects, project, name):
        made = await asyncio.gather(
            *(projects.copies.clone(name, f"{name}_b", force=True) for _ in range(2)), return_exceptions=True
        )
        assert sum(isinstance(each, Project) for each in made) == 1
        assert sum(isinstance(each, ProjectInUse | NameTaken) for each in made) == 1


@pytest.mark.usefixtures("dropped")
class TestSnapshots:
    async def test_are_archived_and_listed_with_their_project(self, projects, project, connections, name):
        first = await projects.copies.snapshot(name, label="one")
        second = await projects.copies.snapshot(name, label="two", force=True)
        assert first.name == f"{name}_one"
        assert [each.id for each in await projects.copies.snapshots(name)] == [second.id, first.id]
        with pytest.raises(ProjectArchived):
            await write(connections, first.name, "no")

    async def test_without_a_label_are_named_after_the_time(self, projects, project, name):
        snapshot = await projects.copies.snapshot(name)
        assert snapshot.name.removeprefix(f"{name}_").replace("_", "").isdigit()

    async def test_restore_what_was_there(self, projects, project, connections, name):
        await write(connections, name, "before")
        await projects.copies.snapshot(name, label="s", force=True)
        await write(connections, name, "after")
        back = await projects.copies.rollback(name, to=f"{name}_s", confirm=name, force=True)
        assert await written(connections, name) == {"before"}
        assert (back.id, back.state) == (project.id, ProjectState.READY)
        await write(connections, name, "goes on")

    async def test_leave_the_roles_of_the_project_their_grants(self, projects, project, connections, admin, name):
        await projects.copies.snapshot(name, label="s")
        role = await ensure_role(connections.provisioner, project, RoleKind.READ)
        await projects.copies.rollback(name, to=f"{name}_s", confirm=name)
        assert await admin.fetchval("SELECT has_database_privilege($1, $2, 'CONNECT')", role, project.database_name)

    @pytest.mark.parametrize("step", ["_answers", "enter"])
    async def test_put_the_old_database_back_when_the_new_one_does_not_answer_or_the_registry_is_not_told(
        self, projects, project, connections, name, monkeypatch, step
    ):
        await projects.copies.snapshot(name, label="s")
        await write(connections, name, "after")

        async def fail(*_arguments, **_options):
            raise SchemaMissing("a table is lost")

        monkeypatch.setattr(copies, step, fail)
        with pytest.raises(SchemaMissing):
            await projects.copies.rollback(name, to=f"{name}_s", confirm=name, force=True)
        assert await written(connections, name) == {"after"}

    async def test_are_rolled_back_to_only_with_the_name_once_more(self, projects, project, name):
        await projects.copies.snapshot(name, label="s")
        with pytest.raises(NotConfirmed):
            await projects.copies.rollback(name, to=f"{name}_s", confirm="yes")

    async def test_of_other_projects_are_refused(self, projects, project, name):
        await projects.create(f"{name}_other", created_by="test")
        with pytest.raises(NotASnapshot):
            await projects.copies.rollback(name, to=f"{name}_other", confirm=name)
