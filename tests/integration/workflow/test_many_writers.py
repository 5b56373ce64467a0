"""Many agents at once: nobody's work is lost, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import random

import pytest

from moorage.core.access import current_caller
from moorage.workflow.errors import BatchRefused, Claimed, ClaimLost, StaleVersion
from moorage.workflow.work.linking import links_add_in
from moorage.workflow.work.models import Link, LinkKind
from tests.support.waiting import until
from tests.support.work_items import make_task, workflow_with_tasks

WRITERS = 50
POOL_SIZE = 5  # of a project, as the settings have it


@pytest.fixture
async def service(connections, project):
    return await workflow_with_tasks(connections, project.name)


async def test_of_fifty_writers_on_one_version_one_wins_and_the_rest_see_the_conflict(service, project):
    task = await make_task(service, project.name, "mine")

    async def write(number: int):
        return await service.entities.update(
            project.name, task.key, {"title": f"of {number}"}, mode="merge", expected_version=1
        )

    outcomes = await asyncio.gather(*map(write, range(WRITERS)), return_exceptions=True)
    (won,) = [each.entity for each in outcomes if not isinstance(each, BaseException)]
    refused = [(number, each) for number, each in enumerate(outcomes) if isinstance(each, StaleVersion)]
    assert len(refused) == WRITERS - 1
    for number, each in refused:
        sides = {"seen": "mine", "current": won.title, "yours": f"of {number}"}
        assert each.details["conflicts"] == [{"pointer": "/title", **sides}]
        assert [(write["version"], write["by"]) for write in each.details["writes"]] == [(2, won.updated_by)]
    assert await service.entities.get(project.name, task.key) == won


async def test_crossing_batches_neither_lock_each_other_out_nor_lose_a_count(service, project):
    """Each adds one to three of five entities, in an order of its own, and begins anew when others were faster."""
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}}
    await service.types.register(project.name, "counter", schema)
    made = [await service.entities.create(project.name, "counter", {"count": 0}) for _ in range(5)]
    keys, chosen = [each.entity.key for each in made], random.Random(7)
    turns = [chosen.sample(keys, 3) for _ in range(4 * POOL_SIZE)]

    async def count(turn: list[str]) -> None:
        while True:
            seen = [await service.entities.get(project.name, key) for key in turn]
            try:
                await service.batches.apply(project.name, [_counted(each) for each in seen])
            except BatchRefused as error:
                if {each["code"] for each in error.details["problems"]} != {"workflow.patch_failed"}:
                    raise
            else:
                return

    async with asyncio.timeout(60):
        await asyncio.gather(*map(count, turns))
    for key in keys:
        assert (await service.entities.get(project.name, key)).data["count"] == sum(key in turn for turn in turns)


def _counted(entity) -> dict:
    """Return the operation that adds one, if nobody has added meanwhile."""
    seen = entity.data["count"]
    patch = [
        {"op": "test", "path": "/count", "value": seen},
        {"op": "replace", "path": "/count", "value": seen + 1},
    ]
    return {"op": "update", "entity_id": entity.key, "mode": "patch", "force": True, "data": patch}


async def test_a_child_that_comes_while_its_parent_is_being_deleted_goes_with_it(service, project, connections, admin):
    parent, child = await make_task(service, project.name, "parent"), await make_task(service, project.name, "child")
    async with connections.connection_to(project) as connection, connection.transaction():
        await links_add_in(connection, [Link(child.id, LinkKind.PARENT, parent.id)], actor="test")
        deleting = asyncio.create_task(
            service.entities.delete(project.name, parent.key, expected_version=1, with_children=True)
        )
        await until(lambda: admin.fetchval(WAITING, project.database_name))
    assert (await deleting).children == [child.key]


async def test_forced_writes_of_crossing_entities_all_happen(service, project):
    tasks = [await make_task(service, project.name, f"{number}") for number in range(6)]
    chosen = random.Random(11)

    async def write(number: int) -> None:
        keys = [each.key for each in chosen.sample(tasks, 4)]
        merge = {"op": "update", "mode": "merge", "force": True, "data": {"title": f"by {number}"}}
        await service.batches.apply(project.name, [{**merge, "entity_id": key} for key in keys])

    async with asyncio.timeout(60):
        await asyncio.gather(*map(write, range(4 * POOL_SIZE)))
    versions = [(await service.entities.get(project.name, each.key)).version for each in tasks]
    assert sum(versions) == len(tasks) + 4 * 4 * POOL_SIZE


class TestClaims:
    @pytest.fixture
    async def task(self, service, project):
        return await make_task(service, project.name)

    @pytest.fixture
    async def claim(self, connections, project, task):
        """Claim the task in the name of the system's user, and return the token."""
        async with connections.connection_to(project) as connection:
            return await connection.fetchval(CLAIM, task.id, current_caller().name)

    async def test_of_others_refuse_a_write_and_yield_to_force(self, service, project, task, claim):
        with pytest.raises(Claimed, match=f"T-1 is claimed by {current_caller().name} until"):
            await service.entities.update(project.name, task.key, {}, mode="merge", expected_version=1)
        with pytest.raises(Claimed):
            await service.entities.delete(project.name, task.key, expected_version=1)
        forced = await service.entities.update(project.name, task.key, {"title": "x"}, mode="merge", force=True)
        assert forced.entity.version == 2

    async def test_let_their_holder_write_and_end_with_the_work(self, service, project, task, claim, connections):
        held = {"mode": "merge", "claim_token": claim}
        await service.entities.update(project.name, task.key, {"title": "x"}, expected_version=1, **held)
        await service.entities.update(project.name, task.key, {"status": "completed"}, expected_version=2, **held)
        with pytest.raises(ClaimLost):
            await service.entities.update(project.name, task.key, {"title": "y"}, expected_version=3, **held)
        async with connections.connection_to(project) as connection:
            told = "SELECT operation, detail ->> 'token' AS token FROM workflow.changes WHERE subject = 'claim'"
            assert [tuple(row) for row in await connection.fetch(told)] == [("end", str(claim))]

    async def test_that_have_ended_refuse_a_late_write_even_with_force(
        self, service, project, task, claim, connections
    ):
        async with connections.connection_to(project) as connection:
            await connection.execute("UPDATE workflow.claims SET expires_at = now() - interval '1 second'")
        for condition in ({"expected_version": 1}, {"force": True}):
            with pytest.raises(ClaimLost, match=f"token {claim} has ended"):
                await service.entities.update(
                    project.name, task.key, {"title": "late"}, mode="merge", claim_token=claim, **condition
                )
        assert (await service.entities.get(project.name, task.key)).version == 1

    async def test_on_a_part_keep_the_whole_from_being_deleted(self, service, project, task, claim):
        whole = await make_task(service, project.name, "whole")
        link = {"op": "link", "entity_id": task.key, "kind": "parent", "target": whole.key}
        await service.batches.apply(project.name, [link])
        with pytest.raises(Claimed, match="T-1 is claimed by "):
            await service.entities.delete(project.name, whole.key, expected_version=1, with_children=True)
        deleted = await service.entities.delete(project.name, whole.key, force=True, with_children=True)
        assert deleted.children == [task.key]

    async def test_made_while_a_write_waited_are_seen_by_it(self, service, project, task, connections, admin):
        async with connections.connection_to(project) as connection:
            claiming = connection.transaction()
            await claiming.start()
            await connection.execute("SELECT id FROM workflow.entities WHERE id = $1 FOR UPDATE", task.id)
            writing = asyncio.create_task(
                service.entities.update(project.name, task.key, {"title": "x"}, mode="merge", expected_version=1)
            )
            await until(lambda: admin.fetchval(WAITING, project.database_name))
            await connection.execute(CLAIM, task.id, "somebody")
            await claiming.commit()
        with pytest.raises(Claimed):
            await writing


CLAIM = """
    INSERT INTO workflow.claims (entity_id, holder, expires_at)
    VALUES ($1, $2, now() + interval '1 hour')
    RETURNING token
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
