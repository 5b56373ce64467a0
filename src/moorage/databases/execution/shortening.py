"""Values too long for an answer: their beginning stands there, marked, with their true length."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.databases.execution.writing import Row, Shortened, json_of
from moorage.databases.models import Cell, RawJson

_TEXTS = {str, RawJson, type(None)}
_NEVER_LONG = {int, float, bool, type(None)}


def shortened(rows: Sequence[Row], characters: int) -> Sequence[Row]:
    """Return the rows with every longer value cut; the very same rows where none is."""
    columns = list(zip(*rows, strict=True))
    too_long = [_longest(column) > characters for column in columns]
    if not any(too_long):
        return rows
    cut = [
        [_shortened(cell, characters) for cell in column] if is_cut else column
        for column, is_cut in zip(columns, too_long, strict=True)
    ]
    return list(zip(*cut, strict=True))


def with_lists_written(row: Row) -> Row:
    """Return a row whose lists are the JSON that they are written as, for whoever cuts it again and again."""
    return [RawJson(json_of(cell)) if isinstance(cell, list) else cell for cell in row]


def _longest(column: Row) -> int:
    """Return the length of the longest text of a column."""
    kinds = set(map(type, column))
    if kinds <= _NEVER_LONG:
        return 0
    if kinds <= _TEXTS:
        return max(map(len, filter(None, column)), default=0)
    return max(map(len, map(_text_of, column)))


def _shortened(cell: Cell, characters: int) -> Cell:
    text = _text_of(cell)
    if len(text) <= characters:
        return cell
    return Shortened(f"{text[:characters]}… [cut, {len(text):,} characters]")


def _text_of(cell: Cell) -> str:
    """Return the text of a value whose length counts: its own, or what a list is written as."""
    if isinstance(cell, str):
        return cell
    return json_of(cell) if isinstance(cell, list) else ""
