"""Moments as people write them: so long ago, or a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from moorage.core.errors import InvalidInput

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str, *, now: datetime) -> datetime:
    """Return the moment that `1d`, `90m` or a time means; a time without zone is that of this machine's clock.

    Raises:
        InvalidInput: it means none.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "Write how long ago, as in 90m, 12h, 1d, 2w, or a time such as 2026-11-21T18:30."
        raise InvalidInput(f"{text[:60]!r} is no time", hint=hint) from None
