"""Saved queries as people write them, read with all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from moorage.databases.saved_queries import QUERY_NAME, SavedQuery
from moorage.databases.sources.problems import Problem, problems_of, refusal


def read_queries(given: Any) -> dict[str, SavedQuery]:
    """Return the queries by name.

    Args:
        given: what stands under `queries`.

    Raises:
        InvalidDefinition: every problem, with its field.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise refusal([Problem("queries", "is no mapping of names to queries")])
    problems: list[Problem] = []
    read = {str(name): _read(name, each, problems) for name, each in given.items()}
    if problems:
        raise refusal(problems)
    return {name: each for name, each in read.items() if each is not None}


def _read(name: Any, given: Any, problems: list[Problem]) -> SavedQuery | None:
    if isinstance(given, SavedQuery):
        return given
    place = f"queries.{name}"[:150]
    problems += _problems_of_name(name, place)
    if not isinstance(given, Mapping):
        problems.append(Problem(place, "is no mapping of fields; write them below it, indented"))
        return None
    try:
        return SavedQuery.model_validate(given)
    except ValidationError as error:
        problems += problems_of(error, SavedQuery, place, given)
        return None


def _problems_of_name(name: Any, place: str) -> Iterator[Problem]:
    if not isinstance(name, str) or not QUERY_NAME.fullmatch(name):
        yield Problem(place, "is no name: 1 to 34 of a-z, 0-9 and _, the first a letter")
