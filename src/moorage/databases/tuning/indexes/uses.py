"""How a statement looks at tables: which columns it compares and how, and in which order it wants rows.

Read from PostgreSQL's own tree. What is not understood is left out: it costs a piece of advice, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moorage.databases.policy.mentions import Named
from moorage.databases.policy.parsing import Tree
from moorage.databases.tuning.indexes.tables import Table

_RANGES = frozenset({"<", "<=", ">", ">="})
# What a GIN index finds: https://www.postgresql.org/docs/current/gin.html
_CONTAINMENTS = frozenset({"@>", "<@", "@@", "&&", "?", "?|", "?&"})
_GIN_TYPES = ("jsonb", "tsvector")
_LISTS = ("AEXPR_IN", "AEXPR_OP_ANY")
_BETWEEN = ("AEXPR_BETWEEN", "AEXPR_BETWEEN_SYM")
_WILDCARDS = ("%", "_")


@dataclass(frozen=True)
class Key:
    """What an index can be built on.

    Attributes:
        column: the column, also where a function is called on it.
        function: what is called on the column; None is the column itself.
        is_descending: the order in which rows are wanted.
        is_pattern: compared by LIKE with a fixed beginning.
    """

    column: str
    function: str | None = None
    is_descending: bool = False
    is_pattern: bool = False


@dataclass
class Use:
    """How one part of a statement looks at one table.

    Attributes:
        equal: keys compared for equality, joins included.
        ranged: keys compared with a bound.
        contained: columns that a GIN index would find by.
        conditions: what always holds there, and could be the condition of a partial index: "deleted_at IS NULL".
        ordered: keys by which rows are wanted; empty when other tables have a say in the order.
        is_limited: only the first rows are wanted.
    """

    table: Table
    equal: list[Key] = field(default_factory=list)
    ranged: list[Key] = field(default_factory=list)
    contained: list[Key] = field(default_factory=list)
    conditions: list[tuple[str, str]] = field(default_factory=list)
    ordered: list[Key] = field(default_factory=list)
    is_limited: bool = False


def uses_in(tree: Tree, tables: Mapping[Named, Table]) -> list[Use]:
    """Return how a statement looks at tables, one use for each place in which it names one."""
    found: list[Use] = []
    waiting: list[tuple[Any, dict[str, Use]]] = [(tree, {})]
    while waiting:
        part, outer = waiting.pop()
        if isinstance(part, list):
            waiting.extend((each, outer) for each in part)
        elif isinstance(part, dict):
            scope = _scope(part, tables)
            found.extend(scope.values())
            inner = {**outer, **scope}
            _read_conditions(part, inner)
            _read_order(part, scope)
            waiting.extend((each, inner) for each in part.values())
    return found


def _scope(part: Tree, tables: Mapping[Named, Table]) -> dict[str, Use]:
    """Return the tables that a statement reads itself, by alias."""
    sources = [*part.get("fromClause", []), *part.get("usingClause", [])] if _is_statement(part) else []
    target = part.get("relation")
    if _is_statement(part) and isinstance(target, dict) and "whereClause" in part:
        sources.append({"RangeVar": target})
    return {alias: Use(tables[name]) for alias, name in _named(sources) if name in tables}


def _is_statement(part: Tree) -> bool:
    return any(name in part for name in ("fromClause", "whereClause", "usingClause")) and "quals" not in part


def _named(sources: list[Any]) -> Iterator[tuple[str, Named]]:
    waiting = list(sources)
    while waiting:
        match waiting.pop():
            case {"RangeVar": {"relname": name, **rest}}:
                yield rest.get("alias", {}).get("aliasname", name), Named(rest.get("schemaname"), name)
            case {"JoinExpr": {"larg": left, "rarg": right}}:
                waiting += [left, right]


def _read_conditions(part: Tree, scope: Mapping[str, Use]) -> None:
    for clause in ("whereClause", "quals"):
        for condition in _each_and(part.get(clause)):
            _read_condition(condition, scope)


def _each_and(clause: Any) -> Iterator[Tree]:
    waiting = [clause]
    while waiting:
        match waiting.pop():
            case {"BoolExpr": {"boolop": "AND_EXPR", "args": [*arguments]}}:
                waiting += arguments
            case dict(condition):
                yield condition


def _read_condition(condition: Tree, scope: Mapping[str, Use]) -> None:
    match condition:
        case {"A_Expr": {"kind": kind, "name": [*_, {"String": {"sval": operator}}], "lexpr": left, "rexpr": right}}:
            _read_comparison(kind, operator, left, right, scope)
        case {"NullTest": {"arg": tested, "nulltesttype": test}}:
            _add_condition(tested, "IS NULL" if test == "IS_NULL" else "IS NOT NULL", scope)
        case {"ColumnRef": _}:
            _add_condition(condition, "", scope)
        case {"BoolExpr": {"boolop": "NOT_EXPR", "args": [{"ColumnRef": _} as column]}}:
            _add_condition(column, "IS FALSE", scope)


def _add_condition(node: Tree, test: str, scope: Mapping[str, Use]) -> None:
    found = _key(node, scope)
    if found is not None and found[1].function is None:
        found[0].conditions.append((found[1].column, test))


def _read_comparison(kind: str, operator: str, left: Tree, right: Tree, scope: Mapping[str, Use]) -> None:
    for side, other in ((left, right), (right, left)):
        found = _key(side, scope)
        if found is None or _mentions(other, found[0], scope):
            continue
        use, key = found
        if kind in _LISTS or (kind == "AEXPR_OP" and operator == "="):
            _add(use.equal, key)
        elif kind in _BETWEEN or (kind == "AEXPR_OP" and operator in _RANGES):
            _add(use.ranged, key)
        elif kind == "AEXPR_LIKE" and _begins_fixed(other):
            _add(use.ranged, Key(key.column, key.function, is_pattern=True))
        elif operator in _CONTAINMENTS and _fits_gin(use.table, key):
            _add(use.contained, key)


def _add(keys: list[Key], key: Key) -> None:
    if key not in keys:
        keys.append(key)


def _mentions(node: Any, use: Use, scope: Mapping[str, Use]) -> bool:
    """Whether a side of a comparison is of the same table, so that no index can find by it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            found = _key(part, scope) if "ColumnRef" in part else None
            if found is not None and found[0] is use:
                return True
            waiting.extend(part.values())
    return False


