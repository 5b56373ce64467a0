"""Reading a database's catalogue for the guard: one method per statement, rows in, facts out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moorage.core.postgres.queries import Executor, load_statements
from moorage.databases.policy.functions import LISTED, Function
from moorage.databases.policy.mentions import Named

_statements = load_statements("moorage.databases.policy")
_LISTED = ",".join(sorted(LISTED))

_Pairs = Iterable[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Meant:
    """A relation that a statement names.

    Attributes:
        asked: as it is written there.
        needs_look: reading it may do more than read a table.
    """

    asked: Named
    oid: int
    schema: str
    name: str
    is_shipped: bool
    needs_look: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that a statement names, or that a view which it names reads.

    Attributes:
        root: the oid of the one that is named; equal to `oid` for that one.
        wrapper: the handler of a foreign table.
        calls: functions, by oid, that reading it calls.
        settings_text: of a view that shows settings, the text.
        casts_to: types made here that a view casts to.
        columns: those of it that were asked for.
        types: types made here that its columns have; `row_type` is that of its rows, 0 where it was not asked for.
        has_casts: its rows are cast to something, so that functions of that take them as well.
    """

    root: int
    oid: int
    schema: str
    name: str
    is_shipped: bool
    wrapper: str | None = None
    calls: tuple[int, ...] = ()
    settings_text: str | None = None
    casts_to: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    types: tuple[int, ...] = ()
    row_type: int = 0
    has_casts: bool = False

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def is_named(self) -> bool:
        return self.oid == self.root


@dataclass(frozen=True, slots=True)
class Types:
    """Types made here, by oid.

    Attributes:
        elements: those of which arrays or ranges are among them.
    """

    all: frozenset[int]
    elements: frozenset[int]


@dataclass(frozen=True, slots=True)
class Route:
    """A way to functions that no statement names.

    Attributes:
        route: operator, cast, domain or comparison.
        types: made here; all of them have to be in play.
        stands_alone: PostgreSQL ships no operator of this name.
        named_type: has to be named, not only to be in play; None where none has.
        calls: the functions, by oid.
    """

    route: str
    name: str
    schema: str
    is_visible: bool
    stands_alone: bool
    named_type: int | None
    types: frozenset[int]
    calls: tuple[int, ...]

    def __str__(self) -> str:
        return f"the {self.route} {self.name}"


async def name_find(connection: Executor, functions: _Pairs, relations: _Pairs) -> tuple[list[int], list[Meant]]:
    """Return the functions, by oid, that calls of these names could mean and that could act; and all relations."""
    rows = await _statements.name_find(
        connection, functions=_list(functions), relations=_list(relations), listed=_LISTED
    )
    return [row["oid"] for row in rows if row["is_function"]], [_meant(row) for row in rows if not row["is_function"]]


async def function_find(connection: Executor, oids: Iterable[int]) -> list[Function]:
    """Return the functions of these oids, as far as they could act."""
    rows = await _statements.function_find(connection, oids=_numbers_of(oids), listed=_LISTED)
    return [_function(row) for row in rows]


async def relation_find(
    connection: Executor, oids: Iterable[int], *, columns: Iterable[str] = (), writes: bool = False, limit: int
) -> list[Relation]:
    """Return the relations of these oids, each followed by what is read through it; at most `limit` in all."""
    values = {"oids": _numbers_of(oids), "columns": _list(columns), "writes": writes, "limit": limit}
    rows = await _statements.relation_find(connection, **values)
    return [_relation(row) for row in rows]


async def route_all(connection: Executor) -> list[Route]:
    """Return every way by which this database's own objects call functions unnamed."""
    return [_route(row) for row in await _statements.route_all(connection)]


async def type_find(
    connection: Executor, names: _Pairs = (), oids: Iterable[int] = (), *, operators: Iterable[str] = ()
) -> Types:
    """Return the types made here that these are, that these operators give, and all that they are made of."""
    values = {"names": _list(names), "oids": _numbers_of(oids), "operators": _list(operators)}
    rows = await _statements.type_find(connection, **values)
    return Types(frozenset(row["oid"] for row in rows), frozenset(row["oid"] for row in rows if row["is_element"]))


async def setting_secret(connection: Executor, names: Iterable[str]) -> list[str]:
    """Return those of the settings that hold something which this role could see."""
    return [row["name"] for row in await _statements.setting_secret(connection, names=",".join(sorted(names)))]


async def setting_kept(connection: Executor) -> list[str]:
    """Return the names of all settings that databases and roles keep."""
    return [row["name"] for row in await _statements.setting_kept(connection)]


async def option_kept(connection: Executor) -> list[str]:
    """Return the names of all options that servers and tables which are foreign have."""
    return [row["name"] for row in await _statements.option_kept(connection)]


async def sample_secret(connection: Executor) -> bool:
    """Return whether statistics about tables hold values that are secrets, and show them to this role."""
    return bool(await _statements.sample_secret(connection))


async def path_current(connection: Executor) -> tuple[str, ...]:
    """Return the schemas in which names are looked up."""
    return tuple(json.loads(await _statements.path_current(connection)))


def _function(row: Mapping[str, Any]) -> Function:
    lists = {key: _numbers(row[key]) for key in ("calls", "reads", "parts", "types")}
    facts: dict[str, Any] = {**row, **lists}
    return Function(**facts)


def _meant(row: Mapping[str, Any]) -> Meant:
    asked = Named(row["asked_schema"], row["asked_name"])
    return Meant(asked, row["oid"], row["schema"], row["name"], row["is_shipped"], row["needs_look"])


def _relation(row: Mapping[str, Any]) -> Relation:
    lists = {key: _numbers(row[key]) for key in ("calls", "casts_to", "types")}
    facts: dict[str, Any] = {**row, **lists, "columns": tuple(json.loads(row["columns"] or "[]"))}
    return Relation(**facts)


def _route(row: Mapping[str, Any]) -> Route:
    facts: dict[str, Any] = {**row, "types": frozenset(_numbers(row["types"])), "calls": _numbers(row["calls"])}
    return Route(**facts)


def _list(values: Iterable[Any]) -> str:
    return json.dumps(sorted(set(values), key=str))


def _numbers_of(oids: Iterable[int]) -> str:
    return ",".join(map(str, sorted(set(oids))))


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(json.loads(text)) if text else ()
