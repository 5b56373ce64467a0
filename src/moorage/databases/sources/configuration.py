"""Everything that `python -m moorage.databases` reads: one file, and one database by flags or variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from moorage.databases.settings import DatabasesSettings, SqlSettings
from moorage.databases.sources.problems import Problem, no_such_field, problems_of, refusal
from moorage.databases.sources.queries import read_queries
from moorage.databases.sources.reading import Surroundings, read_definitions
from moorage.databases.sources.yaml_text import read_yaml

CONFIG_FILE = "moorage.yaml"
# In the data folder: where databases are added when there is no other file.
ADDED_FILE = "databases.yaml"
SECTIONS = ("default_database", "databases", "queries", "sql")
# What else a moorage.yaml may hold; here it has no meaning, so that one file serves both programs.
HOUSE_SECTIONS = (
    "home", "project", "postgres", "projects", "connections", "embedding", "codebase", "workflow", "backup", "server",
    "access", "metrics", "logging",
)  # fmt: skip


@dataclass(frozen=True)
class Configuration:
    """Where definitions are read from.

    Attributes:
        file: None is none.
        single: one more database by its id, which calls mean that name none.
    """

    file: Path | None = None
    single: tuple[str, Mapping[str, Any]] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> DatabasesSettings:
        """Return what is written as it stands now.

        Raises:
            InvalidDefinition: every problem, with its field.
        """
        given = {} if self.file is None else read_yaml(self.file)
        _refuse_unknown(given)
        sql = _sql_settings(given.get("sql"))
        databases = self._databases(given)
        default = self.single[0] if self.single else given.get("default_database")
        return DatabasesSettings(
            sql=sql,
            default_database=default,
            databases=read_definitions(databases, self._surroundings(sql), default=default),
            queries=read_queries(given.get("queries")),
            from_flags=frozenset([self.single[0]] if self.single else ()),
            file=self.file,
            environment=self.environment,
            watched=() if self.file is None else (self.file,),
            read_again=None if self.file is None else self.read,
        )

    def _surroundings(self, sql: SqlSettings) -> Surroundings:
        folder = Path() if self.file is None else self.file.parent
        return Surroundings(self.environment, folder.absolute(), sql.defaults)

    def _databases(self, given: Mapping[str, Any]) -> Any:
        databases = given.get("databases") or {}
        if self.single is None or not isinstance(databases, Mapping):
            return databases
        refuse_twice([self.single[0]], databases, "flags or variables, and the file")
        return {**databases, self.single[0]: self.single[1]}


def refuse_twice(names: list[str], others: Mapping[str, Any], places: str) -> None:
    """Refuse ids that are described in two places: nobody could tell which of the two is meant."""
    said = f"is described in two places ({places}); keep one"
    twice = [Problem(f"databases.{name}", said) for name in names if name in others]
    if twice:
        raise refusal(twice)


def _refuse_unknown(given: Mapping[str, Any]) -> None:
    unknown = [name for name in given if name not in (*SECTIONS, *HOUSE_SECTIONS)]
    if unknown:
        raise refusal([Problem(str(name), no_such_field(str(name), SECTIONS)) for name in unknown])


def _sql_settings(given: Any) -> SqlSettings:
    try:
        return SqlSettings.model_validate(given or {})
    except ValidationError as error:
        section = given if isinstance(given, Mapping) else {}
        raise refusal(list(problems_of(error, SqlSettings, "sql", section))) from None
