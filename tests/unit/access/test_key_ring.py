"""How long keys are believed, and how seldom the issuer is asked, while callers come at the same time."""

from __future__ import annotations

import asyncio

import pytest
from jwt import PyJWK

from moorage.access.errors import IssuerUnavailable
from moorage.access.jwks import KeyRing, Keys
from tests.support.issuers import public_jwk, shared_key

PLACE = ("first", "ES256")
KEY = PyJWK(public_jwk(shared_key("ES256"), "ES256", kid="first"), "ES256")


class Publisher:
    """Keys whose fetch a test can hold up, let fail, and count."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fetches = 0
        self.is_down = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_asked = asyncio.Event()

    async def fetch(self) -> Keys:
        self.fetches += 1
        self.is_asked.set()
        await self.may_answer.wait()
        if self.is_down:
            raise IssuerUnavailable("down")
        return {PLACE: KEY}

    def ring(self) -> KeyRing:
        return KeyRing(self.fetch, max_age_seconds=300, kept_seconds=3600, pause_seconds=10, clock=lambda: self.now)


async def test_keys_are_fetched_when_first_needed_and_not_before() -> None:
    publisher = Publisher()
    ring = publisher.ring()
    assert publisher.fetches == 0
    assert await ring.find(*PLACE) is KEY
    assert publisher.fetches == 1


async def test_while_old_keys_are_fetched_again_others_go_on_with_them() -> None:
    publisher = Publisher()
    ring = publisher.ring()
    await ring.find(*PLACE)
    publisher.now += 300
    publisher.may_answer.clear()
    publisher.is_asked.clear()
    asking = asyncio.create_task(ring.find(*PLACE))
    await publisher.is_asked.wait()
    assert await ring.find(*PLACE) is KEY
    assert not asking.done()
    publisher.may_answer.set()
    assert await asking is KEY
    assert publisher.fetches == 2


async def test_keys_that_are_too_old_are_waited_for() -> None:
    publisher = Publisher()
    ring = publisher.ring()
    await ring.find(*PLACE)
    publisher.now += 3600
    publisher.may_answer.clear()
    publisher.is_asked.clear()
    asking = [asyncio.create_task(ring.find(*PLACE)) for _ in range(2)]
    await publisher.is_asked.wait()
    await asyncio.sleep(0)
    assert not any(task.done() for task in asking)
    publisher.may_answer.set()
    assert await asyncio.gather(*asking) == [KEY, KEY]
    assert publisher.fetches == 2


async def test_a_fetch_that_is_cancelled_is_done_by_the_next_caller() -> None:
    publisher = Publisher()
    ring = publisher.ring()
    publisher.may_answer.clear()
    first, second = (asyncio.create_task(ring.find(*PLACE)) for _ in range(2))
    await publisher.is_asked.wait()
    first.cancel()
    publisher.may_answer.set()
    assert await second is KEY
    assert publisher.fetches == 2


async def test_an_issuer_that_fails_is_left_alone_for_a_while() -> None:
    publisher = Publisher()
    ring = publisher.ring()
    publisher.is_down = True
    for _ in range(10):
        with pytest.raises(IssuerUnavailable):
            await ring.find(*PLACE)
    assert publisher.fetches == 1
    publisher.is_down = False
    publisher.now += 10
    assert await ring.find(*PLACE) is KEY
