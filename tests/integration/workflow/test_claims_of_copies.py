"""Claims of projects that were put back: tokens of claims that are lost are nobody else's."""

from __future__ import annotations

import pytest

from moorage.operations.backup.taking import take_backup
from moorage.operations.restore.models import Request
from moorage.operations.restore.restoring import restore_backup
from moorage.operations.settings import BackupSettings
from moorage.workflow.errors import ClaimLost
from tests.support.work_items import make_task, workflow_with_tasks


@pytest.fixture
async def workflow(connections, project):
    return await workflow_with_tasks(connections, project.name)


async def claim(workflow, project_name: str) -> int:
    token = (await workflow.work.claim(project_name)).claim_token
    assert token is not None
    return token


async def refuse_lost(workflow, project_name: str, lost: int) -> None:
    """Assert that a token from before is good for nothing once somebody else has claimed what it was for."""
    assert await claim(workflow, project_name) > lost
    with pytest.raises(ClaimLost):
        await workflow.entities.update(
            project_name, "T-1", {"title": "Late"}, mode="merge", expected_version=1, claim_token=lost
        )
    with pytest.raises(ClaimLost):
        await workflow.work.release(project_name, lost)


async def test_a_claim_that_a_rollback_took_back_is_lost_to_its_holder(workflow, projects, project):
    await make_task(workflow, project.name)
    snapshot = await projects.copies.snapshot(project.name, label="then", force=True)
    lost = await claim(workflow, project.name)
    await projects.copies.rollback(project.name, to=snapshot.name, confirm=project.name, force=True)
    await projects.delete(snapshot.name, confirm=snapshot.name, force=True)
    await refuse_lost(workflow, project.name, lost)


async def test_a_claim_that_is_in_no_backup_is_lost_to_its_holder(workflow, connections, project, tmp_path):
    await make_task(workflow, project.name)
    backup = (await take_backup(connections, tmp_path, names=[project.name])).folder
    lost = await claim(workflow, project.name)
    request = Request((project.name,), replace=True, force=True)
    report = await restore_backup(connections, backup, request, settings=BackupSettings())
    assert [each.error for each in report.projects] == [None]
    await refuse_lost(workflow, project.name, lost)


async def test_a_claim_that_a_snapshot_holds_goes_on_after_a_rollback(workflow, projects, project):
    await make_task(workflow, project.name)
    token = await claim(workflow, project.name)
    snapshot = await projects.copies.snapshot(project.name, label="then", force=True)
    await projects.copies.rollback(project.name, to=snapshot.name, confirm=project.name, force=True)
    await projects.delete(snapshot.name, confirm=snapshot.name, force=True)
    changed = await workflow.entities.update(
        project.name, "T-1", {"title": "In time"}, mode="merge", expected_version=1, claim_token=token
    )
    assert changed.entity.version == 2
