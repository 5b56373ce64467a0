"""Writes that are cut off, and writes that may not be: each happens once, or not at all."""

from __future__ import annotations

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.errors import Unavailable
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ProjectArchived, ProjectNotFound, QuotaExceeded
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.work.store import graph_lock_in
from tests.support.batching_process import batching_process
from tests.support.cutting_proxy import cutting_proxy
from tests.support.waiting import until
from tests.support.work_items import make_task, workflow_with_tasks

NEW = {"title": "Mend the roof"}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"


@pytest.fixture
async def service(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
async def cut_off(address, project, service):
    """The services of another process, which reaches the server by way of the proxy."""
    async with cutting_proxy(address) as proxy:
        manager = ProjectConnectionManager(
            Provisioner(proxy.address, "mcp_registry", LINES), ConnectionSettings(registry_min=0)
        )
        await manager.initialize()
        yield proxy, make_service(manager, WorkflowSettings())
        await manager.close()


def calls(service, project_name: str, key: str) -> dict:
    """Return every kind of write, as a call that can be repeated."""
    named = {"idempotency_key": key}
    entities, batches = service.entities, service.batches
    return {
        "create": lambda: entities.create(project_name, "task", NEW, **named),
        "update": lambda: entities.update(project_name, "T-1", {**NEW, "status": "blocked"}, force=True, **named),
        "delete": lambda: entities.delete(project_name, "T-1", expected_version=1, **named),
        "restore": lambda: entities.restore(project_name, "T-2", expected_version=2, **named),
        "batch": lambda: batches.apply(project_name, [{"op": "create", "schema_name": "task", "data": NEW}], **named),
    }


@pytest.mark.parametrize("call", ["create", "update", "delete", "restore", "batch"])
async def test_a_call_cut_off_after_its_commit_and_repeated_is_done_once(service, project, cut_off, connections, call):
    await make_task(service, project.name)
    gone = await make_task(service, project.name, "Gone")
    await service.entities.delete(project.name, gone.key, expected_version=1)
    proxy, cut_service = cut_off
    act = calls(cut_service, project.name, "k")[call]
    await cut_service.entities.get(project.name, "T-1")
    proxy.armed = True
    with pytest.raises(Unavailable):
        await act()
    before = await written(connections, project)
    assert (await act()).repeated
    assert await written(connections, project) == before == 4


async def test_a_process_killed_in_the_middle_of_a_batch_leaves_nothing(address, service, project, connections, admin):
    """It has created the entities, and waits for the links of the project."""
    create = {"op": "create", "schema_name": "task", "data": NEW}
    link = {"op": "link", "entity_id": "$a", "kind": "blocks", "target": "$b"}
    operations = [{**create, "ref": "a"}, {**create, "ref": "b"}, link]
    async with connections.connection_to(project) as connection, connection.transaction():
        await graph_lock_in(connection)
        async with batching_process(address, project.name, operations) as process:
            await until(lambda: admin.fetchval(WAITING, project.database_name))
            process.kill()
            await process.wait()
    assert await written(connections, project) == 0
    assert (await make_task(service, project.name)).version == 1


async def written(connections, project) -> int:
    """Return how many versions there are of all entities."""
    async with connections.connection_to(project) as connection:
        return await connection.fetchval("SELECT count(*) FROM workflow.entity_versions")


class TestProjectsThatTakeNoWrites:
    @pytest.mark.parametrize("call", ["create", "update", "delete", "restore", "batch"])
    async def test_because_they_are_archived_say_so(self, service, project, projects, call):
        await make_task(service, project.name)
        await make_task(service, project.name)
        await projects.lifecycle.archive(project.name, force=True)
        with pytest.raises(ProjectArchived):
            await calls(service, project.name, "k")[call]()
        assert (await service.entities.get(project.name, "T-1")).version == 1

    @pytest.mark.parametrize("call", ["create", "update", "delete", "restore", "batch"])
    async def test_because_they_are_full_say_so(self, service, project, projects, call):
        await make_task(service, project.name)
        await projects.lifecycle.limit(project.name, max_bytes=1_000_000)
        with pytest.raises(QuotaExceeded):
            await calls(service, project.name, "k")[call]()

    @pytest.mark.parametrize("call", ["create", "update", "delete", "restore", "batch"])
    async def test_because_they_are_anothers_are_not_there(self, service, project, call):
        with acting_as(Caller("stranger", Scope.WRITE, frozenset({"other"}))), pytest.raises(ProjectNotFound):
            await calls(service, project.name, "k")[call]()
