"""Claims: one winner an item, leases that end, tokens that die, and readiness asked again under the lock."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ProjectArchived
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from moorage.workflow.entities.writing import lock_in
from moorage.workflow.errors import Claimed, ClaimLost, EntityDeleted, EntityNotFound, KeyReused, NotReady
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.work.answers import ClaimAnswer
from moorage.workflow.work.claiming import claim_next_in
from moorage.workflow.work.linking import links_add_in
from moorage.workflow.work.models import Link, LinkKind
from tests.conftest import REGISTRY
from tests.support.claiming_process import claiming_process
from tests.support.waiting import until
from tests.support.work_items import make_task, workflow_with_tasks

CLAIMERS, ITEMS, ROUNDS = 20, 10, 20


@pytest.fixture
async def workflow(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
async def sql(connections, project):
    """Runs a statement in the project's database, past the services."""

    async def run(statement: str, *arguments):
        async with connections.get_project_connection(project.name) as connection:
            return await connection.fetch(statement, *arguments)

    return run


async def expire_all(sql) -> None:
    """Let every lease pass."""
    await sql("UPDATE workflow.claims SET expires_at = clock_timestamp() - interval '1 second'")


async def test_the_most_urgent_ready_item_is_claimed_whole(workflow, project):
    await make_task(workflow, project.name, "Later")
    first = await make_task(workflow, project.name, "Now", priority="high")
    await workflow.work.link(project.name, first.key, [("blocks", "T-1")], ["src/app.py:3"])
    await workflow.work.comment(project.name, first.key, "Mind the gap.")
    claimed = await workflow.work.claim(project.name)
    assert claimed.claim_token is not None
    assert claimed.work is not None
    assert claimed.work.entity == first
    assert [(each.kind, each.key) for each in claimed.work.links] == [("blocks", "T-1")]
    assert (claimed.work.references, claimed.work.comment_count) == (["src/app.py:3"], 1)


async def test_twenty_claimers_over_ten_items_get_ten_different_ones_every_time(address, workflow, project, sql):
    manager = ProjectConnectionManager(
        Provisioner(address, REGISTRY, LINES),
        ConnectionSettings(registry_min=0, project_max=CLAIMERS),
    )
    await manager.initialize()
    claimers = make_service(manager, WorkflowSettings()).work
    for _ in range(ITEMS):
        await make_task(workflow, project.name)
    for _ in range(ROUNDS):
        answers = await asyncio.gather(*(claimers.claim(project.name) for _ in range(CLAIMERS)))
        keys = [each.work.entity.key for each in answers if each.work]
        assert (len(keys), len(set(keys))) == (ITEMS, ITEMS)
        await sql("DELETE FROM workflow.claims")
    await manager.close()


async def test_claims_stay_apart_while_what_is_ready_changes(workflow, project):
    keys = [(await make_task(workflow, project.name)).key for _ in range(ITEMS)]
    links = [workflow.work.link(project.name, key, [("blocked_by", keys[-1])]) for key in keys[:-1]]
    claims = [workflow.work.claim(project.name) for _ in range(CLAIMERS)]
    answers = await asyncio.gather(*claims[:4], *links, *claims[4:])
    claimed = [each.work.entity.key for each in answers if isinstance(each, ClaimAnswer) and each.work]
    assert len(claimed) == len(set(claimed))
    left = set(keys) - set(claimed)
    assert {(await workflow.work.why_blocked(project.name, key)).verdict for key in left} <= {"blocked"}


async def test_only_items_of_the_type_asked_for_are_claimed(workflow, project):
    await make_task(workflow, project.name)
    answer = await workflow.work.claim(project.name, schema_name="bug")
    assert (answer.claim_token, answer.work) == (None, None)


async def test_a_claim_names_its_holder_to_others(workflow, project):
    await make_task(workflow, project.name)
    with acting_as(Caller("ann", Scope.WRITE)):
        await workflow.work.claim(project.name, "T-1")
    with pytest.raises(Claimed) as refused:
        await workflow.work.claim(project.name, "t-1")
    assert refused.value.details["holder"] == "ann"
    assert "expires_at" in refused.value.details
    assert (await workflow.work.claim(project.name)).work is None


