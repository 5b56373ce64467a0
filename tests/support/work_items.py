"""Work items for tests: the services of one process, and entities that satisfy the pack `task`."""

from __future__ import annotations

from typing import Any

from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.entities.models import Entity
from moorage.workflow.service import WorkflowService, make_service
from moorage.workflow.settings import WorkflowSettings


async def workflow_with_tasks(
    connections: ProjectConnectionManager, project_name: str, settings: WorkflowSettings | None = None
) -> WorkflowService:
    """Return the services, with the type `task` registered in the project."""
    service = make_service(connections, settings or WorkflowSettings())
    await service.types.register(project_name, "task")
    return service


async def make_task(service: WorkflowService, project_name: str, title: str = "Mend the roof", **fields: Any) -> Entity:
    """Create a task."""
    written = await service.entities.create(project_name, "task", {"title": title, **fields})
    return written.entity
