"""Rows as the Data API gives them, as cells.

Queries give each row as one text, PostgreSQL's own of a composite value, which holds every type exactly. Other
statements give the service's fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from moorage.databases.connectors.arrays import array_cell, reader_of
from moorage.databases.models import Cell, Column, RawJson

# https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
_FIELD = re.compile(r'(?:"([^"\\]*(?:(?:""|\\.)[^"\\]*)*)"|([^,"]*)),', re.DOTALL)
_DOCUMENTS = frozenset({"json", "jsonb"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "name"})


class RowReader:
    """Makes cells of the texts of rows that have these columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._width = len(columns)
        self._readers = [
            (place, read) for place, column in enumerate(columns) if (read := _reader(column.type)) is not str
        ]

    def read(self, texts: Sequence[str]) -> list[list[Cell]]:
        rows: list[list[Cell]] = [fields_of(text) if self._width else [] for text in texts]
        for place, read in self._readers:
            for row in rows:
                if row[place] is not None:
                    row[place] = read(row[place])
        return rows


def fields_of(row: str) -> list[str | None]:
    """Return the texts of a row's fields; None stands for NULL. A row has one field at least."""
    inner = row[1:-1]
    if '"' not in inner:
        return [part or None for part in inner.split(",")]
    return [_unquoted(match) for match in _FIELD.finditer(f"{inner},")]


def columns_in(answer: dict[str, Any]) -> tuple[Column, ...]:
    """Return the columns as the service describes them."""
    return tuple(
        Column(name=each["label"], type=_type_name(each["typeName"])) for each in answer.get("columnMetadata", ())
    )


def cells_in(answer: dict[str, Any], columns: Sequence[Column]) -> list[list[Cell]]:
    """Return the rows of an answer that has the service's fields."""
    return [
        [_cell(field, column) for field, column in zip(record, columns, strict=True)]
        for record in answer.get("records", ())
    ]


class Record:
    """A row of a statement of ours: values by place and by name, as the driver's records have them."""

    __slots__ = ("_names", "_values")

    def __init__(self, values: Sequence[Any], names: tuple[str, ...]) -> None:
        self._values = values
        self._names = names

    def __getitem__(self, key: int | str) -> Any:
        return self._values[self._names.index(key) if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> tuple[str, ...]:
        return self._names

    def values(self) -> Iterator[Any]:
        return iter(self)

    def items(self) -> Iterator[tuple[str, Any]]:
        return zip(self._names, self._values, strict=True)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._names else default


def records_in(answer: dict[str, Any]) -> list[Record]:
    """Return the rows of an answer for code of ours."""
    columns = columns_in(answer)
    names = tuple(column.name for column in columns)
    return [Record(row, names) for row in cells_in(answer, columns)]


def _reader(type_name: str) -> Callable[[str], Cell]:
    if type_name.endswith("[]"):
        return partial(array_cell, element=type_name.removesuffix("[]"))
    return RawJson if type_name in _DOCUMENTS else reader_of(type_name)


def _unquoted(match: re.Match[str]) -> str | None:
    if match[1] is None:
        return match[2] or None
    return match[1].replace('""', '"').replace("\\\\", "\\")


def _type_name(name: str) -> str:
    return f"{name[1:]}[]" if name.startswith("_") else name


def _cell(field: dict[str, Any], column: Column) -> Cell:
    ((kind, value),) = field.items()
    if kind == "isNull":
        return None
    if kind == "blobValue":
        return "\\x" + bytes(value).hex()
    if kind == "arrayValue":
        return _elements(value)
    if kind == "stringValue":
        return value if column.type in _TEXTS else _reader(column.type)(value)
    return reader_of("int8")(value) if kind == "longValue" else value


def _elements(array: dict[str, Any]) -> list[Cell]:
    ((kind, values),) = array.items()
    return [_elements(value) for value in values] if kind == "arrayValues" else list(values)
