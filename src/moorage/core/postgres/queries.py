"""Named statements, read from a system's `queries.sql`.

A statement begins with `-- name: chunk_insert :many`; the word after the name says what it gives back. Comments that
follow belong to it. Parameters are written `:name` and become `$1`, `$2`, ... in the order in which they first occur.
The name travels with the statement as a comment, so it is found again in `pg_stat_activity` and in the server's log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, Protocol, cast, get_args

from moorage.core.telemetry.statements import timed

Gives = Literal["one", "optional", "many", "value", "exec"]
Row = Mapping[str, Any]

_HEADER = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*) :(?P<gives>[a-z]+)\s*$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")
_STRING_WITH_PARAMETER = re.compile(r"'[^'\n]*(?<![:\w]):[a-z][^'\n]*'")


class Executor(Protocol):
    """What a statement needs of a connection: the three calls that asyncpg's connection and pool share."""

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...


@dataclass(frozen=True)
class Statement:
    """One named statement.

    Attributes:
        name: `<system>.<statement>`, its identity in logs, metrics and plans.
        sql: the text with `$n` parameters.
        parameters: their names, in the order of `$1`, `$2`, ...
        gives: one row, at most one, many, one value, or nothing (the number of rows concerned).
    """

    name: str
    sql: str
    parameters: tuple[str, ...]
    gives: Gives

    async def __call__(self, connection: Executor, **values: Any) -> Any:
        """Run it and return what `gives` promises: a row, a row or None, rows, a value, or a count."""
        arguments = self._arguments(values)
        with timed(self.name):
            if self.gives == "many":
                return await connection.fetch(self.sql, *arguments)
            if self.gives == "exec":
                return _count(await connection.execute(self.sql, *arguments))
            row = await connection.fetchrow(self.sql, *arguments)
        if row is None and self.gives == "one":
            raise LookupError(f"{self.name} gave no row")
        if self.gives == "value":
            return None if row is None else row[0]
        return row

    def _arguments(self, values: Mapping[str, Any]) -> list[Any]:
        arguments = [values[name] for name in self.parameters if name in values]
        if len(arguments) != len(values) or len(arguments) != len(self.parameters):
            raise TypeError(f"{self.name} takes {', '.join(self.parameters)}; got {', '.join(values)}")
        return arguments


class Statements:
    """The statements of one system, as attributes: `await statements.chunk_insert(connection, ...)`."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._statements = {statement.name.rpartition(".")[2]: statement for statement in statements}

    def __getattr__(self, name: str) -> Statement:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"there is no statement named {name}") from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())


def load_statements(package: str, file: str = "queries.sql") -> Statements:
    """Read the statements of the system whose package is `package`, such as "moorage.codebase"."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return Statements(parse_statements(text, system=package.rpartition(".")[2]))


def parse_statements(text: str, *, system: str) -> list[Statement]:
    """Split the text of a `queries.sql` into its statements."""
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    return [
        _statement(f"{system}.{header['name']}", header["gives"], text[header.end() : end])
        for header, end in zip(headers, ends, strict=True)
    ]


def _statement(name: str, gives: str, body: str) -> Statement:
    if gives not in get_args(Gives):
        raise ValueError(f"{name}: ':{gives}' is not one of {', '.join(get_args(Gives))}")
    sql = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
    sql = sql.strip().removesuffix(";")
    if _STRING_WITH_PARAMETER.search(sql):
        raise ValueError(f"{name}: a word after a colon inside a string literal reads as a parameter")
    parameters = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda match: f"${parameters.index(match[1]) + 1}", sql)
    return Statement(name, f"/* {name} */ {numbered}", parameters, cast("Gives", gives))


def _count(status: str) -> int:
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0
