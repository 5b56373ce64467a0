"""When a database that is down is tried again, and what callers are told until then."""

from __future__ import annotations

import pytest

from moorage.databases.connectors import health as module
from moorage.databases.connectors.dialing import hosts_of
from moorage.databases.connectors.health import Health
from moorage.databases.definitions import DirectPostgres
from moorage.databases.errors import DatabaseUnavailable

DOWN = DatabaseUnavailable("the database does not answer: connection refused")


@pytest.fixture
def clock(monkeypatch):
    """The time, to be moved by hand."""
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_pauses_double_up_to_half_a_minute(clock):
    health, pauses = Health(), []
    for _ in range(7):
        health.failed(DOWN)
        pauses.append(health.seconds_to_next_try)
        clock[0] += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_failures_at_the_same_time_count_once(clock):
    health = Health()
    for _ in range(10):
        health.failed(DOWN)
    assert health.seconds_to_next_try == 1


def test_until_the_next_try_callers_are_refused_and_then_one_may_try(clock):
    health = Health()
    health.failed(DOWN)
    with pytest.raises(DatabaseUnavailable, match=r"connection refused .*it is tried again in 1 s"):
        health.check()
    clock[0] += 1
    health.check()
    with health.trying(), pytest.raises(DatabaseUnavailable, match="it is being tried again"):
        health.check()


def test_an_answer_makes_it_reachable_and_pauses_short_again(clock):
    health = Health()
    for _ in range(3):
        health.failed(DOWN)
        clock[0] += 60
    health.answered(0.01)
    health.check()
    assert (health.status, health.error) == ("reachable", None)
    health.failed(DOWN)
    assert health.seconds_to_next_try == 1


def test_a_database_that_nobody_asks_for_is_left_alone(clock):
    health = Health()
    health.want()
    health.failed(DOWN)
    assert health.is_wanted
    clock[0] += module.WANTED_SECONDS
    assert not health.is_wanted


@pytest.mark.parametrize(
    ("hostname", "hosts"),
    [
        ("db", (("db", 5432),)),
        ("a,b:5433", (("a", 5432), ("b", 5433))),
        ("/run/postgresql", (("/run/postgresql", 5432),)),
        ("::1", (("::1", 5432),)),
        ("[::1]:5433", (("::1", 5433),)),
        ("[::1]", (("::1", 5432),)),
    ],
)
def test_hosts_may_have_ports_of_their_own(hostname, hosts):
    assert hosts_of(DirectPostgres(hostname=hostname, database="shop")) == hosts
