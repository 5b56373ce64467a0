"""Saved queries from the shell: which there are, and `NAME=VALUE` as the values of their parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from moorage.core.errors import InvalidInput
from moorage.core.shell import Shell
from moorage.core.values import Value
from moorage.databases.definitions import ALL
from moorage.databases.saved.signatures import type_of
from moorage.databases.saved_queries import ParameterType, QueryParameter, ReadyQuery, SavedQuery

_WRITTEN_AS_TEXT = (ParameterType.TEXT, ParameterType.DATE, ParameterType.TIMESTAMP)


class SavedRow(Value):
    """A saved query as a program lists it."""

    name: str
    query: SavedQuery


def print_saved(shell: Shell, found: Sequence[ReadyQuery], *, json: bool) -> None:
    """Print which queries there are."""
    if json:
        shell.print_json([SavedRow(name=each.name, query=each.query) for each in found])
        return
    rows = [
        (each.name, _parameters(each.query), ", ".join(each.query.databases), each.query.description) for each in found
    ]
    shell.print_table("Saved queries", ("name", "parameters", "runs in", "answers"), rows)


def places_of(shell: Shell, name: str | None) -> Sequence[str]:
    """Return where a query may run, as far as the settings say; all databases for a list."""
    if name is None:
        return [ALL]
    query = shell.guarded(shell.settings).queries.get(name)
    return query.databases if query else []


def arguments_of(query: SavedQuery, assignments: Sequence[str]) -> dict[str, Any]:
    """Return the values of all parameters, validated; those left out have their defaults.

    Raises:
        InvalidInput: with the parameter, and what it takes.
    """
    given = dict(map(_taken_apart, assignments))
    known = {each.name: each for each in query.parameters}
    for name in given:
        if name not in known:
            raise InvalidInput(
                f"there is no parameter {name[:100]!r}", hint=f"It takes {_parameters(query) or 'none'}."
            )
    missing = [name for name, each in known.items() if each.is_required and name not in given]
    if missing:
        raise InvalidInput(f"{missing[0]} is missing", hint=f"Give {missing[0]}=VALUE; it takes {_parameters(query)}.")
    return {name: _value(each, given[name]) if name in given else each.default for name, each in known.items()}


def _taken_apart(assignment: str) -> tuple[str, str]:
    name, equals, text = assignment.partition("=")
    if not equals:
        raise InvalidInput(f"{assignment[:100]!r} gives no parameter a value", hint="Write NAME=VALUE.")
    return name, text


def _value(parameter: QueryParameter, text: str) -> Any:
    try:
        value = text if parameter.type in _WRITTEN_AS_TEXT else json.loads(text)
        return TypeAdapter(type_of(parameter)).validate_python(value)
    except (ValueError, ValidationError):
        hint = "Lists and documents are JSON." if parameter.type.is_list else ""
        raise InvalidInput(f"{parameter.name}={text[:100]} is no value of type {parameter.type}", hint=hint) from None


def _parameters(query: SavedQuery) -> str:
    return ", ".join(f"{each.name}: {each.type}{'' if each.is_required else ' (or none)'}" for each in query.parameters)
