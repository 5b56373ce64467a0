"""How the schemas of two databases differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from moorage.core.postgres.errors import translated
from moorage.core.postgres.queries import Row, load_statements
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.definitions import Database, Definition
from moorage.databases.errors import ComparisonTooLarge
from moorage.databases.exploring.listing import bounded
from moorage.databases.exploring.texts import one_line
from moorage.databases.policy.tables import is_open, is_open_schema
from moorage.databases.sources.catalog import Catalog

MOST_FACTS = 50_000
SHOWN_CHARACTERS = 300
_RELATIONS = frozenset({"table", "view", "materialized view", "foreign table"})
_statements = load_statements("moorage.databases.everywhere")


@dataclass(frozen=True, order=True)
class Fact:
    """One object by what it is called; `relation` is the table, view or sequence that it belongs to, or is."""

    schema_name: str
    relation: str
    kind: str
    name: str

    @property
    def is_relation(self) -> bool:
        return self.kind in _RELATIONS

    def __str__(self) -> str:
        parts = (self.schema_name, self.relation, self.name)
        return f"{self.kind} {one_line('.'.join(filter(None, parts)))}"


Facts = Mapping[Fact, str | None]
"""How objects are defined; None where the definition names what the rules hide."""


class SchemaComparison:
    """Compares what the roles of two databases see there, as far as the rules of both show it."""

    def __init__(self, catalog: Catalog, connections: Connections) -> None:
        self._catalog = catalog
        self._connections = connections

    async def compare(self, left_id: str, right_id: str, schema_name: str | None) -> str:
        """Return the differences a line each: `-` only left, `+` only right, `~` in both, and not the same.

        Raises:
            ComparisonTooLarge: there is too much in one of them; name a schema.
        """
        left, right = await self._catalog.find(left_id), await self._catalog.find(right_id)
        facts = await asyncio.gather(self._facts(left, schema_name), self._facts(right, schema_name))
        lines = await asyncio.to_thread(lambda: list(differences(*facts)))  # of thousands it takes a while
        where = f" in schema {schema_name}" if schema_name else ""
        found = f"{len(lines) or 'no'} differences" if any(facts) else "nothing to compare, on neither side"
        head = f"{left.id} (-) and {right.id} (+){where}: {found}"
        return bounded([head, *lines], int(left.limits.bytes), way_on="compare one schema")

    async def _facts(self, database: Database, schema_name: str | None) -> Facts:
        connector = await self._connections.to(database)
        terms = replace(terms_of(database), search_path=("pg_catalog",))
        with translated(f"reading the schema of {database.id!r}"):
            async with connector.session(terms) as session:
                rows = await _statements.schema_facts(session, schema_name=schema_name, most=MOST_FACTS + 1)
        if len(rows) > MOST_FACTS:
            raise ComparisonTooLarge(
                f"database {database.id!r} has more than {MOST_FACTS:,} tables, columns and so on to compare",
                hint="Name one schema.",
            )
        return await asyncio.to_thread(_facts_in, rows, database.definition)


def _facts_in(rows: Iterable[Row], definition: Definition) -> Facts:
    """Return the facts that the rules leave open."""
    facts = {}
    for row in rows:
        fact = Fact(row["schema_name"], row["relation"], row["kind"], row["name"])
        names_hidden = any(not is_open(*each, definition) for each in json.loads(row["others"] or "[]"))
        if _is_open(fact, definition):
            facts[fact] = None if names_hidden else row["definition"] or ""
    return facts


def _is_open(fact: Fact, definition: Definition) -> bool:
    if fact.relation:
        return is_open(fact.schema_name, fact.relation, definition)
    return is_open_schema(fact.schema_name, definition)


def differences(left: Facts, right: Facts) -> Iterator[str]:
    """Yield the differences in the order of names; of a table that is only on one side nothing but that."""
    lonely = {_relation_of(each) for each in left.keys() ^ right.keys() if each.is_relation}
    for fact in sorted(left.keys() | right.keys()):
        if _relation_of(fact) in lonely and not fact.is_relation:
            continue
        here, there = left.get(fact), right.get(fact)
        if fact not in right:
            yield from _only("-", fact, here)
        elif fact not in left:
            yield from _only("+", fact, there)
        elif here is not None and there is not None and here != there:
            yield f"~ {fact}: {_cut(here)}  =>  {_cut(there)}"


def _relation_of(fact: Fact) -> tuple[str, str]:
    """Return the relation a fact belongs to; what belongs to none is by itself."""
    return fact.schema_name, fact.relation or f"{fact.kind} {fact.name}"


def _only(side: str, fact: Fact, definition: str | None) -> Iterator[str]:
    if fact.is_relation or definition == "":
        yield f"{side} {fact}"
    elif definition is not None:
        yield f"{side} {fact}: {_cut(definition)}"


def _cut(definition: str) -> str:
    line = one_line(definition)
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"
