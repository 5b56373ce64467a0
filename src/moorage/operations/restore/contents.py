"""What is in a dump, and which of it is restored: read with pg_restore, without any server."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from moorage.core.postgres.programs import Programs, run_program

# A line of the table of contents: "2797; 1259 17063 INDEX codebase embeddings_by_direction postgres".
# https://www.postgresql.org/docs/current/app-pgrestore.html, "--use-list"
_ENTRY = re.compile(r"^\d+; \d+ \d+ (?P<kind>[A-Z]+(?: [A-Z]+)*) (?P<schema>\S+) (?P<rest>.*)$")
_TABLE = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (?P<name>\S+) \((?P<columns>.*?)^\)", re.MULTILINE | re.DOTALL)
_INDEX = re.compile(
    r"^CREATE (?:UNIQUE )?INDEX (?P<name>\S+) ON (?:ONLY )?(?P<table>\S+) USING (?P<method>\w+) .*;$", re.MULTILINE
)
_VECTOR_TYPE = re.compile(r"\.(?:vector|halfvec|sparsevec)\b")
_VECTOR_METHODS = frozenset({"hnsw", "ivfflat"})


@dataclass(frozen=True)
class Entry:
    """One thing in a dump.

    Attributes:
        line: as pg_restore lists it, and takes it back.
        kind: "TABLE", "TABLE DATA", "INDEX", ...
        names: every "schema.name" the line may be about.
    """

    line: str
    kind: str
    names: frozenset[str]


@dataclass(frozen=True)
class Index:
    """An index that no constraint makes; its name and its table are "schema.name"."""

    name: str
    table: str
    method: str
    statement: str

    @property
    def is_of_vectors(self) -> bool:
        return self.method in _VECTOR_METHODS


@dataclass(frozen=True)
class Contents:
    """What is in a dump of a project.

    Attributes:
        vector_tables: tables with a column of vectors, as "schema.name".
    """

    entries: tuple[Entry, ...]
    indexes: tuple[Index, ...]
    vector_tables: frozenset[str]

    @property
    def needs_vectors(self) -> bool:
        return any(entry.kind == "EXTENSION" and "vector" in entry.line.split() for entry in self.entries)

    @property
    def vector_indexes(self) -> tuple[Index, ...]:
        return tuple(index for index in self.indexes if index.is_of_vectors)

    def lines(self) -> list[str]:
        """Return the lines to restore; indexes over vectors are left to be built afterwards."""
        return self._lines_without({index.name for index in self.vector_indexes})

    def lines_without_vectors(self) -> list[str]:
        """Return the lines to restore where there is no pgvector."""
        indexes = {index.name for index in self.indexes if index.table in self.vector_tables}
        lines = self._lines_without(self.vector_tables | indexes)
        return [line for line in lines if "EXTENSION - vector" not in line]

    def _lines_without(self, names: Collection[str]) -> list[str]:
        unwanted = frozenset(names)
        return [each.line for each in self.entries if not each.names & unwanted and not _describes_extension(each)]


async def contents_of(programs: Programs, dump: Path) -> Contents:
    """Read what is in a dump.

    Raises:
        ProgramFailed: it is no dump, or these programs are too old for it.
    """
    listed = await run_program(programs, "pg_restore", ["--list", str(dump)])
    schema = await run_program(programs, "pg_restore", ["--schema-only", "--file=-", str(dump)])
    tables = {_plain(each["name"]): each["columns"] for each in _TABLE.finditer(schema)}
    return Contents(
        entries=tuple(_entry(match) for line in listed.splitlines() if (match := _ENTRY.match(line))),
        indexes=tuple(_index(match) for match in _INDEX.finditer(schema)),
        vector_tables=frozenset(name for name, columns in tables.items() if _VECTOR_TYPE.search(columns)),
    )


def _entry(match: re.Match[str]) -> Entry:
    words = re.split(r"[ .]", match["rest"])
    return Entry(match[0], match["kind"], frozenset(f"{match['schema']}.{word}" for word in words))


def _describes_extension(entry: Entry) -> bool:
    """Comments on extensions are the extension's own; only its owner may write them."""
    return entry.kind == "COMMENT" and "-.EXTENSION" in entry.names


def _index(match: re.Match[str]) -> Index:
    table = _plain(match["table"])
    schema = table.partition(".")[0]  # an index lies in the schema of its table
    return Index(f"{schema}.{_plain(match['name'])}", table, match["method"], match[0])


def _plain(name: str) -> str:
    return name.replace('"', "")
