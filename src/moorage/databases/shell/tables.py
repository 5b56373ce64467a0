"""Rows as tables for people: aligned columns, or one record below the other where columns would not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from moorage.databases.execution.writing import Row
from moorage.databases.models import Column
from moorage.databases.shell.cells import cut, is_number, one_line, padded, text_of, visible, width_of

MOST_CELL_WIDTH = 80
"""A value takes no more of a line; as a record it is shown whole."""

MOST_NAME_WIDTH = 40
GAP = "  "


def table_of(columns: Sequence[Column], rows: Sequence[Row]) -> list[Text]:
    """Return the lines of a table: names, a rule, and a line for each row; numbers stand at the right."""
    names = [cut(one_line(each.name), MOST_CELL_WIDTH) for each in columns]
    texts = [[cut(one_line(text_of(cell)), MOST_CELL_WIDTH) for cell in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(names, *texts, strict=True)]
    at_right = [is_number(each.type) for each in columns]
    rule = GAP.join("-" * width for width in widths)
    head = Text(_line(names, widths, at_right), style="bold")
    lines = [_with_nulls(row, _padded(text, widths, at_right)) for row, text in zip(rows, texts, strict=True)]
    return [head, Text(rule, style="dim"), *lines]


def width_of_table(lines: Sequence[Text]) -> int:
    """Return how many places the widest line of a table takes."""
    return max((width_of(each.plain) for each in lines[:2]), default=0)


def is_any_cut(rows: Sequence[Row]) -> bool:
    """Return whether a table of these rows shows a value only in part."""
    return any(width_of(one_line(text_of(cell))) > MOST_CELL_WIDTH for row in rows for cell in row)


def records_of(columns: Sequence[Column], rows: Sequence[Row], *, first: int = 1) -> Iterator[Text]:
    """Yield the lines of records, each a row with a line for each column, and values whole.

    Args:
        first: the number of the first of them.
    """
    names = [cut(one_line(each.name), MOST_NAME_WIDTH) for each in columns]
    width = max(map(width_of, names), default=0)
    for number, row in enumerate(rows, first):
        yield Text(f"-- {number} {'-' * max(width - len(str(number)), 2)}", style="dim")
        for name, cell in zip(names, row, strict=True):
            line = Text(padded(name, width, at_right=False), style="bold").append(GAP)
            yield line.append(_indented(cell, width), style="not bold dim" if cell is None else "not bold")


def _indented(cell: object, width: int) -> str:
    """Return a value whose further lines begin below its first."""
    return visible(text_of(cell)).replace("\n", f"\n{' ' * width}{GAP}")


def _padded(texts: Sequence[str], widths: Sequence[int], at_right: Sequence[bool]) -> list[str]:
    return [padded(*each[:2], at_right=each[2]) for each in zip(texts, widths, at_right, strict=True)]


def _line(texts: Sequence[str], widths: Sequence[int], at_right: Sequence[bool]) -> str:
    return GAP.join(_padded(texts, widths, at_right)).rstrip()


def _with_nulls(row: Row, texts: Sequence[str]) -> Text:
    """Return the line of a row; where nothing is, it says so in another shade than a text with these letters."""
    if None not in row:
        return Text(GAP.join(texts).rstrip())
    parts = [(text, "dim italic") if cell is None else text for cell, text in zip(row, texts, strict=True)]
    line = Text(GAP).join(Text.assemble(each) for each in parts)
    line.rstrip()
    return line
