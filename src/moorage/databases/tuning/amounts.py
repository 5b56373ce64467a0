"""Amounts as people say them."""

from __future__ import annotations

_STEP, _TWO_DIGITS = 1024, 10
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def size(amount: float) -> str:
    """Return a number of bytes in the unit that leaves it below 1024."""
    steps = 0
    while amount >= _STEP and steps < len(_UNITS) - 1:
        amount, steps = amount / _STEP, steps + 1
    digits = 1 if steps and amount < _TWO_DIGITS else 0
    return f"{amount:,.{digits}f} {_UNITS[steps]}"


def duration(seconds: float) -> str:
    """Return a time in its largest unit that leaves at least two of it."""
    for length, unit in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.0f} s"
