"""A call repeated under its key: the first answer, and no second effect."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.errors import InvalidInput
from moorage.workflow.entities.idempotency import answered_once, request_hash
from moorage.workflow.entities.models import Answer
from moorage.workflow.errors import KeyReused
from tests.support.waiting import until

REQUEST = request_hash("count", {"by": 1})


class Counted(Answer):
    count: int


class Counter:
    """Something that counts its calls, and may fail or wait."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self.fails, self.began, self.go_on = False, asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def __call__(self) -> Counted:
        self.count += 1
        self.began.set()
        await self.go_on.wait()
        if self.fails:
            raise InvalidInput("as asked")
        return Counted(project_name=self.name, count=self.count)


@pytest.fixture
def counter(project) -> Counter:
    return Counter(project.name)


async def call(connections, project, counter: Counter, key: str | None = "k", request: bytes = REQUEST) -> Counted:
    async with connections.connection_to(project) as connection, connection.transaction():
        return await answered_once(connection, key, request, Counted, counter)


async def test_a_repeated_call_gets_the_first_answer(connections, project, counter):
    first = await call(connections, project, counter)
    again = await call(connections, project, counter)
    assert again == first.model_copy(update={"repeated": True})
    assert counter.count == 1


async def test_without_a_key_every_call_counts(connections, project, counter):
    await call(connections, project, counter, key=None)
    assert (await call(connections, project, counter, key=None)).count == 2


async def test_a_key_used_for_another_request_is_refused(connections, project, counter):
    await call(connections, project, counter)
    with pytest.raises(KeyReused, match="'k' was used before"):
        await call(connections, project, counter, request=request_hash("count", {"by": 2}))
    assert counter.count == 1


async def test_a_failed_call_leaves_its_key_free(connections, project, counter):
    counter.fails = True
    with pytest.raises(InvalidInput):
        await call(connections, project, counter)
    counter.fails = False
    assert not (await call(connections, project, counter)).repeated


async def test_a_second_call_waits_for_the_first_and_gets_its_answer(connections, project, counter, admin):
    counter.go_on.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(call(connections, project, counter))
        await counter.began.wait()
        second = group.create_task(call(connections, project, counter))
        await until(lambda: _is_waited_in(admin, project.database_name))
        counter.go_on.set()
    assert (first.result().repeated, second.result().repeated) == (False, True)
    assert counter.count == 1


async def test_keys_of_two_callers_are_two_keys(connections, project, counter):
    await call(connections, project, counter)
    with acting_as(Caller("somebody-else", Scope.WRITE)):
        assert not (await call(connections, project, counter)).repeated


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_without_a_fitting_length_is_refused(connections, project, counter, key):
    with pytest.raises(InvalidInput, match="idempotency_key"):
        await call(connections, project, counter, key=key)


def test_the_order_of_arguments_makes_no_other_request():
    assert request_hash("t", {"a": 1, "b": [1]}) == request_hash("t", {"b": [1], "a": 1}) != request_hash("t", {"a": 1})


async def _is_waited_in(admin, database: str) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
    return bool(await admin.fetchval(waiting, database))
