"""Indexes that could help a use of a table: few, and none that is there already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moorage.core.postgres.identifiers import quote_identifier, quote_qualified
from moorage.databases.tuning.indexes.tables import Index, Table
from moorage.databases.tuning.indexes.uses import Key, Use

MOST_KEYS = 3
MOST_CONDITIONS = 2
# A smaller table is read as fast without an index.
LEAST_ROWS = 1_000
# The share of rows that the planner takes a bound to leave where it knows nothing:
# DEFAULT_RANGE_INEQ_SEL is smaller, DEFAULT_INEQ_SEL this; src/include/utils/selfuncs.h of PostgreSQL.
BOUND_SHARE = 1 / 3
# What somebody who wants the first rows only is taken to want.
FIRST_ROWS = 100.0
# Header and pointer of an entry, and how full a page of a new index is:
# https://www.postgresql.org/docs/current/btree.html
_ENTRY_BYTES, _FILLED = 16, 0.9


@dataclass(frozen=True)
class Candidate:
    """An index that is not there.

    Attributes:
        condition: of a partial index, a column and a test; None indexes every row.
        method: "btree" or "gin".
    """

    table: Table
    keys: tuple[Key, ...]
    condition: tuple[str, str] | None = None
    method: str = "btree"

    @property
    def identity(self) -> tuple:
        return self.table.place, self.keys, self.condition, self.method

    def definition(self, words: str = "CREATE INDEX") -> str:
        """Return the statement that makes it."""
        method = "" if self.method == "btree" else f" USING {self.method}"
        keys = ", ".join(map(_written, self.keys))
        where = ""
        if self.condition is not None:
            column, test = self.condition
            where = f" WHERE {quote_identifier(column)} {test}".rstrip()
        return f"{words} ON {quote_qualified(*self.table.place)}{method} ({keys}){where}"

    @property
    def shorter(self) -> list[Index]:
        """Return the indexes that it would make needless: those of its first keys that keep nothing unique."""
        names = tuple(map(name_of, self.keys))
        return [
            each
            for each in self.table.indexes
            if _is_plain(each) and not each.is_unique and self.condition is None
            and len(each.keys) < len(names) and each.keys == names[: len(each.keys)]
        ]  # fmt: skip

    @property
    def estimated_bytes(self) -> int:
        width = sum(self.table.columns[key.column].width for key in self.keys)
        return int(self.table.rows * (width + _ENTRY_BYTES) / _FILLED)


def candidates_for(use: Use) -> list[Candidate]:
    """Return the candidates of one use, the most promising first."""
    if use.table.rows < LEAST_ROWS:
        return []
    equal = sorted(use.equal, key=lambda key: -use.table.columns[key.column].distinct)[:MOST_KEYS]
    found = [
        Candidate(use.table, keys, condition)
        for keys in _key_lists(equal, use)
        for condition in (None, *use.conditions[:MOST_CONDITIONS])
        if keys and (condition is None or condition[0] not in {key.column for key in keys})
    ]
    found += [Candidate(use.table, (key,), method="gin") for key in use.contained]
    by_identity = {each.identity: each for each in found if not _is_there(each)}
    return list(by_identity.values())


def _key_lists(equal: Sequence[Key], use: Use) -> Iterator[tuple[Key, ...]]:
    """Yield lists of keys: what is equal comes first, then one bound or the order."""
    for bound in use.ranged[:2]:
        yield (*equal, bound)[:MOST_KEYS]
    if use.ordered and (use.is_limited or equal):
        yield (*equal, *(key for key in use.ordered if key.column not in {each.column for each in equal}))[:MOST_KEYS]
    yield tuple(equal)
    if len(equal) > 1:
        yield (equal[0],)


def _is_there(candidate: Candidate) -> bool:
    names = tuple(map(name_of, candidate.keys))
    return any(
        each.method == candidate.method and not each.is_partial and each.keys[: len(names)] == names
        for each in candidate.table.indexes
    ) and not any(key.is_pattern for key in candidate.keys)


def _is_plain(index: Index) -> bool:
    return index.method == "btree" and not index.is_partial


def name_of(key: Key) -> str:
    """Return a key as the keys of indexes are told."""
    return key.column if key.function is None else f"{key.function}({key.column})"


def _written(key: Key) -> str:
    column = quote_identifier(key.column)
    text = column if key.function is None else f"{quote_identifier(key.function)}({column})"
    return text + (" text_pattern_ops" if key.is_pattern else "") + (" DESC" if key.is_descending else "")


def rows_left(candidate: Candidate, use: Use) -> float:
    """Return about how many rows an index leaves to read, by the planner's statistics of single columns."""
    rows = float(candidate.table.rows)
    for key in candidate.keys:
        if key in use.equal:
            rows /= max(candidate.table.columns[key.column].distinct, 1.0)
        elif key in use.ranged:
            rows *= BOUND_SHARE
    if use.is_limited and candidate.keys[-len(use.ordered) :] == tuple(use.ordered):
        rows = min(rows, FIRST_ROWS)
    return max(rows, 1.0)
