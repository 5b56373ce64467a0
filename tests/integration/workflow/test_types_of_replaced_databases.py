"""A database put in the place of another has types of its own, and no write goes by those of the old one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from moorage.projects import recalling
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from moorage.workflow.errors import BatchRefused, InvalidEntity
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.service import WorkflowService, make_service
from moorage.workflow.settings import WorkflowSettings
from tests.conftest import REGISTRY

FIRST: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}
LONGER = {**FIRST, "properties": {"name": {"type": "string"}, "length": {"type": "string"}}}
DEEPER = {**FIRST, "properties": {"name": {"type": "string"}, "length": {"type": "number"}}}
OLD_BERTH = {"name": "North", "length": "40 m"}


@pytest.fixture
def no_end_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every call come within the second for which projects are remembered."""
    monkeypatch.setattr(recalling, "RECALL_SECONDS", 3600.0)


@pytest.fixture
async def other(address, no_end_of_memory) -> AsyncIterator[WorkflowService]:
    """The services of another process."""
    manager = ProjectConnectionManager(Provisioner(address, REGISTRY, LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield make_service(manager, WorkflowSettings())
    await manager.close()


async def evolve(service: WorkflowService, project_name: str, schema: dict[str, Any]) -> None:
    await service.evolution.evolve(
        project_name, "berth", Evolution(schema_definition=schema), expected_version=1, accept_failing=True
    )


@pytest.fixture
async def berth(connections, projects, project, other) -> AsyncIterator[str]:
    """The key of an entity whose type the other process knows in a version 2 that is none any more."""
    service = make_service(connections, WorkflowSettings())
    await service.types.register(project.name, "berth", FIRST)
    made = await service.entities.create(project.name, "berth", {"name": "South"})
    snapshot = await projects.copies.snapshot(project.name, label="first", force=True)
    await evolve(service, project.name, LONGER)
    await other.entities.create(project.name, "berth", OLD_BERTH)
    await projects.copies.rollback(project.name, to=snapshot.name, confirm=project.name, force=True)
    await evolve(service, project.name, DEEPER)
    yield made.entity.key
    await projects.delete(snapshot.name, confirm=snapshot.name, force=True)


async def test_nothing_is_created_by_a_version_that_was_rolled_back(other, project, berth):
    with pytest.raises(InvalidEntity):
        await other.entities.create(project.name, "berth", OLD_BERTH)


async def test_nothing_is_changed_by_a_version_that_was_rolled_back(other, project, berth):
    with pytest.raises(InvalidEntity):
        await other.entities.update(project.name, berth, OLD_BERTH, expected_version=1)


async def test_no_batch_goes_by_a_version_that_was_rolled_back(other, project, berth):
    update = {"op": "update", "entity_id": berth, "data": OLD_BERTH, "expected_version": 1}
    with pytest.raises(BatchRefused):
        await other.batches.apply(project.name, [update])
    assert (await other.entities.get(project.name, berth)).version == 1