async def test_a_claim_repeated_under_its_key_is_the_same_claim(workflow, project):
    for _ in range(2):
        await make_task(workflow, project.name)
    first = await workflow.work.claim(project.name, idempotency_key="a")
    again = await workflow.work.claim(project.name, idempotency_key="a")
    assert again == first.model_copy(update={"repeated": True})
    with pytest.raises(KeyReused):
        await workflow.work.claim(project.name, "T-2", idempotency_key="a")


async def test_that_nothing_was_ready_is_not_remembered(workflow, project):
    assert (await workflow.work.claim(project.name, idempotency_key="a")).work is None
    await make_task(workflow, project.name)
    assert (await workflow.work.claim(project.name, idempotency_key="a")).work is not None


async def test_renewing_makes_a_claim_end_later_and_keeps_its_token(workflow, project):
    await make_task(workflow, project.name)
    first = await workflow.work.claim(project.name, lease_seconds=60)
    renewed = await workflow.work.renew(project.name, first.claim_token, lease_seconds=600)
    assert renewed.claim_token == first.claim_token
    assert renewed.expires_at > first.expires_at


async def test_a_released_item_is_ready_again_and_its_token_dead(workflow, project):
    await make_task(workflow, project.name)
    first = await workflow.work.claim(project.name)
    await workflow.work.release(project.name, first.claim_token)
    with pytest.raises(ClaimLost):
        await workflow.work.release(project.name, first.claim_token)
    second = await workflow.work.claim(project.name)
    assert second.claim_token > first.claim_token


async def test_a_token_that_no_claim_can_have_is_of_no_claim(workflow, project):
    for act in (workflow.work.renew, workflow.work.release):
        with pytest.raises(ClaimLost):
            await act(project.name, 2**63)


async def test_an_expired_holder_is_refused_before_anybody_takes_the_item_over(workflow, project, sql):
    """A fencing token: https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html"""
    task = await make_task(workflow, project.name)
    first = await workflow.work.claim(project.name)
    await expire_all(sql)
    with pytest.raises(ClaimLost):
        await workflow.work.renew(project.name, first.claim_token)
    with pytest.raises(ClaimLost):
        await workflow.entities.update(
            project.name, task.key, {"status": "completed"}, mode="merge",
            expected_version=1, claim_token=first.claim_token,
        )  # fmt: skip


async def test_an_expired_claim_is_taken_over_and_the_old_token_stays_dead(workflow, project, sql):
    task = await make_task(workflow, project.name)
    first = await workflow.work.claim(project.name)
    await expire_all(sql)
    second = await workflow.work.claim(project.name)
    assert second.claim_token > first.claim_token
    for act in (workflow.work.renew, workflow.work.release):
        with pytest.raises(ClaimLost):
            await act(project.name, first.claim_token)
    with pytest.raises(ClaimLost):
        await workflow.entities.update(
            project.name, task.key, {"status": "completed"}, mode="merge", force=True, claim_token=first.claim_token
        )
    assert (await workflow.work.show(project.name, task.key)).claim is not None


async def test_a_process_that_dies_keeps_its_claim_until_the_lease_has_passed(address, workflow, project, sql):
    await make_task(workflow, project.name)
    async with claiming_process(address, project.name) as claimed:
        pass  # it is killed here
    assert (await workflow.work.claim(project.name)).work is None
    await expire_all(sql)
    taken = await workflow.work.claim(project.name)
    assert taken.claim_token > claimed.claim_token


async def test_finishing_the_work_ends_its_claim(workflow, project):
    task = await make_task(workflow, project.name)
    claim = await workflow.work.claim(project.name)
    await workflow.entities.update(
        project.name, task.key, {"status": "completed"}, mode="merge",
        expected_version=1, claim_token=claim.claim_token,
    )  # fmt: skip
    with pytest.raises(ClaimLost):
        await workflow.work.renew(project.name, claim.claim_token)


