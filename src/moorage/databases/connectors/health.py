"""Whether a database answers, as far as its calls have noticed; and when one that does not is tried again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Literal

from moorage.core.errors import MoorageError
from moorage.core.values import Value

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
WANTED_SECONDS = 300.0
"""A database that is down is tried again for so long after the last call that wanted it."""


class ConnectorState(Value):
    """What is known of the way to a database.

    Attributes:
        since: when it was last found reachable after it was not, or down after it was reachable.
        error: why it is down: what callers are told.
        next_try_seconds: when it is tried again; until then calls fail at once.
        latency_ms: of the last message and its answer.
    """

    status: Literal["unused", "reachable", "down"] = "unused"
    since: datetime | None = None
    error: str | None = None
    next_try_seconds: float | None = None
    open: int = 0
    in_use: int = 0
    waiting: int = 0
    latency_ms: float | None = None


class Health:
    """What the calls of one connector have found out.

    A database that is down is asked by one caller at a time, after a pause that doubles each time; all others fail
    at once with what was found last.
    """

    def __init__(self) -> None:
        self.status: Literal["unused", "reachable", "down"] = "unused"
        self.since: datetime | None = None
        self.latency_seconds: float | None = None
        self._error: MoorageError | None = None
        self._pause_seconds = 0.0
        self._next_try = 0.0
        self._wanted_at = 0.0
        self._is_trying = False

    @property
    def error(self) -> MoorageError | None:
        """Why it is down."""
        return self._error

    @property
    def is_wanted(self) -> bool:
        return self.status == "down" and monotonic() - self._wanted_at < WANTED_SECONDS

    @property
    def seconds_to_next_try(self) -> float:
        return max(self._next_try - monotonic(), 0.0)

    def want(self) -> None:
        """Note that a caller needs the database."""
        self._wanted_at = monotonic()

    def check(self) -> None:
        """Refuse to connect where that is of no use.

        Raises:
            MoorageError: it is down, and not to be tried just now; of the class that was met last.
        """
        if self._error is not None and (self._is_trying or self.seconds_to_next_try):
            raise self._still_down(self._error)

    @contextmanager
    def trying(self) -> Generator[None]:
        """Let others fail at once while the one inside tries, where the database is down."""
        self._is_trying = True
        try:
            yield
        finally:
            self._is_trying = False

    def answered(self, seconds: float) -> None:
        """Note that the database answered."""
        self.latency_seconds = seconds
        if self.status != "reachable":
            self.status, self.since, self._error = "reachable", datetime.now(UTC), None
            self._pause_seconds = 0.0

    def failed(self, error: MoorageError) -> None:
        """Note that connecting failed; the pause doubles unless it has only begun."""
        if self.status != "down":
            self.status, self.since = "down", datetime.now(UTC)
        self._error = error
        if not self.seconds_to_next_try:
            self._pause_seconds = min(max(self._pause_seconds * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
            self._next_try = monotonic() + self._pause_seconds

    def _still_down(self, error: MoorageError) -> MoorageError:
        seconds = self.seconds_to_next_try
        since = self.since.isoformat(timespec="seconds") if self.since else "now"
        when = f"it is tried again in {seconds:.0f} s" if seconds >= 1 else "it is being tried again"
        return type(error)(
            f"{error.message} (since {since}; {when})",
            hint=error.hint,
            **{**error.details, "since": since, "retry_after_seconds": round(seconds, 1)},
        )
