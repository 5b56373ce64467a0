"""What a statement mentions: everything in its tree that could act, reach or reveal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Call(NamedTuple):
    """A function called by name.

    Attributes:
        schema: None when it is looked up in the search path.
        arguments: how many; None when they cannot be counted.
        texts: its arguments that are strings, for the few functions whose argument decides; None where it is no
            constant.
    """

    schema: str | None
    name: str
    arguments: int | None = None
    texts: tuple[str | None, ...] = ()


class Attribute(NamedTuple):
    """A name after a dot: a column or field, or a function of one argument, which is called without parentheses.

    Attributes:
        owner: the alias, relation or column before the dot; None for any other expression.
        of_expression: written `(x).name`, which calls functions of any type; `x.name` those of rows alone.
    """

    owner: str | None
    name: str
    of_expression: bool = False


class Named(NamedTuple):
    """An operator, a type, or a relation by name; `schema` is None when it is looked up in the search path."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Mentions:
    """Everything in a statement that a catalogue or a policy has a say in; equal for statements that differ in values.

    Attributes:
        nodes: kinds of statements in it, as the grammar names them: SelectStmt, DeleteStmt, ...
        relations: what is read or written, without the names of its own WITH.
        targets: those of the relations that are written, made, changed or dropped.
        aliases: pairs of an alias and the relation it stands for; None for anything else that could have it, such as a
            function in FROM, whose rows may be plain values.
        queries: aliases of subqueries, joins and parts of a WITH, whose rows are of no named type.
        columns: of those that are read, "*" for all, aliases (whole rows), and columns that can be secret.
        settings: what SHOW names.
        has_into: SELECT INTO; `has_lock`: FOR UPDATE and its kin; `has_array`: ARRAY[...] or ARRAY(SELECT ...).
    """

    nodes: frozenset[str] = frozenset()
    calls: frozenset[Call] = frozenset()
    attributes: frozenset[Attribute] = frozenset()
    operators: frozenset[Named] = frozenset()
    types: frozenset[Named] = frozenset()
    relations: frozenset[Named] = frozenset()
    targets: frozenset[Named] = frozenset()
    aliases: frozenset[tuple[str, Named | None]] = frozenset()
    queries: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    has_into: bool = False
    has_lock: bool = False
    has_array: bool = False

    @property
    def needs_catalogue(self) -> bool:
        """Whether anything in it could be something of the database's own."""
        return bool(self.calls or self.attributes or self.operators or self.types or self.relations or self.settings)
