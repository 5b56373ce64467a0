r"""Values of a database as text that a terminal shows and never obeys.

What would not show is written as an escape, as in `\x1b`, so that nothing is hidden from the reader either.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from moorage.databases.execution.writing import json_of
from moorage.databases.models import Cell

LINE_END = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
ELLIPSIS = "…"
NULL = "NULL"
# PostgreSQL's names of types whose values are compared by their last digit.
_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "xid8"})


def is_number(type_name: str) -> bool:
    """Return whether values of a type stand at the right of their column."""
    return type_name in _NUMBERS


def text_of(cell: Cell) -> str:
    """Return a value as one text, whatever it holds; NULL is the word."""
    if cell is None:
        return NULL
    return cell if isinstance(cell, str) else json_of(cell)


def one_line(text: str) -> str:
    """Return a text on one line, with its line ends marked."""
    return visible(text.replace("\r\n", "\n")).replace("\n", LINE_END)


def visible(text: str) -> str:
    """Return a text with what does not show written as escapes; it keeps its lines."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def printable_lines(text: str) -> str:
    """Return text for programs, such as CSV, as a terminal may see it: lines and tabs stay."""
    return "\t".join(map(visible, text.split("\t")))


def cut(text: str, width: int) -> str:
    """Return a text that takes no more than so many places of a terminal; its end is marked where it is cut."""
    if width_of(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS


def width_of(text: str) -> int:
    """Return how many places of a terminal a text takes: wide characters take two."""
    return len(text) if text.isascii() else cell_len(text)


def padded(text: str, width: int, *, at_right: bool) -> str:
    """Return a text with spaces that fill its column."""
    spaces = " " * (width - width_of(text))
    return f"{spaces}{text}" if at_right else f"{text}{spaces}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
