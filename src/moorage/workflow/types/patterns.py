"""Patterns, in an engine without backtracking: its time grows with the text, by a factor that the pattern decides.

Source: https://docs.rs/regex/latest/regex/#untrusted-input
"""

from __future__ import annotations

from functools import lru_cache

import jsonschema_rs

MAX_CHARACTERS = 256
# How large the pattern is when compiled, in bytes, and how long the worst of that size was found to look at a byte of
# text, in nanoseconds: `^(a|b)*a(a|b){n}c` on a's and b's by chance, on a machine of 2 cores in 2026.
_NANOSECONDS_BY_SIZE = ((1_000, 10), (3_000, 600), (10_000, 2_000), (20_000, 2_500), (100_000, 12_000))
PATTERN_SIZE_LIMIT = _NANOSECONDS_BY_SIZE[-1][0]


@lru_cache(4096)
def pattern_cost(pattern: str) -> int | None:
    """Return the nanoseconds for a byte of text, at most; None where the engine cannot serve it, or not as small."""
    return next((cost for size, cost in _NANOSECONDS_BY_SIZE if _compiles(pattern, size)), None)


def pattern_problem(pattern: str) -> str | None:
    """Say why a pattern is refused, or None."""
    if len(pattern) > MAX_CHARACTERS:
        return f"a pattern of {len(pattern)} characters, {MAX_CHARACTERS} at most"
    if pattern_cost(pattern) is not None:
        return None
    reason = "its engine has no look-around and no back-references; and lengths belong into maxLength, not into {1,500}"
    return f"the pattern {pattern!r} is not served: {reason}"


def _compiles(pattern: str, size: int) -> bool:
    options = jsonschema_rs.RegexOptions(size_limit=size)
    try:
        jsonschema_rs.validator_for({"pattern": pattern}, offline=True, pattern_options=options)
    except jsonschema_rs.ValidationError:
        return False
    return True
