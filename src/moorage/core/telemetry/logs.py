"""Log lines: structlog events and the records of libraries, through one renderer to stderr.

An event has a constant name (`call.finished`) and facts as fields. On a terminal the lines are for people,
elsewhere one JSON object each.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import Processor

from moorage.core.telemetry.subjects import add_subject

LogFormat = Literal["auto", "text", "json"]

SECRET_FIELDS = frozenset({"password", "token", "secret", "api_key", "authorization", "dsn", "database_url"})
CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s]+(?=@)")  # a token stands there without a colon
REDACTED = "[redacted]"


def configure_logging(*, level: str = "INFO", log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send every log line to `stream` (stderr when None): ours from `level` up, of libraries from WARNING up.

    May be called again; the last call holds.
    """
    stream = stream or sys.stderr
    structlog.configure(
        processors=[*_common(), _renderer(log_format, stream)],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unread(stream))),
        cache_logger_on_first_use=False,
    )
    _route_library_logs(_renderer(log_format, stream), stream)


class _Unread:
    """A stream whose reader may leave, as with a closed terminal: lines are lost then, and no call fails for them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        add_subject,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]


def _renderer(log_format: LogFormat, stream: TextIO) -> Processor:
    if log_format == "text" or (log_format == "auto" and stream.isatty()):
        return structlog.dev.ConsoleRenderer(colors=stream.isatty())
    return structlog.processors.JSONRenderer()


def _route_library_logs(renderer: Processor, stream: TextIO) -> None:
    """Replace whatever handlers the root logger has by one that writes as we do."""
    handler = logging.StreamHandler(stream)
    without_record = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    named: list[Processor] = [structlog.stdlib.add_logger_name, *_common()]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=named, processors=[without_record, renderer])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take secrets out of a log event: fields that are named like one, and the credentials inside URLs."""
    for field, value in event.items():
        if field in SECRET_FIELDS:
            event[field] = REDACTED
        elif isinstance(value, str) and "://" in value:
            event[field] = CREDENTIALS_IN_URL.sub(REDACTED, value)
    return event
