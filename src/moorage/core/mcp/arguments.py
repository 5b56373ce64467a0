"""The arguments of a tool: its signature as JSON Schema, and a caller's JSON as keyword arguments.

A parameter annotated `Call` is not part of either.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from moorage.core.errors import InvalidInput
from moorage.core.mcp.problems import describe_problems, shown
from moorage.core.mcp.schemas import published, types_in
from moorage.core.shape import Call

MAX_VALUES = 100_000
"""Of one call, however they are nested. The validator takes half a second for millions, and everybody waits for it."""

# Describing one takes as long as validating ten.
_DESCRIBED_PROBLEMS, _DESCRIBED_ITEMS = 1_000, 100


@dataclass(frozen=True)
class Arguments:
    """How one function is called from JSON.

    Attributes:
        schema: JSON Schema 2020-12 of the arguments, closed (`additionalProperties: false`).
        call_parameter: name of the parameter that receives the `Call`, None when the function takes none.
        containers: names of the arguments that are lists or objects and nothing a text could be.
    """

    schema: dict[str, Any]
    call_parameter: str | None
    containers: frozenset[str]
    adapter: TypeAdapter[dict[str, Any]]

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return validated keyword arguments, defaults filled in.

        Raises:
            InvalidInput: naming every field that is wrong, what came and what is expected.
        """
        unpacked = self._unpacked(given)
        _refuse_unfit(unpacked)
        try:
            return self.adapter.validate_python(unpacked)
        except ValidationError as error:
            raise self._refusal(error, unpacked) from None

    def _refusal(self, error: ValidationError, given: Mapping[str, Any]) -> InvalidInput:
        """Describe what is wrong; of very much, only what is wrong with the first items of lists."""
        if error.error_count() <= _DESCRIBED_PROBLEMS:
            return describe_problems(error, self.schema)
        first = {name: each[:_DESCRIBED_ITEMS] if isinstance(each, list) else each for name, each in given.items()}
        try:
            self.adapter.validate_python(first)
        except ValidationError as among_first:
            return describe_problems(among_first, self.schema)
        return InvalidInput(
            f"{error.error_count():,} values are wrong, none of them among the first {_DESCRIBED_ITEMS} of a list",
            hint="Send less in one call to learn which.",
        )

    def _unpacked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Some clients send lists and objects as JSON text; take them as what they mean."""
        packed = [name for name in self.containers if isinstance(given.get(name), str)]
        return {**given, **{name: _container_in(given[name]) for name in packed}}


def read_arguments(function: Callable[..., Any]) -> Arguments:
    """Derive the arguments from the signature and the annotations of `function`."""
    hints = get_type_hints(function, include_extras=True)
    hints.pop("return", None)
    call_parameter = next((name for name, hint in hints.items() if _is_call(hint)), None)
    signature = inspect.signature(function)
    kept = [each for name, each in signature.parameters.items() if name != call_parameter]
    adapter = TypeAdapter(_collector(signature.replace(parameters=kept), hints))
    schema = published(adapter.json_schema())
    definitions = schema.get("$defs", {})
    types = {name: types_in(each, definitions) for name, each in schema.get("properties", {}).items()}
    containers = frozenset(name for name, each in types.items() if _are_only_containers(each))
    return Arguments(schema, call_parameter, containers, adapter)


def _refuse_unfit(given: Mapping[str, Any]) -> None:
    """Refuse what no tool has a use for, before anything looks at each value."""
    room = MAX_VALUES
    for name, value in given.items():
        room -= _count_of_values(value, room)
        if room < 0:
            raise InvalidInput(
                f"{name}: too many values, {MAX_VALUES:,} at most in one call", hint="Send them in several calls."
            )
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and "\x00" in text:
                raise InvalidInput(f"{name}: {shown(text)} has the character U+0000", hint="Leave it out.")


def _count_of_values(value: Any, most: int) -> int:
    """Return how many values there are, itself included; beyond `most` it is not looked on."""
    count, containers = 1, [value]
    while containers:
        container = containers.pop()
        if isinstance(container, dict | list):
            count += len(container)
            if count > most:
                return count
            containers.extend(container.values() if isinstance(container, dict) else container)
    return count


def _collector(signature: inspect.Signature, hints: dict[str, Any]) -> Any:
    """Build a function with this signature that returns what it was called with, for pydantic to validate."""

    def collect(**arguments: Any) -> dict[str, Any]:
        return arguments

    parameters = [each.replace(annotation=hints[each.name]) for each in signature.parameters.values()]
    keyword_only = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    collect.__signature__ = signature.replace(parameters=keyword_only)  # ty: ignore[missing-attribute]
    collect.__annotations__ = {each.name: each.annotation for each in keyword_only}
    return collect


def _is_call(hint: Any) -> bool:
    return hint is Call or Call in get_args(hint)


def _are_only_containers(types: set[str]) -> bool:
    return bool(types & {"array", "object"}) and "string" not in types


def _container_in(text: str) -> Any:
    """Return the list or object written in `text`; anything else comes back as it was, to be refused."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list | dict) or value is None else text
