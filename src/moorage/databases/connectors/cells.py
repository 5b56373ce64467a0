"""Making cells of a column's values, where the driver's are not what JSON keeps exactly; decided once a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from moorage.databases.connectors.arrays import MAX_SAFE_INTEGER, array_cell
from moorage.databases.connectors.type_names import TypeName
from moorage.databases.models import Cell

Rows = list[list[Cell]]
Mend = Callable[[Rows], None]

_MAY_BE_LARGE = frozenset({"int8", "xid8"})
_MAY_BE_INFINITE = frozenset({"float4", "float8"})
_INFINITE = {float("inf"): "Infinity", float("-inf"): "-Infinity"}  # as PostgreSQL writes them


def menders(types: Sequence[TypeName], *, has_lists: bool = True) -> list[Mend]:
    """Return what is to be done to rows with columns of these types; for most columns nothing.

    Args:
        has_lists: whether lists are made of arrays; else they stay text.
    """
    return [mend for place, each in enumerate(types) if (mend := _mender(place, each, has_lists=has_lists))]


def _mender(place: int, column: TypeName, *, has_lists: bool) -> Mend | None:
    if column.name in _MAY_BE_LARGE:
        return lambda rows: _mend_large(rows, place)
    if column.name in _MAY_BE_INFINITE:
        return lambda rows: _mend_infinite(rows, place)
    if column.element is not None and has_lists:
        element = column.element
        return lambda rows: _mend_arrays(rows, place, element)
    return None


def _mend_large(rows: Rows, place: int) -> None:
    values = [row[place] for row in rows if row[place] is not None]
    if values and (max(values) > MAX_SAFE_INTEGER or min(values) < -MAX_SAFE_INTEGER):
        for row in rows:
            if row[place] is not None and abs(row[place]) > MAX_SAFE_INTEGER:
                row[place] = str(row[place])


def _mend_infinite(rows: Rows, place: int) -> None:
    values = [row[place] for row in rows if row[place] is not None]
    if not all(map(isfinite, values)):
        for row in rows:
            if row[place] is not None and not isfinite(row[place]):
                row[place] = _INFINITE.get(row[place], "NaN")


def _mend_arrays(rows: Rows, place: int, element: str) -> None:
    for row in rows:
        if row[place] is not None:
            row[place] = array_cell(row[place], element)
