"""Grammars, loaded when the first file of their language comes, and parsing that always ends.

A parser that has lost its way may take quadratic time to recover: 10,000 "|" keep the Python grammar busy for more than
20 seconds, and a scanner that looks ahead to the end of the file at every token costs as much. tree-sitter calls
back after a fixed number of operations, and asks for the text again after each look at its end. Both are counted;
seconds are not, so that every run gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

import tree_sitter

from moorage.codebase.languages import Grammar, Language

T = TypeVar("T")

# What a node type is to the outline, as bits: a type may be several. Plain numbers, because this is asked of every
# node that is visited and an IntFlag answers ten times slower.
DEFINITION = 1
WRAPPER = 2
CONTAINER = 4
LEADING = 8

# Real files take one step per 50 to 500 bytes, and are read 1 to 12 times (about 1,000 files in 20 languages).
FREE_STEPS = 2_000
BYTES_PER_STEP = 20
FREE_BYTES = 2_000_000
READINGS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """A language's tables with the grammar's numbers in place of names, and the grammar itself.

    Numbers, because reading `Node.type` makes a string each time and `Node.kind_id` does not.

    Attributes:
        of: node type to what it is to the outline; a type that is not here is nothing in particular.
        name_fields: in this order, because a C function has a `type` and a `declarator`.
    """

    grammar: tree_sitter.Language
    of: dict[int, int]
    kinds: dict[int, str]
    refined: dict[int, dict[int, str]]
    named_by: dict[int, frozenset[int]]
    fields: dict[str, int]
    name_fields: tuple[int, ...]
    scope_fields: tuple[int, ...]
    value_fields: tuple[int, ...]

    def field(self, name: str) -> int:
        """Return the number of a field; 0, which no node has, where the grammar does not know it."""
        return self.fields.get(name, 0)


_ROLES: dict[Grammar, Roles] = {}


def roles_of(language: Language) -> Roles | None:
    """Return the grammar of a language and its tables; None for a language that is read by its lines."""
    if language.grammar is None:
        return None
    if language.grammar not in _ROLES:
        _ROLES[language.grammar] = _load(language, language.grammar)
    return _ROLES[language.grammar]


class _Budget:
    """What a parser may spend on one text, and the text."""

    def __init__(self, source: bytes) -> None:
        self._text = memoryview(source)
        self._steps = FREE_STEPS + len(source) // BYTES_PER_STEP
        self._bytes = FREE_BYTES + READINGS * len(source)

    def read(self, offset: int, _point: tree_sitter.Point) -> memoryview:
        """Return the rest of the text; asked for again each time the scanner has looked ahead to the end."""
        rest = self._text[offset:]
        self._bytes -= len(rest)
        return rest

    def is_spent(self, _offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - the signature is tree-sitter's
        self._steps -= 1
        return self._steps < 0 or self._bytes < 0


def parse(source: bytes, grammar: tree_sitter.Language) -> tree_sitter.Tree | None:
    """Parse UTF-8; None when the grammar has spent its budget.

    `Node.text` crashes the process on such a tree (tree-sitter 0.26.1): slice `source` instead.
    """
    budget = _Budget(source)
    try:
        return tree_sitter.Parser(grammar).parse(budget.read, progress_callback=budget.is_spent)
    except ValueError:
        return None


def known_node_types(language: Language, names: Iterable[str]) -> set[str]:
    """Return those of the names that the language's grammar knows as node types or keywords."""
    roles = roles_of(language)
    return {name for name in names if roles and _number(roles.grammar, name) is not None}


def _load(language: Language, grammar: Grammar) -> Roles:
    pointer: object = getattr(import_module(grammar.module), grammar.function)()
    loaded = tree_sitter.Language(pointer)
    fields = {loaded.field_name_for_id(number) or "": number for number in range(1, loaded.field_count + 1)}

    def numbers(table: Mapping[str, T]) -> dict[int, T]:
        return {number: value for name, value in table.items() if (number := _number(loaded, name)) is not None}

    def present(*names: str) -> tuple[int, ...]:
        return tuple(fields[name] for name in names if name in fields)

    return Roles(
        grammar=loaded,
        of=numbers(_roles_by_name(language)),
        kinds=numbers(language.definitions),
        refined={number: numbers(kinds) for number, kinds in numbers(language.refined).items()},
        named_by={
            number: frozenset(numbers(dict.fromkeys(names))) for number, names in numbers(language.named_by).items()
        },
        fields=fields,
        name_fields=present("name", "declarator", "left", "pattern", "key", "property"),
        scope_fields=present("scope", "object", "schema"),
        value_fields=present("value", "right"),
    )


def _roles_by_name(language: Language) -> dict[str, int]:
    roles: dict[str, int] = dict.fromkeys(["ERROR"], CONTAINER)
    for role, names in (
        (DEFINITION, [*language.definitions, *language.refined]),
        (WRAPPER, language.wrappers),
        (CONTAINER, language.containers),
        (LEADING, language.leading),
    ):
        for name in names:
            roles[name] = roles.get(name, 0) | role
    return roles


def _number(grammar: tree_sitter.Language, node_type: str) -> int | None:
    """Return the number of a node type, which may be a keyword; None where a later grammar has renamed it."""
    named = grammar.id_for_node_kind(node_type, True)
    return grammar.id_for_node_kind(node_type, False) if named is None else named
