"""Does data satisfy its type? And if not, why not.

A check runs in the process that serves everybody, so what it may take is known before it begins; see `costs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jsonschema_rs

from moorage.workflow.documents import MAX_BYTES, MAX_NODES, Document, escaped
from moorage.workflow.errors import InvalidEntity, InvalidType
from moorage.workflow.types.compiling import compile_schema
from moorage.workflow.types.costs import MAX_SECONDS, Cost, Costs
from moorage.workflow.types.explaining import Explainer
from moorage.workflow.types.models import EntityType, StoredType
from moorage.workflow.types.places import places_in
from moorage.workflow.types.problems import Problem, sentence
from moorage.workflow.types.steps import VersionSteps
from moorage.workflow.types.subset import UNSERVED, problem_of

MAX_PROBLEMS = 50


class CompiledSchema:
    """A schema that was found to be inside the subset, compiled when it first checks data: many are only read."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._definition = definition

    def problems_in(self, document: Document) -> list[Problem]:
        """Return what is wrong with a document, at most `MAX_PROBLEMS`; none when it satisfies the schema.

        Raises:
            subset.UNSERVED: the subset was wider when the schema was found to be inside.
        """
        if not self._is_always_quick and (too_long := self._takes_too_long(document)):
            return [too_long]
        return [] if self._validator.is_valid(document) else self._explainer.problems_in(document, most=MAX_PROBLEMS)

    @cached_property
    def _validator(self) -> jsonschema_rs.Validator:
        return compile_schema(self._definition)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self._definition)

    @cached_property
    def _is_always_quick(self) -> bool:
        return Costs(places_in(self._definition)).of("").seconds(MAX_NODES, MAX_BYTES) <= MAX_SECONDS

    @cached_property
    def _costs(self) -> tuple[Cost, dict[str, Cost]]:
        return Costs(places_in(self._definition)).by_property()

    def _takes_too_long(self, document: Document) -> Problem | None:
        seconds = {name: self._cost_of(name).seconds(*_extent(value)) for name, value in document.items()}
        if sum(seconds.values()) <= MAX_SECONDS:
            return None
        longest = max(seconds, key=seconds.__getitem__)
        values, size = _extent(document[longest])
        said = f"{values:,} values with {size:,} bytes of text take too long to check"
        remedy = "make it smaller, or have fewer alternatives and smaller patterns in the type"
        return Problem(pointer=f"/{escaped(longest)}", message=f"{said}; {remedy}")

    def _cost_of(self, name: str) -> Cost:
        other, named = self._costs
        return named.get(name, other)


def compiled(row: StoredType, steps: Sequence[VersionSteps] = ()) -> EntityType:
    """Return the type ready for use; `steps` are those of all its versions, oldest first."""
    return EntityType(row, CompiledSchema(row.schema_definition), tuple(steps))


def problems_in(entity_type: EntityType, data: Document) -> list[Problem]:
    """Return what is wrong with the data, at most `MAX_PROBLEMS`; none when it satisfies the type.

    Raises:
        InvalidType: another version of the program took it, and this one serves less.
    """
    try:
        return entity_type.validator.problems_in(data)
    except UNSERVED as error:
        problem = problem_of(error)
        raise InvalidType(
            f"{entity_type.name!r}, version {entity_type.version}, is not served any more: {sentence([problem])}",
            hint="Give it another schema_definition with evolve_entity_type (a tool of the profile types).",
            problems=[problem.model_dump()],
        ) from None


def refuse_invalid(entity_type: EntityType, data: Document) -> None:
    """Refuse data that does not satisfy its type.

    Raises:
        InvalidEntity: with every problem. InvalidType: the type is not served any more.
    """
    problems = problems_in(entity_type, data)
    if not problems:
        return
    raise InvalidEntity(
        f"the data is no valid {entity_type.name!r}: {sentence(problems)}",
        hint=f"Correct the places named; register_entity_type({entity_type.name!r}) shows the fields of the type.",
        schema_name=entity_type.name,
        schema_version=entity_type.version,
        problems=[each.model_dump() for each in problems],
    )


def _extent(document: Any) -> tuple[int, int]:
    """Return how many values there are in it, itself included, and the bytes of its texts and keys."""
    values, texts, stack = 0, 0, [document]
    while stack:
        value = stack.pop()
        values += 1
        if isinstance(value, str):
            texts += len(value.encode())
        elif isinstance(value, dict):
            texts += sum(len(key.encode()) for key in value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return values, texts
