"""How long to wait before a request is tried again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0


def pause_seconds(attempt: int, *, asked_for: float | None) -> float | None:
    """Return how long to wait after the failed attempt number `attempt`, from 1; None: longer than it is worth.

    A pause that the endpoint asks for is kept, with up to a tenth more so that callers do not return together.
    Otherwise the pause is random, up to a bound that doubles with every attempt.

    Source: "full jitter" in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    if asked_for is None:
        bound = min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
        return random.uniform(0, bound)  # noqa: S311 - no secret depends on it
    if asked_for > LONGEST_PAUSE_SECONDS:
        return None
    return asked_for * random.uniform(1, 1.1)  # noqa: S311


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """Return what a Retry-After header asks for, in seconds from `now`; None when it says nothing usable.

    Source: RFC 9110, section 10.2.3: a number of seconds, or a date.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
