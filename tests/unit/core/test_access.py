"""Callers: what they may do, and how often."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core import access
from moorage.core.access import (
    Caller,
    CallLimit,
    NotAllowed,
    Scope,
    TooManyCalls,
    acting_as,
    allow,
    count_call,
    current_caller,
    system_user,
)

ADA = Caller("ada", Scope.WRITE, frozenset({"boats"}))


@pytest.mark.parametrize("have", Scope)
@pytest.mark.parametrize("needed", Scope)
def test_a_scope_includes_those_before_it(have: Scope, needed: Scope):
    order = list(Scope)
    assert have.includes(needed) == (order.index(have) >= order.index(needed))


async def test_a_task_acts_in_the_name_it_was_started_in():
    async def name() -> str:
        return current_caller().name

    with acting_as(ADA):
        task = asyncio.create_task(name())
    assert (await task, await name()) == ("ada", system_user().name)


def test_a_caller_is_refused_what_its_scope_does_not_include():
    with acting_as(ADA):
        allow(Scope.WRITE, "the tool index_repository")
        with pytest.raises(NotAllowed) as refused:
            allow(Scope.ADMIN, "the tool delete_project")
    assert refused.value.message == "the tool delete_project needs the scope admin; 'ada' has write"


def test_a_limit_gives_a_minute_s_calls_at_once_and_the_next_in_its_course(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(access.time, "monotonic", lambda: now[0])
    limit = CallLimit(30)
    assert [limit.take() for _ in range(30)] == [0.0] * 30
    assert limit.take() == pytest.approx(2.0)
    now[0] += 2.0
    assert (limit.take(), limit.take()) == (0.0, pytest.approx(2.0))
    now[0] += 3600
    assert [limit.take() for _ in range(31)] == [0.0] * 30 + [pytest.approx(2.0)]


def test_a_call_too_many_says_when_to_try_again():
    caller = Caller("ada", Scope.READ, limit=CallLimit(1))
    count_call(caller)
    with pytest.raises(TooManyCalls) as refused:
        count_call(caller)
    assert refused.value.retryable
    assert refused.value.details == {"retry_after_seconds": 60}
