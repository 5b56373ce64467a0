"""Gauges that are read when somebody asks."""

from __future__ import annotations

from moorage.core.telemetry.metrics import Metric, exposition, published


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
