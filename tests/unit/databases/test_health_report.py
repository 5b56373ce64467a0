"""The health of databases is told worst first, bounded however many there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from moorage.databases.definitions import Database, DirectPostgres, Origin
from moorage.databases.errors import DatabaseUnavailable
from moorage.databases.spreading import Asked
from moorage.databases.tuning.amounts import duration, size
from moorage.databases.tuning.health.examining import Examination
from moorage.databases.tuning.health.findings import error, note, warning, worst_first
from moorage.databases.tuning.health.report import report
from moorage.databases.tuning.health.server import LAST_FIXES, ServerState, findings_of

BAD = error("wraparound", "ids", "they end", "VACUUM")
DOUBTFUL = warning("dead_rows", "shop.orders", "many", "VACUUM")
GOOD_TO_KNOW = note("bloat", "shop.orders", "some", "nothing")


def state(**changes):
    usual: dict[str, Any] = {
        "version_number": 180_004, "version": "18.4", "up_seconds": 100_000, "is_standby": False,
        "size_bytes": 5_000_000, "connections_limit": 100, "connections": 5, "database_connections_limit": -1,
        "database_connections": 2, "blocks_hit": 0, "blocks_read": 0, "checksum_failures": 0, "deadlocks": 0,
        "temporary_bytes": 0, "transaction_age": 1_000, "multixact_age": 1,
    }  # fmt: skip
    return ServerState(**{**usual, **changes})


def asked(name, *findings, fails=False, unchecked=()):
    database = Database(id=name, definition=DirectPostgres(database=name), origin=Origin.FILE)
    if fails:
        return Asked(database, error=DatabaseUnavailable("it does not answer", hint="Start it."))
    told = Examination(
        database=name, latency_milliseconds=1.2, state=state(), findings=worst_first(findings), unchecked=unchecked
    )
    return Asked(database, told)


def test_one_database_is_told_with_everything_about_it():
    assert report([asked("shop", GOOD_TO_KNOW, BAD, unchecked=["slots (denied)"])]).splitlines() == [
        "shop: PostgreSQL 18.4, answers in 1.2 ms, up 28 hours, 4.8 MiB, 5 of 100 connections",
        "  ERROR wraparound: ids: they end -> VACUUM",
        "  INFO bloat: shop.orders: some -> nothing",
        "  not checked: slots (denied)",
    ]


def test_one_without_findings_is_told_as_such():
    assert report([asked("shop")]).splitlines()[-1] == "  nothing found"


def test_many_are_ranked_by_the_worst_of_each_and_those_that_are_well_only_named():
    dead, known = asked("dead", fails=True), asked("known", GOOD_TO_KNOW)
    lines = report([asked("well"), known, asked("doubtful", DOUBTFUL), asked("bad", BAD), dead]).splitlines()
    assert lines[0] == "5 databases: 1 not answering, 1 with errors, 1 with warnings, 2 well"
    assert [line.partition(":")[0] for line in lines[1:] if not line.startswith(" ")] == [
        "dead",
        "bad",
        "doubtful",
        "well",
    ]
    assert lines[-1] == "well: known, well"
    assert "  ERROR it does not answer -> Start it." in lines


def test_a_thousand_bad_databases_are_told_in_bounds():
    told = report([asked(f"database_{n}", *[BAD] * 30) for n in range(1_000)])
    assert len(told) < 40_000
    assert "and 925 more" in told


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"connections": 96}, "connections_used_up"),
        ({"connections": 81}, "connections_used_up"),
        ({"database_connections_limit": 2}, "connections_used_up"),
        ({"transaction_age": 600_000_000}, "wraparound"),
        ({"multixact_age": 1_600_000_000}, "wraparound"),
        ({"checksum_failures": 1}, "checksum_failures"),
        ({"blocks_hit": 100_000, "blocks_read": 100_000}, "cache_misses"),
        ({"version_number": 130_010}, "version_ended"),
        ({"version_number": 90_600}, "version_ended"),
    ],
)
def test_figures_out_of_bounds_are_findings(changes, code):
    assert [each.code for each in findings_of(state(**changes))] == [code]


def test_usual_figures_and_versions_to_come_are_no_findings():
    newest = max(LAST_FIXES)
    assert LAST_FIXES[newest] > datetime.now(UTC).date()
    for version in (newest, newest + 1):
        assert list(findings_of(state(version_number=version * 10_000, checksum_failures=None))) == []


@pytest.mark.parametrize(
    ("amount", "told"),
    [(0, "0 bytes"), (1_023, "1,023 bytes"), (1_536, "1.5 KiB"), (20 * 1024**2, "20 MiB"), (5 * 1024**5, "5,120 TiB")],
)
def test_sizes_are_told_as_people_say_them(amount, told):
    assert size(amount) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.4, "0 s"), (119, "119 s"), (120, "2 minutes"), (7_200, "2 hours"), (259_200, "3 days")]
)
def test_times_are_told_as_people_say_them(seconds, told):
    assert duration(seconds) == told
