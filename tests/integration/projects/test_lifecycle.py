"""The life of a project: archived and back, named, limited."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest

from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import connect
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import (
    FolderTaken,
    ProjectArchived,
    ProjectInUse,
    ProjectNotFound,
    ProjectNotReady,
    QuotaExceeded,
)
from moorage.projects.models import DeletedProject, Project, ProjectState
from moorage.projects.provisioning import Provisioner
from moorage.projects.sessions import make_read_only
from moorage.projects.settings import ConnectionSettings
from moorage.projects.writing import find_writable
from moorage.systems import LINES

WRITE = "INSERT INTO moorage.lines (name) VALUES ('written') ON CONFLICT DO NOTHING"


@pytest.fixture
async def elsewhere(address):
    """The connections of another process."""
    manager = ProjectConnectionManager(Provisioner(address, "mcp_registry", LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield manager
    await manager.close()


@pytest.fixture
async def stranger(project: Project, address):
    """A session of another program in the project's database."""
    connection = await connect(address, project.database_name)
    await connection.execute("SET application_name = 'psql'")
    yield connection
    await connection.close()


async def write(connections: ProjectConnectionManager, name: str) -> None:
    async with connections.get_project_connection(name) as connection:
        await connection.execute(WRITE)


class TestArchiving:
    async def test_lets_postgresql_refuse_what_would_write(self, projects, project, connections, stranger, address):
        await projects.lifecycle.archive(project.name, force=True)
        with pytest.raises(ProjectArchived) as refused:
            await write(connections, project.name)
        assert "unarchive" in refused.value.hint
        outside = await connect(address, project.database_name)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await outside.execute(WRITE)
        await outside.close()

    async def test_leaves_the_project_readable(self, projects, project, connections):
        archived = await projects.lifecycle.archive(project.name)
        async with connections.get_project_connection(project.name) as connection:
            assert await store.identity_get(connection) == project.id
        assert (archived.state, archived.generation) == (ProjectState.ARCHIVED, project.generation + 1)

    async def test_is_undone_by_unarchiving(self, projects, project, connections):
        await projects.lifecycle.archive(project.name)
        assert (await projects.lifecycle.unarchive(project.name)).state is ProjectState.READY
        await write(connections, project.name)

    async def test_reaches_the_connections_that_other_processes_keep(self, projects, project, elsewhere):
        await write(elsewhere, project.name)
        await projects.lifecycle.archive(project.name, force=True)
        with pytest.raises(ProjectArchived):
            await write(elsewhere, project.name)
        await projects.lifecycle.unarchive(project.name)
        await write(elsewhere, project.name)

    async def test_that_was_interrupted_is_finished_by_the_next_call(self, projects, project, connections, admin):
        await make_read_only(admin, project.database_name)  # and was killed before the registry knew
        assert (await projects.lifecycle.archive(project.name)).state is ProjectState.ARCHIVED

    async def test_and_deleting_at_once_leave_nothing(self, projects, name, admin):
        created = await projects.create(name, created_by="test")
        turned, deleted = await asyncio.gather(
            projects.lifecycle.archive(name, force=True),
            projects.delete(name, confirm=name, force=True),
            return_exceptions=True,
        )
        assert isinstance(deleted, DeletedProject)
        assert isinstance(turned, Project | ProjectInUse | ProjectNotReady | ProjectNotFound)
        assert not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", created.database_name)

    async def test_that_is_refused_changes_nothing_else_of_the_same_call(self, projects, project, stranger):
        with pytest.raises(ProjectInUse):
            await projects.lifecycle.change(project.name, title="Shelved", archived=True)
        with pytest.raises(InvalidInput):
            await projects.lifecycle.change(project.name, title="x" * 10_000, archived=True)
        now = await projects.get(project.name)
        assert (now.title, now.state) == (None, ProjectState.READY)

    async def test_is_refused_while_somebody_works_in_it(self, projects, project, stranger):
        with pytest.raises(ProjectInUse, match="psql"):
            await projects.lifecycle.archive(project.name)
        assert (await projects.get(project.name)).state is ProjectState.READY


class TestEditing:
    async def test_changes_what_is_named_and_leaves_the_rest(self, projects, project):
        await projects.lifecycle.edit(project.name, title="Site", description="Marketing")
        edited = await projects.lifecycle.edit(project.name, description="")
        assert (edited.title, edited.description, edited.folder) == ("Site", None, None)

    async def test_refuses_the_folder_of_another_project(self, projects, project, name, tmp_path):
        other = await projects.open_folder(tmp_path / f"{name}_f", created_by="test")
        with pytest.raises(FolderTaken):
            await projects.lifecycle.edit(name, folder=other.folder)
        await projects.lifecycle.edit(other.name, folder="")
        assert (await projects.lifecycle.edit(name, folder=other.folder)).folder == other.folder
        await projects.delete(other.name, confirm=other.name, force=True)

    async def test_refuses_a_title_that_is_no_line(self, projects, project):
        with pytest.raises(InvalidInput, match="201 characters"):
            await projects.lifecycle.edit(project.name, title="x" * 201)


class TestLimits:
    async def test_of_size_refuse_writes_to_come_and_name_the_way_out(self, projects, project, connections):
        await projects.lifecycle.limit(project.name, max_bytes=1_000_000)
        with pytest.raises(QuotaExceeded, match=r"of the 1\.0MB") as refused:
            await find_writable(connections, project.name)
        assert refused.value.details["database_bytes"] > 1_000_000
        await projects.lifecycle.limit(project.name, max_bytes=0)
        assert (await find_writable(connections, project.name)).max_bytes is None

    async def test_of_the_settings_hold_where_a_project_has_none_of_its_own(self, projects, project, connections):
        connections.max_bytes = 1_000_000
        with pytest.raises(QuotaExceeded):
            await find_writable(connections, project.name)
        await projects.lifecycle.limit(project.name, max_bytes=10**12)
        await find_writable(connections, project.name)

    async def test_of_connections_hold_for_living_pools(self, projects, project, connections):
        async with connections.get_project_connection(project.name):
            await projects.lifecycle.limit(project.name, max_connections=1)
            waiting = asyncio.create_task(write(connections, project.name))
            while connections.budget.waiting == 0 and not waiting.done():
                await asyncio.sleep(0)
            assert connections.get_pool_stats()[project.name]["max"] == 1
        await waiting

    async def test_of_more_connections_than_usual_open_a_larger_pool(self, projects, project, connections):
        await write(connections, project.name)
        await projects.lifecycle.limit(project.name, max_connections=8)
        async with AsyncExitStack() as stack:
            for _ in range(8):
                await stack.enter_async_context(connections.get_project_connection(project.name))
            assert connections.get_pool_stats()[project.name]["active"] == 8

    async def test_cannot_be_negative(self, projects, project):
        with pytest.raises(InvalidInput):
            await projects.lifecycle.limit(project.name, max_bytes=-1)


async def test_whoever_claims_a_project_is_not_ended_for_waiting(connections, admin):
    """A move holds its claim for as long as the copying takes, on a server that may end transactions that idle."""
    provisioner = connections.provisioner
    setting = f'ALTER DATABASE "{provisioner.registry_database}" {{}} idle_in_transaction_session_timeout'
    await admin.execute(setting.format("SET") + " = '10ms'")
    try:
        async with provisioner.registry_transaction() as holder:
            assert await holder.fetchval("SHOW idle_in_transaction_session_timeout") == "0"
    finally:
        await admin.execute(setting.format("RESET"))
