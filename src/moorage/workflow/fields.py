"""How a field is named: `status`, `test_results.passed`, or a JSON pointer where a key has dots: `/a.b/c`."""

from __future__ import annotations

from jsonpointer import JsonPointer, JsonPointerException

from moorage.core.errors import InvalidInput

FieldPath = tuple[str, ...]
MAX_DEPTH = 32
MAX_CHARACTERS = 500


def parse_field(text: str) -> FieldPath:
    """Return the keys that lead to a field; numbers among them are places in a list, from 0.

    Raises:
        InvalidInput: it names no field.
    """
    parts = _pointed(text) if text.startswith("/") else text.split(".")
    if not all(parts) or len(parts) > MAX_DEPTH or len(text) > MAX_CHARACTERS:
        raise InvalidInput(
            f"{text[:60]!r} names no field",
            hint='Write "status", "address.city", "tags.0", or a JSON pointer such as "/a.b/c".',
        )
    return tuple(parts)


def _pointed(text: str) -> list[str]:
    try:
        return JsonPointer(text).parts
    except JsonPointerException:
        return []
