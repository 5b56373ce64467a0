"""May this be a type? Its schema has to be inside the subset, and its rules speak of what the schema has.

All problems are told at once; those of the rules where the schema has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import ValidationError

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import Document, escaped, problems_of
from moorage.workflow.errors import InvalidType
from moorage.workflow.fields import parse_field
from moorage.workflow.types.compiling import compile_schemas
from moorage.workflow.types.models import StateRules, TypeRules
from moorage.workflow.types.places import Places, Schema, followed, places_in
from moorage.workflow.types.problems import Problem, choices, nearest, pointer_of, sentence, shown
from moorage.workflow.types.subset import MAX_BYTES, problems_in_schema

MAX_PROBLEMS = 50


def parse_rules(given: dict[str, Any]) -> TypeRules:
    """Return rules as somebody wrote them.

    Raises:
        InvalidType: with every problem, by JSON pointers below /rules.
    """
    try:
        return TypeRules.model_validate(given)
    except ValidationError as error:
        found = [Problem(pointer=pointer_of(("rules", *each["loc"])), message=each["msg"]) for each in error.errors()]
        raise _invalid(found) from None


def refuse_unfit_type(definition: Document, rules: TypeRules) -> None:
    """Refuse what cannot be a type, or the next version of one.

    Raises:
        InvalidType: with every problem, by JSON pointers into the schema, and into the rules below /rules.
    """
    problems = list(islice(problems_in_schema(definition), MAX_PROBLEMS))
    problems = problems or list(islice(problems_of_rules(definition, rules), MAX_PROBLEMS))
    if problems:
        raise _invalid(problems)


def problems_of_rules(definition: Document, rules: TypeRules) -> Iterator[Problem]:
    """Yield where the rules, and the defaults, do not fit a schema that is inside the subset."""
    excess = next(problems_of(rules.model_dump(exclude_defaults=True), max_bytes=MAX_BYTES), None)
    if excess:
        yield Problem(pointer="/rules", message=f"cannot be stored: {excess}")
        return
    fields = _Fields(places_in(definition))
    if rules.title is not None:
        yield from fields.missing("/rules/title", rules.title)
    if rules.state is not None:
        yield from _problems_of_state(fields, rules.state)
    if rules.priority is not None:
        yield from fields.missing("/rules/priority/field", rules.priority.field)
        yield from fields.unknown("/rules/priority/order", rules.priority.field, rules.priority.order)
    for number, each in enumerate(rules.indexes):
        yield from fields.missing_path(f"/rules/indexes/{number}/field", each.field)
        if each.field in [other.field for other in rules.indexes[:number]]:
            yield Problem(pointer=f"/rules/indexes/{number}/field", message=f"{each.field!r} stands there twice")
    yield from _problems_of_defaults(definition)


def _problems_of_state(fields: _Fields, state: StateRules) -> Iterator[Problem]:
    missing = list(fields.missing("/rules/state/field", state.field))
    yield from missing
    if missing:
        return
    if not fields.texts(state.field):
        message = f"the property {state.field!r} needs an enum of texts: the states that there are"
        yield Problem(pointer="/rules/state/field", message=message)
        return
    yield from fields.unknown("/rules/state/final", state.field, state.final)
    yield from fields.unknown("/rules/state/initial", state.field, state.initial or ())
    for before, after in (state.transitions or {}).items():
        pointer = f"/rules/state/transitions/{escaped(before)}"
        yield from fields.unknown(pointer, state.field, [before])
        yield from fields.unknown(pointer, state.field, after)


class _Fields:
    """The properties that a schema has."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._properties = self._properties_of(followed(places, places[""]))

    def missing(self, pointer: str, name: str) -> Iterator[Problem]:
        """Yield a problem when there is no property of this name."""
        if name not in self._properties:
            message = f"the schema has no property {name!r}{nearest(name, self._properties)}"
            yield Problem(pointer=pointer, message=message)

    def missing_path(self, pointer: str, field: str) -> Iterator[Problem]:
        """Yield a problem when the schema cannot have this field, as far as it says what there is."""
        try:
            first, *below = parse_field(field)
        except InvalidInput as error:
            yield Problem(pointer=pointer, message=error.message)
            return
        yield from self.missing(pointer, first)
        here = self._properties.get(first, True)
        for name in below:
            inside = self._properties_of(followed(self._places, here))
            if inside and name not in inside:
                yield Problem(pointer=pointer, message=f"there is no {name!r} in it{nearest(name, inside)}")
                return
            here = inside.get(name, True)

    def unknown(self, pointer: str, name: str, values: Any) -> Iterator[Problem]:
        """Yield the values that are none of a property's choices, where it has choices."""
        allowed = self._choices(name)
        known = {each for each in allowed if isinstance(each, str | int | float)}
        for each in values:
            if allowed and each not in known:
                yield Problem(pointer=pointer, message=f"{shown(each)} is none of {choices(allowed)}")

    def texts(self, name: str) -> list[str]:
        """Return the texts that a property may have, where it says which."""
        return [each for each in self._choices(name) if isinstance(each, str)]

    def _choices(self, name: str) -> list[Any]:
        schema = followed(self._places, self._properties.get(name, True))
        return schema.get("enum", []) if isinstance(schema, dict) else []

    def _properties_of(self, schema: Schema) -> dict[str, Schema]:
        return schema.get("properties", {}) if isinstance(schema, dict) else {}


def _problems_of_defaults(definition: Document) -> Iterator[Problem]:
    validators = compile_schemas(definition)
    for name, schema in definition.get("properties", {}).items():
        pointer = f"/properties/{escaped(name)}"
        if (
            isinstance(schema, dict)
            and "default" in schema
            and not validators[f"#{pointer}"].is_valid(schema["default"])
        ):
            message = f"{shown(schema['default'])} is not what the property itself allows"
            yield Problem(pointer=f"{pointer}/default", message=message)


def _invalid(problems: list[Problem]) -> InvalidType:
    return InvalidType(
        f"this cannot be a type: {sentence(problems)}",
        hint="Correct the places named; JSON Schema 2020-12 or draft-07 with a root of type object is served.",
        problems=[each.model_dump() for each in problems],
    )
