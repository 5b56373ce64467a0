"""A project is remembered for a moment; what another process did to it meanwhile is obeyed all the same."""

from __future__ import annotations

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ProjectArchived, ProjectNotFound, ProjectNotReady
from moorage.projects.models import ProjectState
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.sessions import end_sessions
from moorage.projects.settings import ConnectionSettings
from moorage.projects.transitions import enter
from moorage.projects.writing import find_writable
from moorage.systems import LINES
from tests.conftest import REGISTRY

WRITE = "CREATE TABLE public.written ()"


@pytest.fixture
async def others(address):
    """The projects of another process: a connection manager that shares nothing with the test's."""
    manager = ProjectConnectionManager(Provisioner(address, REGISTRY, LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield ProjectService(manager)
    await manager.close()


async def use(connections, name: str, statement: str = "SELECT 1") -> None:
    async with connections.get_project_connection(name) as connection:
        await connection.execute(statement)


async def test_calls_that_follow_each_other_ask_the_registry_once(connections, project):
    found = await connections.find_project(project.name)
    assert await connections.recall_project(project.name) is found


async def test_one_archived_by_another_process_takes_no_write_from_those_that_remember_it(connections, project, others):
    await use(connections, project.name)
    await others.lifecycle.archive(project.name, force=True)
    with pytest.raises(ProjectArchived):
        await use(connections, project.name, WRITE)
    await use(connections, project.name)


async def test_one_deleted_by_another_process_is_not_found(connections, projects, name, others):
    await projects.create(name, created_by="test")
    await use(connections, name)
    await others.delete(name, confirm=name, force=True)
    with pytest.raises(ProjectNotFound):
        await use(connections, name)


async def test_one_deleted_and_made_anew_by_another_process_is_reached_as_the_new_one(
    connections, projects, name, others
):
    await projects.create(name, created_by="test")
    await use(connections, name, WRITE)
    await others.delete(name, confirm=name, force=True)
    await others.create(name, created_by="test")
    await use(connections, name, WRITE)
    await others.delete(name, confirm=name, force=True)


async def test_a_change_by_this_process_is_seen_at_once(connections, projects, project):
    await find_writable(connections, project.name)
    await projects.lifecycle.archive(project.name)
    with pytest.raises(ProjectArchived):
        await find_writable(connections, project.name)


async def test_what_one_caller_found_another_does_not_see(connections, project):
    await use(connections, project.name)
    stranger = Caller("stranger", Scope.ADMIN, frozenset({"another"}))
    with acting_as(stranger), pytest.raises(ProjectNotFound):
        await use(connections, project.name)


async def test_one_moved_by_another_process_is_told_to_be_moving(connections, project, others, admin):
    await use(connections, project.name)
    await admin.execute(f'ALTER DATABASE "{project.database_name}" SET default_transaction_read_only = on')
    await enter(others.connections, project, ProjectState.MOVING, from_states=(ProjectState.READY,))
    async with others.connections.provisioner.maintenance() as server:
        await end_sessions(server, project.database_name)
    with pytest.raises(ProjectNotReady, match="is moving"):
        await use(connections, project.name, WRITE)
    await enter(others.connections, project, ProjectState.READY, from_states=(ProjectState.MOVING,))
