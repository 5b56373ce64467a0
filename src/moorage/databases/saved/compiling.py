"""Saved queries made ready to run, and refused where they could never run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaError

from moorage.databases.definitions import StatementKind
from moorage.databases.errors import InvalidStatement, StatementRefused, StatementTooLarge
from moorage.databases.policy.parsing import parse
from moorage.databases.policy.statements import kind_of, only_one
from moorage.databases.policy.trees import collect
from moorage.databases.saved.placing import numbered
from moorage.databases.saved.signatures import limited, type_of
from moorage.databases.saved_queries import QueryParameter, ReadyQuery, SavedQuery
from moorage.databases.sources.problems import Problem, refusal


def ready(queries: Mapping[str, SavedQuery]) -> dict[str, ReadyQuery]:
    """Return the queries ready to run, by name.

    Raises:
        InvalidDefinition: every problem of any of them, with its field.
    """
    problems = [problem for name, query in queries.items() for problem in _problems(name, query)]
    if problems:
        raise refusal(problems)
    return {name: ReadyQuery(name, query, _numbered(query)) for name, query in queries.items()}


def _problems(name: str, query: SavedQuery) -> Iterator[Problem]:
    place = f"queries.{name}"
    for parameter in query.parameters:
        yield from _problems_of_values(f"{place}.parameters.{parameter.name}", parameter)
    try:
        tree = only_one(parse(_numbered(query)))
        kind = kind_of(tree, collect(tree))
    except (InvalidStatement, StatementRefused, StatementTooLarge) as error:
        yield Problem(f"{place}.sql", f"{error.message}. {error.hint}".strip())
    else:
        if kind is not StatementKind.READ and not query.writes:
            yield Problem(f"{place}.sql", f"is of the kind {kind.value}; say writes: true where that is meant")


def _problems_of_values(place: str, parameter: QueryParameter) -> Iterator[Problem]:
    """Yield which of its own values, default and enum, a parameter would refuse."""
    try:
        whole, each = TypeAdapter(type_of(parameter)), TypeAdapter(limited(parameter))
    except SchemaError as error:
        yield Problem(f"{place}.pattern", f"is no regular expression that can be used: {str(error)[:200]}")
        return
    given = [("enum", value, each) for value in parameter.enum]
    if parameter.default is not None:
        given.append(("default", parameter.default, whole))
    for field, value, kind in given:
        try:
            kind.validate_python(value)
        except ValidationError as error:
            yield Problem(f"{place}.{field}", f"{value!r} does not fit: {error.errors()[0]['msg']}")


def _numbered(query: SavedQuery) -> str:
    return numbered(query.sql, [each.name for each in query.parameters])
