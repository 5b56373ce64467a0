"""Deployments: recorded once, moved by allowed transitions, told apart, and measured."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from moorage.core.postgres.queries import load_statements
from moorage.workflow.deployments.models import Status
from moorage.workflow.errors import (
    DeploymentNotFound,
    InvalidCursor,
    InvalidDeployment,
    StaleVersion,
    TransitionRefused,
)
from tests.support.plans import indexes, nodes, read_whole
from tests.support.work_items import make_task, workflow_with_tasks

A, B, C = "a" * 40, "b" * 40, "c" * 40
DAY = datetime(2026, 3, 1, tzinfo=UTC)
FILL_DEPLOYMENTS = """
    INSERT INTO workflow.deployments (environment, commit_sha, status, started_at, created_by, updated_by)
    SELECT 'production', md5(n::text), 'pending', now() - n * interval '1 minute', 'ann', 'ann'
    FROM generate_series(1, 5000) AS n
"""
FILL_ITEMS = """
    INSERT INTO workflow.entities (key, schema_name, schema_version, data)
    SELECT 'T-' || n, 'task', 1, '{}' FROM generate_series(1, 5000) AS n
"""


@pytest.fixture
async def workflow(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
def record(workflow, project):
    async def record(**data):
        return await workflow.deployments.record(project.name, data)

    return record


def at(hours: float) -> str:
    return (DAY + timedelta(hours=hours)).isoformat()


async def feed(connections, project) -> list[tuple]:
    async with connections.get_project_connection(project.name) as connection:
        rows = await connection.fetch("SELECT operation, version, detail->>'status' AS status FROM workflow.changes"
                                      " WHERE subject = 'deployment' ORDER BY seq")  # fmt: skip
    return [tuple(row) for row in rows]


async def test_a_deployment_is_recorded_with_its_free_data(workflow, project, record):
    task = await make_task(workflow, project.name)
    recorded = await record(commit_hash=A.upper(), pr_number=42, work_item_ids=[str(task.id), task.key.lower()])
    assert (recorded.commit_sha, recorded.environment, recorded.status) == (A, "production", "deployed")
    assert (recorded.attempt, recorded.version, recorded.work_items) == (1, 1, [task.key])
    whole = await workflow.deployments.get(project.name, recorded.id)
    assert whole.deployment.data == {"pr_number": 42}
    assert whole.deployment.deployed_at is not None
    assert [each.title for each in whole.work_items] == [task.title]


async def test_a_deployment_recorded_again_with_another_status_is_a_transition(workflow, project, record, connections):
    first = await record(commit=A, status="pending", build=1, log="x")
    second = await record(commit=A, status="deployed", build=2)
    third = await record(commit=A, status="rolled_back")
    assert first.id == second.id == third.id
    whole = await workflow.deployments.get(project.name, first.id)
    assert [(each.version, each.status) for each in whole.transitions] == [
        (1, "pending"),
        (2, "deployed"),
        (3, "rolled_back"),
    ]
    assert whole.deployment.data == {"build": 2, "log": "x"}
    assert whole.deployment.started_at <= whole.deployment.deployed_at <= whole.deployment.ended_at
    assert await feed(connections, project) == [
        ("create", 1, "pending"),
        ("update", 2, "deployed"),
        ("update", 3, "rolled_back"),
    ]


async def test_the_same_recorded_again_changes_nothing(record, connections, project):
    data = {"commit": A, "status": "deployed", "deployed_at": at(0), "nested": {"none": None}}
    assert not (await record(**data)).repeated
    again = await record(**data)
    assert again.repeated
    assert again.version == 1
    assert len(await feed(connections, project)) == 1


async def test_a_failed_deployment_is_final_and_a_new_try_is_the_next_attempt(record):
    await record(commit=A, status="failed")
    with pytest.raises(TransitionRefused) as refused:
        await record(commit=A, status="deployed")
    assert '"attempt": 2' in refused.value.hint
    second = await record(commit=A, status="pending", attempt=2)
    assert second.attempt == 2
    newest = await record(commit=A, status="deployed")
    assert (newest.id, newest.attempt) == (second.id, 2)


@pytest.mark.parametrize(("before", "after"), [("deployed", "pending"), ("pending", "rolled_back")])
async def test_a_transition_that_is_not_allowed_is_refused(record, before, after):
    recorded = await record(commit=A, status=before)
    with pytest.raises(TransitionRefused) as refused:
        await record(commit=A, status=after)
    assert refused.value.details["id"] == str(recorded.id)


async def test_every_problem_is_named_at_once(workflow, project, record):
    task = await make_task(workflow, project.name)
    with pytest.raises(InvalidDeployment) as refused:
        await record(
            commit="main", status="done", attempt=0, deployed_at="yesterday", work_items=[task.key, "T-999", "x y"]
        )
    said = "\n".join(refused.value.details["problems"])
    for each in ("commit: 'main'", "status: 'done'", "attempt: 0", "deployed_at: 'yesterday'", "T-999", "'x y'"):
        assert each in said
    assert task.key not in said


async def test_an_old_version_is_refused(record):
    await record(commit=A, status="pending")
    await record(commit=A, status="deployed")
    with pytest.raises(StaleVersion):
        await record(commit=A, status="rolled_back", expected_version=1)


async def test_one_deployment_recorded_by_many_at_once_is_one(record, connections, project):
    recorded = await asyncio.gather(*(record(commit=A, by=1) for _ in range(8)))
    assert len({each.id for each in recorded}) == 1
    assert sum(not each.repeated for each in recorded) == 1
    assert len(await feed(connections, project)) == 1


async def test_a_recording_repeated_under_its_key_gets_the_first_answer(workflow, project):
    first = await workflow.deployments.record(project.name, {"commit": A, "status": "pending"}, idempotency_key="k")
    await workflow.deployments.record(project.name, {"commit": A, "status": "deployed"})
    again = await workflow.deployments.record(project.name, {"commit": A, "status": "pending"}, idempotency_key="k")
    assert again == first.model_copy(update={"repeated": True})


async def test_deployments_are_listed_by_filters_in_pages(workflow, project, record):
    task = await make_task(workflow, project.name)
    for hour, (commit, environment) in enumerate([(A, "staging"), (B, "staging"), (C, "production"), (C, "staging")]):
        items = [task.key] if commit == B else []
        await record(commit=commit, environment=environment, deployed_at=at(hour), work_items=items)

    async def listed(**filters) -> list[tuple]:
        page = await workflow.deployments.list_page(project.name, **filters)
        return [(each.environment, each.commit_sha) for each in page.deployments]

    assert await listed(environment="staging") == [("staging", C), ("staging", B), ("staging", A)]
    assert await listed(work_item=task.key) == [("staging", B)]
    assert await listed(since=DAY + timedelta(hours=1), until=DAY + timedelta(hours=3)) == [
        ("production", C),
        ("staging", B),
    ]
    assert await listed(status=Status.FAILED) == []
    page = await workflow.deployments.list_page(project.name, limit=3)
    rest = await workflow.deployments.list_page(project.name, limit=3, cursor=page.next_cursor)
    assert [each.commit_sha for each in (*page.deployments, *rest.deployments)] == [C, C, B, A]
    assert rest.next_cursor is None
    with pytest.raises(InvalidCursor):
        await workflow.deployments.list_page(project.name, status=Status.FAILED, cursor=page.next_cursor)
    with pytest.raises(InvalidCursor):
        await workflow.deployments.list_page(project.name, limit=3, cursor="")


async def test_a_cursor_of_another_project_says_nothing(workflow, project, projects, record):
    """Databases copied from one template have one key to sign with."""
    for commit in (A, B):
        await record(commit=commit)
    page = await workflow.deployments.list_page(project.name, limit=1)
    other = await projects.create(f"t_{uuid.uuid4().hex[:16]}", created_by="test")
    with pytest.raises(InvalidCursor):
        await workflow.deployments.list_page(other.name, limit=1, cursor=page.next_cursor)
    await projects.delete(other.name, confirm=other.name, force=True)


async def test_a_page_of_thousands_and_the_items_of_a_recording_are_found_by_indexes(workflow, project, connections):
    statements = load_statements("moorage.workflow.deployments")
    first_page = dict.fromkeys(statements.deployment_list.parameters)
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute(FILL_DEPLOYMENTS)
        await connection.execute(FILL_ITEMS)
        await connection.execute("ANALYZE workflow.deployments, workflow.entities")
        listed = await nodes(connection, statements.deployment_list, **{**first_page, "limit": 51})
        named = await nodes(connection, statements.item_find, ids=[], keys=["T-17", "T-4000"])
    assert indexes(listed) == {"deployments_by_start"}
    assert indexes(named) == {"entities_key_key", "entities_pkey"}
    assert read_whole([*listed, *named]) == set()


async def test_a_rollback_makes_the_deployment_before_live_again(workflow, project, record):
    await record(commit=A, deployed_at=at(0))
    await record(commit=B, deployed_at=at(1))
    await record(commit=C, status="pending")
    await record(commit=B, status="rolled_back")
    (production,) = (await workflow.deployments.live(project.name)).environments
    assert production.live is not None
    assert production.live.commit_sha == A
    assert [each.commit_sha for each in production.rolled_back] == [B]
    assert production.pending == 1


async def test_nothing_is_live_where_every_deployment_was_rolled_back(workflow, project, record):
    await record(commit=A)
    await record(commit=A, status="rolled_back")
    (production,) = (await workflow.deployments.live(project.name)).environments
    assert production.live is None
    assert [each.commit_sha for each in production.rolled_back] == [A]
    with pytest.raises(DeploymentNotFound):
        await workflow.deployments.compare(project.name, "production", "production")


async def test_two_environments_are_compared_by_all_that_is_live_in_them(workflow, project, record):
    both, staged, shipped = [await make_task(workflow, project.name, title) for title in ("both", "staged", "shipped")]
    await record(commit=A, environment="staging", deployed_at=at(0), work_items=[both.key])
    await record(commit=B, environment="staging", deployed_at=at(1), work_items=[staged.key], build=7)
    await record(commit=A, environment="production", deployed_at=at(2), work_items=[both.key, shipped.key], build=6)
    compared = await workflow.deployments.compare(project.name, "production", "staging")
    assert [each.key for each in compared.only_in_a] == [shipped.key]
    assert [each.key for each in compared.only_in_b] == [staged.key]
    assert compared.seconds_between == -3600
    assert not compared.same_commit
    assert compared.data_difference == [{"op": "replace", "path": "/build", "value": 7}]
    with pytest.raises(DeploymentNotFound):
        await workflow.deployments.compare(project.name, "production", "moon")


async def test_the_four_figures_are_those_worked_out_by_hand(workflow, project, record):
    """Four went live in ten days, one of them rolled back after 2 h; one failed, and 6 h later the next went live."""
    await record(commit=A, committed_at=at(0), deployed_at=at(10))
    await record(commit=B, committed_at=at(0), deployed_at=at(20), status="deployed")
    await record(commit=B, status="rolled_back", ended_at=at(22))
    await record(commit=C, started_at=at(30), ended_at=at(31), status="failed")
    await record(commit=C, attempt=2, committed_at=at(7), deployed_at=at(37))
    await record(commit="d" * 7, deployed_at=at(50))
    window = {"since": DAY, "until": DAY + timedelta(days=10)}
    (figures,) = (await workflow.deployments.figures(project.name, **window)).environments
    hours = 3600.0
    assert figures.deployments == 4
    assert figures.deployments_per_day == pytest.approx(0.4)
    assert figures.lead_times == 3
    assert figures.lead_time_median_seconds == pytest.approx(20 * hours)  # of 10, 20, 30
    assert figures.lead_time_p90_seconds == pytest.approx(28 * hours)
    assert figures.failures == 2
    assert figures.change_failure_rate == pytest.approx(2 / 5)
    assert (figures.restored, figures.unrestored) == (2, 0)
    assert figures.time_to_restore_median_seconds == pytest.approx(4 * hours)  # of 2, 6


async def test_lead_time_begins_with_the_earliest_work_item_where_no_commit_time_is_known(workflow, project, record):
    task = await make_task(workflow, project.name)
    recorded = await record(commit=A, work_items=[task.key])
    (figures,) = (await workflow.deployments.figures(project.name)).environments
    expected = (recorded.deployed_at - task.created_at).total_seconds()
    assert figures.lead_time_median_seconds == pytest.approx(expected, abs=1e-4)


async def test_figures_that_rest_on_nothing_are_none(workflow, project):
    (figures,) = (await workflow.deployments.figures(project.name, environment="moon")).environments
    assert (figures.deployments, figures.lead_times, figures.failures) == (0, 0, 0)
    assert figures.lead_time_median_seconds is None
    assert figures.change_failure_rate is None
    assert figures.time_to_restore_median_seconds is None
    assert (await workflow.deployments.figures(project.name)).environments == []
