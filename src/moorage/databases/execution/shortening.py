"""Values too long for an answer: their beginning stands there, marked, with their true length."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.databases.execution.writing import json_of
from moorage.databases.models import Cell, RawJson


class Shortened(str):
    """The beginning of a longer text, with the mark behind it."""

    __slots__ = ()


def shortened(rows: Sequence[Sequence[Cell]], characters: int) -> Sequence[Sequence[Cell]]:
    """Return the rows with every longer value cut; the very same rows where none is."""
    columns = list(zip(*rows, strict=True))
    longest = [_longest(column) > characters for column in columns]
    if not any(longest):
        return rows
    cut = [
        [_shortened(cell, characters) for cell in column] if is_long else column
        for column, is_long in zip(columns, longest, strict=True)
    ]
    return list(zip(*cut, strict=True))


def _longest(column: Sequence[Cell]) -> int:
    """Return the length of the longest value; of numbers and such none is too long."""
    kinds = set(map(type, column)) - {type(None)}
    if kinds <= {str, RawJson}:
        return max(map(len, filter(None, column)), default=0)
    return max((len(_text_of(cell)) for cell in column if isinstance(cell, str | bytes | list)), default=0)


def _shortened(cell: Cell, characters: int) -> Cell:
    text = _text_of(cell) if isinstance(cell, str | bytes | list) else ""
    if len(text) <= characters:
        return cell
    return Shortened(f"{text[:characters]}… [cut, {len(text):,} characters]")


def _text_of(cell: str | bytes | list) -> str:
    """Return the text that counts; of a list and of bytes what stands in an answer."""
    return cell if isinstance(cell, str) else json_of(cell)
