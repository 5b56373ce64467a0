"""Definitions as people write them, read into definitions as the program has them: all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from moorage.databases.definitions import DATABASE_ID, PROJECT_PREFIX, DirectPostgres, RdsDataApi
from moorage.databases.sources.expanding import expand
from moorage.databases.sources.problems import MODELS, Problem, meaning, no_such_field, problems_of, refusal, shown
from moorage.databases.sources.urls import InvalidUrl, fields_of

DEFAULT_TYPE = "direct_postgres"
PATH_FIELDS = ("password_file", "sslrootcert", "sslcert", "sslkey")
PASSWORD_FIELDS = frozenset({"password", "password_file", "secret_arn"})
# What tells one database from another cannot be the same for all.
OWN_FIELDS = frozenset({"type", "description", "database", "url"})


@dataclass(frozen=True)
class Surroundings:
    """What a definition is read with.

    Attributes:
        environment: the variables that "${NAME}" means.
        folder: where relative paths in it begin: that of its file.
        defaults: fields of every definition that has none of its own, as written.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    defaults: Mapping[str, Any] = field(default_factory=dict)


def read_definitions(
    given: Any, surroundings: Surroundings, *, default: Any = None
) -> dict[str, DirectPostgres | RdsDataApi]:
    """Return the definitions by id.

    Args:
        given: what stands under `databases`.
        default: what stands under `default_database`; it must be among them, or a project.

    Raises:
        InvalidDefinition: every problem, with its field.
    """
    reader = _Reader(surroundings)
    if given is not None and not isinstance(given, Mapping):
        raise refusal([*reader.problems, Problem("databases", "is no mapping of ids to definitions")])
    read = {name: reader.read(name, each) for name, each in (given or {}).items()}
    reader.problems += _problems_of_default(default, [str(name) for name in read])
    if reader.problems:
        raise refusal(reader.problems)
    return {name: each for name, each in read.items() if each is not None}


class _Reader:
    """Reads one definition after the other, and collects what is wrong with any."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.problems = list(_problems_of_defaults(surroundings.defaults))
        self._defaults = self._expanded(surroundings.defaults, "sql.defaults")

    def read(self, name: Any, given: Any) -> DirectPostgres | RdsDataApi | None:
        """Return a definition, read now or before; None when there is a problem."""
        if isinstance(given, DirectPostgres | RdsDataApi):
            return given
        before, place = len(self.problems), f"databases.{name}"
        self.problems += _problems_of_id(name, place)
        if not isinstance(given, Mapping):
            self.problems.append(Problem(place, "is no mapping of fields; write them below it, indented"))
            return None
        model = self._model(given, place)
        fields = self._fields(given, place) if model else {}
        if model is None or len(self.problems) > before:
            return None
        return self._validated(model, fields, given, place)

    def _model(self, given: Mapping[str, Any], place: str) -> type[DirectPostgres | RdsDataApi] | None:
        named = str(given.get("type", DEFAULT_TYPE))
        if named not in MODELS:
            known = list(MODELS)
            wrong = f"is neither {' nor '.join(known)}{shown('type', given['type'])}{meaning(named, known)}"
            self.problems.append(Problem(f"{place}.type", wrong))
        return MODELS.get(named)

    def _fields(self, given: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return the fields that are written, with the values of variables, and those of `url` in its place."""
        fields = self._expanded(given, place)
        url = fields.pop("url", None)
        if url is None:
            return fields
        try:
            said = fields_of(str(url))
        except InvalidUrl as error:
            self.problems.append(Problem(f"{place}.url", str(error)))
            return fields
        self.problems += [Problem(f"{place}.{name}", "is in the url as well") for name in said if name in fields]
        return {"type": DEFAULT_TYPE, **fields, **said}

    def _validated(
        self, model: type[DirectPostgres | RdsDataApi], own: Mapping[str, Any], given: Mapping[str, Any], place: str
    ) -> DirectPostgres | RdsDataApi | None:
        fields = _with_defaults(own, self._defaults, model)
        try:
            return model.model_validate(_with_paths(fields, self._surroundings.folder))
        except ValidationError as error:
            others = {name: value for name, value in self._surroundings.defaults.items() if name not in own}
            written = _with_defaults(given, others, model)
            found = problems_of(error, model, place, written)
            self.problems += [_blamed(each, place, own, self._defaults) for each in found]
            return None

    def _expanded(self, given: Mapping[str, Any], place: str) -> dict[str, Any]:
        return expand(dict(given), place, self._surroundings.environment, self.problems)


def _with_defaults(own: Mapping[str, Any], defaults: Mapping[str, Any], model: type[Any]) -> dict[str, Any]:
    """Return a definition with the defaults that its type has a field for; sections are filled field by field.

    A definition that says where its password is takes no other password from the defaults.
    """
    has_password = not PASSWORD_FIELDS.isdisjoint(own)
    merged = {
        name: value
        for name, value in defaults.items()
        if name in model.model_fields and not (has_password and name in PASSWORD_FIELDS)
    }
    for name, value in own.items():
        is_section = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = {**merged[name], **value} if is_section else value
    return merged


def _with_paths(fields: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the fields with absolute paths of files, which begin at the folder of the configuration."""
    paths = {
        name: str(folder / Path(value).expanduser())
        for name in PATH_FIELDS
        if isinstance(value := fields.get(name), str) and value
    }
    return {**fields, **paths}


def _blamed(problem: Problem, place: str, own: Mapping[str, Any], defaults: Mapping[str, Any]) -> Problem:
    """Return the problem at the place that has the value: the definition, or the defaults of all."""
    inside = problem.field.removeprefix(f"{place}.")
    first, _, second = inside.partition(".")
    section = own.get(first)
    is_own = first in own and not (isinstance(section, Mapping) and second and second not in section)
    if is_own or first not in defaults:
        return problem
    return Problem(f"sql.defaults.{inside}", problem.message)


def _problems_of_id(name: Any, place: str) -> Iterator[Problem]:
    if not isinstance(name, str) or not DATABASE_ID.fullmatch(name):
        quotes = "" if isinstance(name, str) else "; put it into quotes"
        wanted = "1 to 100 of a-z, A-Z, 0-9 and _ . : -, the first a letter, a digit or _"
        yield Problem(place[:150], f"is no id: {wanted}{quotes}")
    elif name.startswith(PROJECT_PREFIX):
        yield Problem(place, f"ids that begin with {PROJECT_PREFIX} are those of projects; choose another")


def _problems_of_defaults(defaults: Mapping[str, Any]) -> Iterator[Problem]:
    known = sorted({name for model in MODELS.values() for name in model.model_fields} - OWN_FIELDS)
    for name in defaults:
        if name in OWN_FIELDS:
            yield Problem(f"sql.defaults.{name}", "each database has its own; write it there")
        elif name not in known:
            yield Problem(f"sql.defaults.{name}", no_such_field(str(name), known))


def _problems_of_default(default: Any, names: Iterable[str]) -> Iterator[Problem]:
    known = list(names)
    if not isinstance(default, str | None):
        yield Problem("default_database", f"should be a text; put it into quotes{shown('default_database', default)}")
    elif default is not None and default not in known and not default.startswith(PROJECT_PREFIX):
        yield Problem("default_database", f"there is no database {default!r} under databases{meaning(default, known)}")
