"""What the conditions of a plan say of columns, read with PostgreSQL's own grammar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moorage.core.errors import MoorageError
from moorage.databases.policy.parsing import SHORT_CHARACTERS, parse


@dataclass(frozen=True)
class WrappedColumn:
    """A column that is compared only after something was done to it, so that its plain index does not serve.

    Attributes:
        function: what is called on it; None when it is cast.
        type: what it is cast to; None when a function is called.
    """

    column: str
    function: str | None
    type: str | None


def wrapped_columns(condition: str) -> list[WrappedColumn]:
    """Return the columns of a condition that a function or a cast stands around, on one side of a comparison."""
    if len(condition) > SHORT_CHARACTERS:
        return []
    try:
        tree = parse(f"SELECT WHERE {condition}")
    except MoorageError:  # plans also have words that are no SQL: (hashed SubPlan 1)
        return []
    found = (_wrapped(side) for comparison in _comparisons(tree) for side in comparison)
    return list(dict.fromkeys(each for each in found if each is not None))


def _comparisons(tree: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "A_Expr" in part:
                yield part["A_Expr"].get("lexpr"), part["A_Expr"].get("rexpr")
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _wrapped(side: Any) -> WrappedColumn | None:
    match side:
        case {"FuncCall": {"funcname": [*_, {"String": {"sval": function}}], "args": [*arguments]}}:
            columns = [name for each in arguments if (name := _column(each))]
            return WrappedColumn(columns[0], function, None) if len(columns) == 1 else None
        case {"TypeCast": {"arg": inner, "typeName": {"names": [*_, {"String": {"sval": type_name}}]}}}:
            column = _column(inner)
            return WrappedColumn(column, None, type_name) if column else _wrapped(inner)
    return None


def _column(node: Any) -> str | None:
    match node:
        case {"ColumnRef": {"fields": [*_, {"String": {"sval": name}}]}}:
            return name
        case {"TypeCast": {"arg": inner}}:  # varchar shows as text: no work is done for it
            return _column(inner)
    return None
