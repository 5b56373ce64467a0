"""Refused arguments in the words of the caller: `field: problem; got <value>; expected ...`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from moorage.core.errors import InvalidInput
from moorage.core.mcp.schemas import fields_of, in_words

SHOWN_VALUE_CHARACTERS = 60
"""A value is shown so that the caller recognises it, not so that it can be read back."""

MISSING = frozenset({"missing_argument", "missing_keyword_only_argument"})
UNEXPECTED = frozenset({"unexpected_keyword_argument"})
UNEXPECTED_INSIDE = "extra_forbidden"


def describe_problems(error: ValidationError, schema: Mapping[str, Any]) -> InvalidInput:
    """Return the failure that names every wrong field once, in words of the schema it was checked against."""
    problems: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False):
        problems.setdefault(_field(each), _sentence(each, schema))
    return InvalidInput(
        "\n".join(problems.values()),
        hint="Correct the named arguments and call again.",
    )


def _field(problem: ErrorDetails) -> str:
    """Return `filters.0.name` for a nested value; branches of a union are not part of the caller's path."""
    return ".".join(str(part) for part in problem["loc"] if _is_of_the_caller(part))


def _is_of_the_caller(part: int | str) -> bool:
    return isinstance(part, int) or part.isidentifier()


def _sentence(problem: ErrorDetails, schema: Mapping[str, Any]) -> str:
    field, properties = _field(problem), schema.get("properties", {})
    if problem["type"] in UNEXPECTED:
        return f"{field}: is not an argument of this tool; {_known(field, properties)}"
    if problem["type"] == UNEXPECTED_INSIDE:
        return f"{field}: is not known there; {_known(str(problem['loc'][-1]), _fields_beside(problem, schema))}"
    top = properties.get(str(problem["loc"][0]), {}) if problem["loc"] else {}
    expected = in_words(top, schema.get("$defs", {}))
    if problem["type"] in MISSING:
        about = top.get("description", "")
        return f"{field}: is required; expected {expected}" + (f" ({about})" if about else "")
    return f"{field}: {_complaint(problem['msg'])}; got {shown(problem['input'])}; expected {expected}"


def _fields_beside(problem: ErrorDetails, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that the object has in which the unknown one was given."""
    definitions = schema.get("$defs", {})
    here: Mapping[str, Any] = schema
    for part in problem["loc"][:-1]:
        here = here.get("items", {}) if isinstance(part, int) else fields_of(here, definitions).get(part, {})
    return fields_of(here, definitions)


def _known(field: str, properties: Mapping[str, Any]) -> str:
    nearest = get_close_matches(field, properties, n=1)
    if nearest:
        return f"did you mean {nearest[0]}?"
    return "expected " + (", ".join(properties) or "no arguments")


def _complaint(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def shown(value: Any) -> str:
    """Return a short form of a JSON value."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= SHOWN_VALUE_CHARACTERS else text[: SHOWN_VALUE_CHARACTERS - 1] + "…"
