"""Arrays as PostgreSQL writes them, and as JSON has them.

Source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from moorage.databases.models import Cell, RawJson

MAX_SAFE_INTEGER = 2**53
"""Readers of JSON keep whole numbers up to here: https://www.rfc-editor.org/rfc/rfc8259#section-6"""

MAX_CHARACTERS = 100_000
"""A longer array stays text: it is cut in the answer anyway, and making lists of it would keep all callers waiting."""

_PIECE = re.compile(r'[{}]|"(?:[^"\\]|\\.)*"|[^{},"]+', re.DOTALL)
_BOX_PIECE = re.compile(r'[{}]|"(?:[^"\\]|\\.)*"|[^{};"]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_INTEGERS = frozenset({"int2", "int4", "int8", "oid", "xid", "cid", "xid8"})
_FLOATS = frozenset({"float4", "float8"})


def array_cell(text: str, element: str) -> Cell:
    """Return an array as lists; one whose bounds are not 1 stays the text it is, because lists have no bounds.

    A very long one stays text as well.

    Args:
        element: PostgreSQL's name of the elements' type.
    """
    if text.startswith("[") or len(text) > MAX_CHARACTERS:
        return text
    if element in ("json", "jsonb"):
        return RawJson(_document_of(_nested(text, element, str)))
    return _nested(text, element, reader_of(element))


def reader_of(name: str) -> Callable[[str], Cell]:
    """Return what makes a cell of a value's text, for a type that is neither an array nor a document."""
    return _READERS.get(name, str)


def array_text(values: Sequence[Any], delimiter: str = ",") -> str:
    """Return lists as PostgreSQL reads an array; None is NULL."""
    return "{" + delimiter.join(_element_text(each, delimiter) for each in values) + "}"


def written(value: Any) -> str:
    """Return a JSON value as PostgreSQL's input functions read it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return array_text(value)
    return str(value)


def _nested(text: str, element: str, read: Callable[[str], Cell]) -> list[Cell]:
    outermost: list[Cell] = []
    open_lists: list[list[Cell]] = [outermost]
    for piece in (_BOX_PIECE if element == "box" else _PIECE).findall(text):
        if piece == "{":
            inner: list[Cell] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
        elif piece == "}":
            open_lists.pop()
        elif piece[0] == '"':
            open_lists[-1].append(read(_ESCAPED.sub(r"\1", piece[1:-1])))
        else:
            open_lists[-1].append(None if piece == "NULL" else read(piece))
    return outermost[0]


def _integer(text: str) -> Cell:
    number = int(text)
    return number if -MAX_SAFE_INTEGER <= number <= MAX_SAFE_INTEGER else text


def _float(text: str) -> Cell:
    return text if text in ("NaN", "Infinity", "-Infinity") else float(text)


_READERS: dict[str, Callable[[str], Cell]] = {
    **dict.fromkeys(_INTEGERS, _integer),
    **dict.fromkeys(_FLOATS, _float),
    "bool": lambda text: text == "t",
}


def _document_of(value: Cell) -> str:
    """Return nested lists of the texts of documents as one document."""
    if value is None:
        return "null"
    return value if isinstance(value, str) else f"[{','.join(map(_document_of, value))}]"


def _element_text(value: Any, delimiter: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (list, tuple)):
        return array_text(value, delimiter)
    escaped = written(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
