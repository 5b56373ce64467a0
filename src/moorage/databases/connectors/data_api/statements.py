"""A caller's statement in the form in which the Data API takes it.

Parameters are found by PostgreSQL's own grammar, so what looks like one inside a literal stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import pgparse  # ty: ignore[import-not-found]  (compiled, without stubs)

from moorage.databases.connectors.type_names import TypeName
from moorage.databases.errors import InvalidStatement, StatementTooLarge

_PARAMETER = re.compile(rb"\$\d+")
_NO_LINE_END = re.compile(rb"[^\n]")
_BEGINNING = re.compile(rb"\b(?:SELECT|VALUES|TABLE|WITH|INSERT|UPDATE|DELETE|MERGE)\b|\(", re.IGNORECASE)
_MOST_BEGINNINGS = 50  # a comment may hold thousands
_WRITES = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
_TEXT = TypeName("text")
_NOT_FOR_CURSORS = (*_WRITES, "intoClause", "lockingClause")


@dataclass(frozen=True)
class Place:
    """Where a parameter stands, in bytes.

    Attributes:
        type: what the statement itself casts it to there; None where PostgreSQL has to tell.
        is_column: whether it is a column of an answer by itself, and would get the name of the type it is cast to.
    """

    start: int
    end: int
    number: int
    type: TypeName | None
    is_column: bool


class ParameterType(NamedTuple):
    """What a parameter is.

    Attributes:
        cast: its type as a cast names it; empty where the statement has its own casts.
    """

    cast: str
    name: TypeName


@dataclass(frozen=True)
class Statement:
    """One statement, taken apart as far as needed.

    Attributes:
        text: without what may follow it.
        places: none in PREPARE, whose parameters are not ours to bind.
        prepared_from: where the part begins that PREPARE takes: of EXPLAIN, what it explains.
        colons: where a word follows a single colon, as in `a[1:n]`, which the service would take for a parameter.
        is_query: whether a cursor can be declared for it.
        is_write: whether it writes rows, and so may give back those it wrote.
        width: how many columns it gives back; None when that depends on tables.
    """

    text: bytes
    prepared_from: int
    places: tuple[Place, ...]
    colons: tuple[int, ...]
    is_query: bool
    is_write: bool
    width: int | None

    @property
    def has_untyped(self) -> bool:
        """Whether there is a parameter whose type only PostgreSQL can tell."""
        return any(place.type is None for place in self.places)

    @property
    def types(self) -> list[ParameterType]:
        """What parameters are cast to, in their order; text for numbers that do not occur."""
        found = {place.number: place.type for place in self.places if place.type is not None}
        return [ParameterType("", found.get(number, _TEXT)) for number in range(1, max(found, default=0) + 1)]

    def as_sent(self, types: Sequence[ParameterType]) -> str:
        """Return the statement with `:p1` for `$1`; values come as text, and take on their types where they stand."""
        return self._edited([(place.start, place.end, _sent(place, types)) for place in self.places]).decode()

    def as_prepared(self) -> str:
        """Return what PREPARE takes, in which parameters are `$1`."""
        return self._edited([])[self.prepared_from :].decode()

    def _edited(self, edits: list[tuple[int, int, bytes]]) -> bytes:
        text = self.text
        for start, end, new in sorted(edits + [(start, start, b" ") for start in self.colons], reverse=True):
            text = text[:start] + new + text[end:]
        return text


def parse(sql: str) -> Statement:
    """Take a statement apart.

    Raises:
        InvalidStatement: it is no SQL, or not exactly one statement.
        StatementTooLarge: it is nested too deeply.
    """
    try:
        trees = pgparse.parse(sql)
    except pgparse.PGQueryError as error:
        raise InvalidStatement(error.message) from None
    except RecursionError:
        raise StatementTooLarge("the statement is nested too deeply") from None
    if len(trees) != 1:
        raise InvalidStatement(f"one statement is taken, these are {len(trees)}")
    return _taken_apart(_alone(sql.encode(), trees[0]), trees[0]["stmt"])


def _alone(text: bytes, tree: dict[str, Any]) -> bytes:
    """Return a statement without the semicolons around it; what stands at which place stays."""
    start = tree.get("stmt_location", 0)
    end = start + tree["stmt_len"] if "stmt_len" in tree else len(text)
    return _NO_LINE_END.sub(b" ", text[:start]) + text[start:end]


def _sent(place: Place, types: Sequence[ParameterType]) -> bytes:
    if place.type is not None:
        return b":p%d" % place.number
    # In parentheses, because a subscript or a field may follow.
    cast = f"(CAST(:p{place.number} AS {types[place.number - 1].cast}))"
    return f'{cast} AS "?column?"'.encode() if place.is_column else cast.encode()


def _taken_apart(text: bytes, tree: dict[str, Any]) -> Statement:
    nodes = list(_nodes(tree))
    return Statement(
        text=text,
        prepared_from=_explained_from(text, tree["ExplainStmt"]["query"]) if "ExplainStmt" in tree else 0,
        places=() if "PrepareStmt" in tree else _places(text, nodes),
        colons=_colons(text, nodes),
        is_query="SelectStmt" in tree and not any(name in node for node in nodes for name in _NOT_FOR_CURSORS),
        is_write="ExplainStmt" not in tree and any(name in node for node in nodes for name in _WRITES),
        width=_width(tree.get("SelectStmt", {})),
    )


def _explained_from(text: bytes, query: dict[str, Any]) -> int:
    """Return where in an EXPLAIN a statement of the kind begins that it explains; the grammar decides."""
    for match in islice(_BEGINNING.finditer(text), _MOST_BEGINNINGS):
        try:
            trees = pgparse.parse(text[match.start() :].decode())
        except pgparse.PGQueryError:
            continue
        if trees[0]["stmt"].keys() == query.keys():
            return match.start()
    return 0


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a tree, without recursion: trees can be thousands of levels deep."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _places(text: bytes, nodes: list[dict[str, Any]]) -> tuple[Place, ...]:
    casts = [node["TypeCast"] for node in nodes if "TypeCast" in node and "ParamRef" in node["TypeCast"]["arg"]]
    types = {cast["arg"]["ParamRef"]["location"]: _name_of(cast["typeName"]) for cast in casts}
    found = [node["ParamRef"] for node in nodes if "ParamRef" in node]
    columns = {_column(node["ResTarget"]) for node in nodes if "ResTarget" in node}
    return tuple(
        Place(start, match.end(), each["number"], types.get(start), start in columns)
        for each in found
        if (match := _PARAMETER.match(text, start := each["location"]))
    )


def _column(target: dict[str, Any]) -> int | None:
    """Return where a parameter stands that is a column without a name."""
    return None if "name" in target else target.get("val", {}).get("ParamRef", {}).get("location")


def _name_of(type_name: dict[str, Any]) -> TypeName:
    name = type_name["names"][-1]["String"]["sval"]
    return TypeName(f"{name}[]", name) if "arrayBounds" in type_name else TypeName(name)


def _colons(text: bytes, nodes: list[dict[str, Any]]) -> tuple[int, ...]:
    starts = {node["location"] for node in nodes if isinstance(node.get("location"), int)}
    return tuple(
        start for start in starts if text[start - 1 : start] == b":" and text[max(start - 2, 0) : start] != b"::"
    )


def _width(select: dict[str, Any]) -> int | None:
    while "larg" in select:
        select = select["larg"]
    if "valuesLists" in select:
        return len(select["valuesLists"][0]["List"]["items"])
    targets = [target["ResTarget"]["val"] for target in select.get("targetList", [])]
    return None if any(map(_is_star, targets)) else len(targets)


def _is_star(target: dict[str, Any]) -> bool:
    parts = target.get("ColumnRef", {}).get("fields") or target.get("A_Indirection", {}).get("indirection") or [{}]
    return "A_Star" in parts[-1]
