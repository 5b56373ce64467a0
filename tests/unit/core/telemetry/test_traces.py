"""When spans leave the process."""

from __future__ import annotations

import pytest

from moorage.core.telemetry.traces import configure_tracing, current_trace_id


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
    ],
)
def test_nothing_is_exported_unless_the_environment_asks_for_it(environment: dict[str, str]) -> None:
    assert configure_tracing(environment, version="1") is False


def test_outside_a_trace_there_is_no_trace_id() -> None:
    assert current_trace_id() is None
