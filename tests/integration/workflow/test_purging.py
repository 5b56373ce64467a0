"""What the settings no longer keep ends for good, and nothing else does."""

from __future__ import annotations

import pytest

from moorage.projects.errors import ProjectArchived
from moorage.workflow.entities.purging import PurgeService
from moorage.workflow.errors import EntityNotFound
from moorage.workflow.settings import WorkflowSettings
from tests.support.work_items import make_task, workflow_with_tasks

SETTINGS = WorkflowSettings(keep_deleted_days=30, keep_changes_days=90, keep_requests_hours=48)


@pytest.fixture
async def service(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
def purging(connections):
    return PurgeService(connections, SETTINGS, batch_rows=2)


async def age(connections, project, statement: str) -> None:
    async with connections.connection_to(project) as connection:
        await connection.execute(statement)


async def test_entities_deleted_long_ago_end_with_all_that_hangs_on_them(connections, service, project, purging):
    old = [await make_task(service, project.name, f"old {number}") for number in range(5)]
    young, living = await make_task(service, project.name, "young"), await make_task(service, project.name, "living")
    for each in [*old, young]:
        await service.entities.delete(project.name, each.key, expected_version=1)
    await age(
        connections, project,
        "UPDATE workflow.entities SET deleted_at = deleted_at - interval '31 days' WHERE title LIKE 'old%'",
    )  # fmt: skip
    assert (await purging.purge(project.name)).entities == 5
    with pytest.raises(EntityNotFound):
        await service.entities.get(project.name, old[0].key)
    assert (await service.entities.restore(project.name, young.key, expected_version=2)).entity.version == 3
    assert await service.entities.get(project.name, living.key) == living
    async with connections.connection_to(project) as connection:
        assert await connection.fetchval("SELECT count(*) FROM workflow.entity_versions") == 4
        assert await connection.fetchval("SELECT count(*) FROM workflow.changes WHERE operation = 'purge'") == 5


async def test_old_changes_end_and_a_reader_who_missed_nothing_reads_on(connections, service, project, purging):
    for number in range(5):
        await make_task(service, project.name, f"{number}")
    up_to_date = (await service.feed.changes(project.name)).next_cursor
    await age(connections, project, "UPDATE workflow.changes SET created_at = created_at - interval '91 days'")
    await make_task(service, project.name, "new")
    assert (await purging.purge(project.name)).changes == 5  # the type's and four of the tasks'
    page = await service.feed.changes(project.name, up_to_date)
    assert [each.key for each in page.changes] == ["T-6"]


async def test_the_last_change_is_kept_however_old(connections, service, project, purging):
    await age(connections, project, "UPDATE workflow.changes SET created_at = created_at - interval '91 days'")
    cursor = (await service.feed.changes(project.name)).next_cursor
    assert (await purging.purge(project.name)).changes == 0
    assert (await service.feed.changes(project.name, cursor)).changes == []


async def test_an_old_key_is_forgotten(connections, service, project, purging):
    for key in "abc":
        await service.entities.create(project.name, "task", {"title": key}, idempotency_key=key)
    old = "UPDATE workflow.answered_requests SET created_at = created_at - interval '49 hours' WHERE key <> 'c'"
    await age(connections, project, old)
    assert (await purging.purge(project.name)).requests == 2
    again = await service.entities.create(project.name, "task", {"title": "c"}, idempotency_key="c")
    assert again.repeated
    assert not (await service.entities.create(project.name, "task", {"title": "a"}, idempotency_key="a")).repeated


async def test_a_dry_run_counts_and_ends_nothing(connections, service, project, purging):
    for number in range(3):
        task = await make_task(service, project.name, f"{number}")
        await service.entities.delete(project.name, task.key, expected_version=1, idempotency_key=str(number))
    await age(connections, project, "UPDATE workflow.entities SET deleted_at = deleted_at - interval '31 days'")
    await age(connections, project, "UPDATE workflow.changes SET created_at = created_at - interval '91 days'")
    await age(connections, project, "UPDATE workflow.answered_requests SET created_at = '2020-01-01'")
    would = await purging.purge(project.name, dry_run=True)
    assert (would.entities, would.changes, would.requests) == (3, 6, 3)
    assert await purging.purge(project.name, dry_run=True) == would
    done = await purging.purge(project.name)
    assert (done.entities, done.changes, done.requests) == (3, 6, 3)


async def test_a_project_that_is_full_can_be_purged_and_an_archived_one_cannot(service, project, projects, purging):
    await projects.lifecycle.limit(project.name, max_bytes=1_000_000)
    assert (await purging.purge(project.name)).entities == 0
    await projects.lifecycle.archive(project.name, force=True)
    with pytest.raises(ProjectArchived):
        await purging.purge(project.name)