async def test_what_is_not_ready_is_not_claimed_by_name(workflow, project):
    for _ in range(3):
        await make_task(workflow, project.name)
    await workflow.work.link(project.name, "T-1", [("parent", "T-2"), ("blocked_by", "T-3")])
    with pytest.raises(NotReady, match=r"T-1 is not ready: blocked by T-3 \(pending\)"):
        await workflow.work.claim(project.name, "T-1")
    with pytest.raises(NotReady, match=r"its part T-1 \(pending\) is open"):
        await workflow.work.claim(project.name, "T-2")
    done = await make_task(workflow, project.name, status="completed")
    with pytest.raises(NotReady, match="completed"):
        await workflow.work.claim(project.name, done.key)
    await workflow.entities.delete(project.name, "T-3", expected_version=1)
    with pytest.raises(EntityDeleted):
        await workflow.work.claim(project.name, "T-3")
    with pytest.raises(EntityNotFound):
        await workflow.work.claim(project.name, "T-99")


class Interrupted:
    """A connection on which something happens just before the first run of a statement."""

    def __init__(self, connection, statement, interrupt) -> None:
        self._connection, self._statement, self._interrupt = connection, statement, interrupt

    async def fetch(self, query, *arguments):
        return await self._connection.fetch(query, *arguments)

    async def execute(self, query, *arguments):
        return await self._connection.execute(query, *arguments)

    async def fetchrow(self, query, *arguments):
        if self._statement in query and self._interrupt is not None:
            interrupt, self._interrupt = self._interrupt, None
            await interrupt()
        return await self._connection.fetchrow(query, *arguments)


async def test_a_blocker_added_after_the_list_was_made_is_seen_under_the_lock(workflow, connections, project):
    for _ in range(3):
        await make_task(workflow, project.name)

    async def block_the_first():
        await workflow.work.link(project.name, "T-3", [("blocks", "T-1")])

    async with connections.get_project_connection(project.name) as connection, connection.transaction():
        interrupted = Interrupted(connection, "work.claim_lock", block_the_first)
        claim = await claim_next_in(interrupted, schema_name=None, holder="ann", lease_seconds=60)
    assert (await workflow.work.show(project.name, "T-2")).entity.id == claim.entity_id


async def test_a_claim_that_waits_for_the_entity_sees_the_blocker_it_waited_for(workflow, connections, project, sql):
    first, second = [await make_task(workflow, project.name) for _ in range(2)]
    async with connections.get_project_connection(project.name) as connection, connection.transaction():
        await lock_in(connection, [first.id])
        claiming = asyncio.create_task(workflow.work.claim(project.name, first.key))
        await until(lambda: is_waiting(sql))
        await links_add_in(connection, [Link(second.id, LinkKind.BLOCKS, first.id)], actor="ann")
    with pytest.raises(NotReady):
        await claiming


async def is_waiting(sql) -> bool:
    """Tell whether a session of this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await sql(waiting))


async def test_an_archived_project_has_no_claims_to_give(workflow, projects, project):
    await make_task(workflow, project.name)
    await projects.lifecycle.archive(project.name)
    with pytest.raises(ProjectArchived):
        await workflow.work.claim(project.name)


async def test_every_change_of_a_claim_is_in_the_feed(workflow, project, sql):
    await make_task(workflow, project.name)
    claim = await workflow.work.claim(project.name)
    await workflow.work.renew(project.name, claim.claim_token)
    await workflow.work.release(project.name, claim.claim_token)
    rows = await sql("SELECT operation FROM workflow.changes WHERE subject = 'claim' ORDER BY txid, seq")
    assert [row["operation"] for row in rows] == ["claim", "renew", "release"]


async def test_a_token_that_another_caller_guesses_opens_nothing(workflow, project):
    task = await make_task(workflow, project.name)
    claimed = await workflow.work.claim(project.name, task.key)
    token = claimed.claim_token
    with acting_as(Caller("guesser", Scope.WRITE)):
        with pytest.raises(ClaimLost):
            await workflow.work.renew(project.name, token)
        with pytest.raises(ClaimLost):
            await workflow.work.release(project.name, token)
        with pytest.raises(ClaimLost):
            await workflow.entities.update(project.name, task.key, {}, mode="merge", force=True, claim_token=token)
    assert (await workflow.work.renew(project.name, token)).claim_token == token


async def test_an_administrator_gives_back_the_claim_of_another(workflow, project):
    task = await make_task(workflow, project.name)
    with acting_as(Caller("agent", Scope.WRITE)):
        token = (await workflow.work.claim(project.name, task.key)).claim_token
    await workflow.work.release(project.name, token)
    assert (await workflow.work.ready(project.name)).total == 1
