from __future__ import annotations

from datetime import UTC, datetime

import pytest

from moorage.core.embedding.retrying import LONGEST_PAUSE_SECONDS, pause_seconds, retry_after_seconds

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("0", 0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """RFC 9110, section 10.2.3."""
    assert retry_after_seconds(header, now=NOW) == seconds


@pytest.mark.parametrize(("attempt", "bound"), [(1, 0.5), (2, 1), (5, 8), (50, LONGEST_PAUSE_SECONDS)])
def test_pauses_grow_up_to_a_bound(attempt: int, bound: float) -> None:
    pauses = [pause_seconds(attempt, asked_for=None) or 0 for _ in range(300)]
    assert 0.8 * bound < max(pauses) <= bound


def test_a_pause_that_is_asked_for_is_kept() -> None:
    pause = pause_seconds(1, asked_for=10)
    assert pause is not None
    assert 10 <= pause <= 11


def test_a_pause_longer_than_it_is_worth_is_none() -> None:
    assert pause_seconds(1, asked_for=LONGEST_PAUSE_SECONDS + 1) is None
