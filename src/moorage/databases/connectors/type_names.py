"""What the types of columns and parameters are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from asyncpg.types import Type

from moorage.core.postgres.queries import Executor, Statements, load_statements

UNKNOWN_SCHEMA = "?"
"""Stands in the driver's description of a type whose name nobody has looked up."""

# Objects that initdb makes have numbers of their own on every server; those below are the same everywhere.
# https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
_FIRST_CHANGING_OID = 10_000


class TypeName(NamedTuple):
    """A type as it is shown.

    Attributes:
        element: of an array, the name of its elements' type.
    """

    name: str
    element: str | None = None


_of_every_server: dict[int, TypeName] = {}


class TypeNames:
    """The names of one database's types, looked up once for all its connections."""

    def __init__(self) -> None:
        self._own: dict[int, TypeName] = {}

    async def of(self, types: Sequence[Type], executor: Executor) -> list[TypeName]:
        """Return the names of these types, in their order; unknown ones are looked up in one statement."""
        unknown = [each.oid for each in types if each.schema == UNKNOWN_SCHEMA and self._known(each.oid) is None]
        if unknown:
            await self._look_up(unknown, executor)
        return [self._known(each.oid) or _said_by_driver(each.name) for each in types]

    def _known(self, oid: int) -> TypeName | None:
        return _of_every_server.get(oid) or self._own.get(oid)

    async def _look_up(self, oids: Iterable[int], executor: Executor) -> None:
        for oid, name, element in await _statements().type_names(executor, oids=list(oids)):
            names = _of_every_server if oid < _FIRST_CHANGING_OID else self._own
            names[oid] = TypeName(name or f"{element}[]", element)


def _said_by_driver(name: str) -> TypeName:
    return TypeName(name, name.removesuffix("[]") if name.endswith("[]") else None)


@cache
def _statements() -> Statements:
    return load_statements("moorage.databases.connectors")
