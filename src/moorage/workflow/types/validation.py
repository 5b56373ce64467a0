"""Does data satisfy its type? Compiled validators, and every problem with its JSON pointer.

The validator is jsonschema-rs: compiled code, patterns in an engine of linear time, formats checked, and nothing
fetched from anywhere (https://docs.rs/jsonschema).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs
from pydantic import BaseModel, ConfigDict

from moorage.workflow.documents import Document, escaped
from moorage.workflow.errors import InvalidEntity
from moorage.workflow.types.models import EntityType, StoredType
from moorage.workflow.types.steps import VersionSteps

# What a compiled pattern may take, in bytes; far more than any that is written by hand needs.
PATTERN_SIZE_LIMIT = 1_000_000
MAX_PROBLEMS = 50
_MAX_MESSAGE_CHARACTERS = 300


class Problem(BaseModel):
    """One thing that is wrong with data.

    Attributes:
        pointer: where, as a JSON pointer (RFC 6901); "" is the whole.
    """

    model_config = ConfigDict(frozen=True)

    pointer: str
    message: str


def compiled(row: StoredType, steps: Sequence[VersionSteps] = ()) -> EntityType:
    """Return the type ready for use; `steps` are those of all its versions, oldest first."""
    return EntityType(row, compile_schema(row.schema_definition), tuple(steps))


def compile_schema(schema: dict[str, Any]) -> Any:
    """Return a validator of the schema: draft 2020-12 unless it says draft-07.

    Raises:
        jsonschema_rs.ValidationError: it is no JSON Schema, or has a pattern that needs backtracking.
    """
    return jsonschema_rs.validator_for(
        schema,
        validate_formats=True,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=PATTERN_SIZE_LIMIT),
    )


def problems_in(entity_type: EntityType, data: Document) -> list[Problem]:
    """Return what is wrong with the data, at most `MAX_PROBLEMS`; none when it satisfies the type."""
    if entity_type.validator.is_valid(data):
        return []
    return [_problem(each) for each in islice(entity_type.validator.iter_errors(data), MAX_PROBLEMS)]


def refuse_invalid(entity_type: EntityType, data: Document) -> None:
    """Refuse data that does not satisfy its type.

    Raises:
        InvalidEntity: with every problem.
    """
    problems = problems_in(entity_type, data)
    if not problems:
        return
    said = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in problems)
    raise InvalidEntity(
        f"the data is no valid {entity_type.name!r}: {said}",
        hint="Correct the places named; get_entity_type shows the schema.",
        schema_name=entity_type.name,
        schema_version=entity_type.version,
        problems=[each.model_dump() for each in problems],
    )


def _problem(error: Any) -> Problem:
    message = error.message
    if len(message) > _MAX_MESSAGE_CHARACTERS:
        message = f"{message[:_MAX_MESSAGE_CHARACTERS]}…"
    return Problem(pointer=_pointer(error.instance_path), message=message)


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{escaped(str(part))}" for part in path)
