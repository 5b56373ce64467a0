"""What matters now, told in few words."""

from __future__ import annotations

from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from tests.support.work_items import make_task, workflow_with_tasks


async def test_an_empty_project_says_how_to_begin(connections, project):
    told = await make_service(connections, WorkflowSettings()).briefing.prime(project.name)
    assert f"Project {project.name}" in told
    assert 'register_entity_type(schema_name="task")' in told
    assert 'create_entity(schema_name="task", data={"title": "..."})' in told


async def test_the_briefing_counts_states_and_names_what_changed_last(connections, project):
    service = await workflow_with_tasks(connections, project.name)
    await make_task(service, project.name, status="completed")
    await make_task(service, project.name, "Paint the door")
    told = await service.briefing.prime(project.name)
    assert "- task: 1 open of 2: 1 pending, 1 completed" in told
    assert 'create T-2 "Paint the door"' in told
