"""What is written to stderr, and what never is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from moorage.core.telemetry.logs import configure_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


def lines_in(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_with_its_facts() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    structlog.get_logger().info("index.finished", files=3)
    (line,) = lines_in(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "index.finished", "files": 3, "level": "info"}


def test_a_terminal_gets_lines_for_people() -> None:
    stream = Terminal()
    configure_logging(stream=stream)
    structlog.get_logger().info("index.finished", files=3)
    assert "index.finished" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_levels_below_the_configured_one_are_dropped() -> None:
    stream = io.StringIO()
    configure_logging(level="WARNING", stream=stream)
    structlog.get_logger().info("index.started")
    structlog.get_logger().warning("index.slow")
    assert [line["event"] for line in lines_in(stream)] == ["index.slow"]


def test_records_of_libraries_come_in_the_same_form_from_warning_up() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    logging.getLogger("somebody.else").info("chatter")
    logging.getLogger("somebody.else").warning("pool is %s", "full")
    (line,) = lines_in(stream)
    assert (line["event"], line["logger"], line["level"]) == ("pool is full", "somebody.else", "warning")


def test_configuring_twice_does_not_write_twice() -> None:
    stream = io.StringIO()
    configure_logging(stream=io.StringIO())
    configure_logging(stream=stream)
    logging.getLogger("somebody.else").warning("once")
    assert len(lines_in(stream)) == 1


@pytest.mark.parametrize("field", ["password", "token", "secret", "api_key", "authorization", "dsn"])
def test_fields_named_like_a_secret_are_redacted(field: str) -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    structlog.get_logger().info("connected", **{field: "hunter2"})
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("credentials", ["ann:hunter2", "hunter2", "ann:hunter@2"])
def test_credentials_inside_an_address_are_redacted(credentials: str) -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    structlog.get_logger().info("connected", address=f"postgresql://{credentials}@db:5432/x?a=b")
    (line,) = lines_in(stream)
    assert line["address"] == "postgresql://[redacted]@db:5432/x?a=b"


def test_credentials_inside_a_traceback_are_redacted() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    error = ConnectionError("postgresql://ann:hunter2@db refused")
    structlog.get_logger().error("connect.failed", exc_info=error)
    logging.getLogger("driver").error("connect failed", exc_info=error)
    assert "ConnectionError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


class Abandoned(io.StringIO):
    """A pipe of which nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def test_a_reader_that_left_fails_nobody() -> None:
    configure_logging(stream=Abandoned())
    structlog.get_logger().info("call.finished")