def _key(node: Any, scope: Mapping[str, Use]) -> tuple[Use, Key] | None:
    """Return the use and the key that a side of a comparison is; None when it is no column of ours."""
    match node:
        case {"ColumnRef": {"fields": [*path]}}:
            return _column(path, scope)
        case {"FuncCall": {"funcname": [{"String": {"sval": function}}], "args": [argument]}}:
            found = _key(argument, scope)
            return None if found is None else (found[0], Key(found[1].column, function))
    return None


def _column(path: list[Tree], scope: Mapping[str, Use]) -> tuple[Use, Key] | None:
    words = [part["String"]["sval"] for part in path if "String" in part]
    if len(words) != len(path):
        return None
    column, owner = words[-1], words[-2] if len(words) > 1 else None
    fitting = [use for alias, use in scope.items() if owner in (None, alias) and column in use.table.columns]
    return (fitting[-1], Key(column)) if fitting else None


def _begins_fixed(node: Tree) -> bool:
    text = node.get("A_Const", {}).get("sval", {}).get("sval", "") if isinstance(node, dict) else ""
    return bool(text) and not text.startswith(_WILDCARDS)


def _fits_gin(table: Table, key: Key) -> bool:
    type_name = table.columns[key.column].type
    return key.function is None and (type_name in _GIN_TYPES or type_name.startswith("_"))


def _read_order(part: Tree, scope: Mapping[str, Use]) -> None:
    """Note the order that a statement wants, where one table alone decides it."""
    found = [_ordering(each.get("SortBy", {}), scope) for each in part.get("sortClause", [])]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found) or any(use is not known[0][0] for use, _ in known):
        return
    use = known[0][0]
    use.is_limited = "limitCount" in part
    use.ordered += [key for _, key in known]


def _ordering(order: Tree, scope: Mapping[str, Use]) -> tuple[Use, Key] | None:
    found = _key(order.get("node"), scope)
    if found is None:
        return None
    use, key = found
    return use, Key(key.column, key.function, is_descending=order.get("sortby_dir") == "SORTBY_DESC")
