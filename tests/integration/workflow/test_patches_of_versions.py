"""Each version keeps the whole JSON Patch that led to it, its own and nobody else's."""

from __future__ import annotations

from moorage.workflow.entities.models import Operation
from moorage.workflow.entities.writing import changed_entity, lock_in, update_in
from tests.support.work_items import make_task, workflow_with_tasks


async def test_entities_changed_together_keep_their_own_patches(connections, project):
    workflow = await workflow_with_tasks(connections, project.name)
    first, second, third = [await make_task(workflow, project.name, title) for title in "abc"]
    wanted = {
        first.id: {"title": "A", "status": "blocked"},
        second.id: {"title": "B", "status": "pending"},
        third.id: {"title": "c", "status": "pending"},
    }
    async with connections.get_project_connection(project.name) as connection, connection.transaction():
        locked = await lock_in(connection, list(wanted))
        task = await workflow.entities._type_of(connection, project, locked[first.id])
        changes = [changed_entity(locked[each].entity, Operation.RESTORE, task, data) for each, data in wanted.items()]
        await update_in(connection, changes, actor="test")
        rows = await connection.fetch("SELECT entity_id, patch FROM workflow.entity_versions WHERE version = 2")
    patches = {entity_id: [each["path"] for each in patch] for entity_id, patch in rows}
    assert {entity_id: sorted(paths) for entity_id, paths in patches.items()} == {
        first.id: ["/status", "/title"],
        second.id: ["/title"],
        third.id: [],
    }
