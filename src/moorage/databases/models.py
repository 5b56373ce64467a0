"""What statements give back."""

from __future__ import annotations

from typing import Any

from moorage.core.values import Value

Cell = Any
"""A value as JSON has it: null, true, numbers that JSON readers keep exactly, text for all else, lists of these, and
`RawJson` for a document that is passed on as PostgreSQL wrote it."""


class RawJson(str):
    """The text of a JSON document, which stands in an answer as the document it is."""

    __slots__ = ()


class Column(Value):
    """One column of an answer: its name, and PostgreSQL's name of its type."""

    name: str
    type: str
