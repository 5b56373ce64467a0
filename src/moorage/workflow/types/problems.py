"""One thing that is wrong with data, or with a type, and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from moorage.core.values import Value
from moorage.workflow.documents import escaped

SHOWN_CHARACTERS = 60
_SHOWN_CHOICES = 20


class Problem(Value):
    """One thing that is wrong.

    Attributes:
        pointer: where, as a JSON pointer (RFC 6901); "" is the whole.
    """

    pointer: str
    message: str


def sentence(problems: Sequence[Problem]) -> str:
    """Return problems as one text, each after its place."""
    return "; ".join(f"{each.pointer or 'the whole'}: {each.message}" for each in problems)


def pointer_of(path: Iterable[str | int]) -> str:
    """Return a path of keys and places as a JSON pointer."""
    return "".join(f"/{escaped(str(part))}" for part in path)


def shown(value: Any) -> str:
    """Return a short form of a JSON value, so that the caller recognises it."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def choices(values: Sequence[Any]) -> str:
    """Return the values that there are to choose from, not too many."""
    listed = ", ".join(shown(each) for each in values[:_SHOWN_CHOICES])
    return listed if len(values) <= _SHOWN_CHOICES else f"{listed} and {len(values) - _SHOWN_CHOICES} more"


def nearest(word: str, words: Iterable[str]) -> str:
    """Return "; did you mean ...?" when one of the words is like it, or nothing."""
    found = get_close_matches(word, list(words), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
