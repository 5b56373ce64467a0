"""What looks like a point in time (RFC 3339), exactly as the function `workflow.instant` of the database sees it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# No leap seconds: PostgreSQL has none.
_TIME_OF_DAY = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_INSTANT = re.compile(rf"({_DATE.pattern})[Tt]{_TIME_OF_DAY}")


def is_date(value: Any) -> bool:
    """Tell whether this is a day that there was or will be: 2026-02-28."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


def is_instant(value: Any) -> bool:
    """Tell whether this is a day with a time and an offset: 2026-02-28T08:00:00Z."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    return found is not None and is_date(found[1])


def instant_of(value: str) -> str:
    """Return a date or date-time as a date-time: a day begins at midnight UTC."""
    return f"{value}T00:00:00Z" if is_date(value) else value
