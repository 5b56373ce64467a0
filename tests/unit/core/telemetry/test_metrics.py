"""Gauges that are read when somebody asks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from moorage.core.telemetry.metrics import (
    BUCKETS_SECONDS,
    DATABASE_BUCKETS_SECONDS,
    Metric,
    declared,
    exposition,
    folded,
    published,
)


def test_a_gauge_shows_the_state_of_the_moment_until_it_is_taken_back() -> None:
    connections: dict[tuple[str, ...], float] = {("boats",): 2.0}
    tiny = Metric("tiny_connections", "gauge", "Open connections.", ("project",))
    take_back = published(tiny, lambda: connections)
    try:
        assert 'tiny_connections{project="boats"} 2.0' in exposition().decode()
        connections["boats",] = 3.0
        assert 'tiny_connections{project="boats"} 3.0' in exposition().decode()
    finally:
        take_back()
    assert "tiny_connections" not in exposition().decode()


def test_the_process_itself_is_measured() -> None:
    assert "process_resident_memory_bytes" in exposition().decode()


def test_names_beyond_the_limit_are_added_up_with_all_their_states():
    readings: dict[tuple[str, ...], float] = {
        ("boats", "idle"): 9.0,
        ("cars", "idle"): 1.0,
        ("cars", "active"): 2.0,
        ("planes", "idle"): 3.0,
    }
    assert folded(readings, most=1) == {("boats", "idle"): 9, ("(others)", "idle"): 4, ("(others)", "active"): 2}
    assert folded(readings, most=3) == readings


def test_every_metric_says_what_it_means_in_a_sentence():
    assert [each.name for each in declared() if not each.meaning.endswith(".")] == []


@pytest.mark.parametrize("buckets", [BUCKETS_SECONDS, DATABASE_BUCKETS_SECONDS])
def test_a_percentile_below_a_second_is_right_within_the_factor_of_two_and_a_half(buckets: tuple[float, ...]):
    """Seed 2 asks for p50, p95 and p99; what lies between two limits, Prometheus guesses."""
    below = [limit for limit in buckets if limit <= 1]
    assert [pair for pair in pairwise(below) if pair[1] / pair[0] > 2.5] == []
