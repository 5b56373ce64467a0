"""A type that changes in tests: notes had an owner, and have an assignee from version 2 on."""

from __future__ import annotations

from typing import Any

from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.entities.models import Entity
from moorage.workflow.entities.writing import insert, new_entity
from moorage.workflow.evolution.models import Evolution, EvolvedType
from moorage.workflow.service import WorkflowService, make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.models import StateRules, TypeRules
from moorage.workflow.types.steps import Rename, SetDefault
from moorage.workflow.types.validation import compiled

_SHARED: dict[str, Any] = {
    "title": {"type": "string"},
    "status": {"type": "string", "enum": ["open", "review", "shut"]},
    "tags": {"type": "array", "items": {"type": "string"}},
}
OWNED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {**_SHARED, "owner": {"type": "string"}},
}
ASSIGNED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "assignee"],
    "properties": {**_SHARED, "assignee": {"type": "string"}},
}
RULES = TypeRules(state=StateRules(final=["shut"]))
RENAME = Rename(step="rename", field="owner", to="assignee")
STEPS = [RENAME, SetDefault(step="set_default", field="assignee", value="nobody")]
TO_ASSIGNED = Evolution(schema_definition=ASSIGNED, steps=STEPS)


class Stopped(Exception):
    """What `stop` ends a migration with, between two batches."""


async def stop(done: int, total: int) -> None:
    raise Stopped


async def workflow_with_notes(connections: ProjectConnectionManager, project_name: str) -> WorkflowService:
    """Return the services, with the type `note` in its first version."""
    service = make_service(connections, WorkflowSettings())
    await service.types.register(project_name, "note", OWNED, rules=RULES)
    return service


async def make_notes(
    connections: ProjectConnectionManager, service: WorkflowService, project_name: str, count: int = 1, **fields: Any
) -> list[Entity]:
    """Create notes that satisfy the type as it is now, in one statement."""
    entity_type = compiled(await service.types.get(project_name, "note"))
    new = [new_entity(entity_type, {"title": f"note {number}", **fields}) for number in range(count)]
    async with connections.get_project_connection(project_name) as connection:
        return await insert(connection, new, actor="test")


async def evolve(service: WorkflowService, project_name: str, asked: Evolution, **options: Any) -> EvolvedType:
    """Change the type `note` from the version it has."""
    version = (await service.types.get(project_name, "note")).version
    options = {"expected_version": version, **options}
    return await service.evolution.evolve(project_name, "note", asked, **options)
