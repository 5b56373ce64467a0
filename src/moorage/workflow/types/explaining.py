"""Why data does not satisfy its type: every problem with its JSON pointer, in words that say what would be right.

The library's own list of errors is made whole before the first is seen, with copies of what is wrong in each: 9,000
numbers, none of 400 alternatives, took 48 seconds. So the schema is walked down here, into what does not fit only,
and the library is asked small questions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from moorage.workflow.documents import Document, escaped
from moorage.workflow.types.compiling import compile_schema, compile_schemas
from moorage.workflow.types.places import Schema, places_in, target_of
from moorage.workflow.types.problems import Problem, choices, nearest, shown

# Data and types at their limits can take longer to explain than to check; what is found by then will do.
MAX_SECONDS = 0.05
_SHOWN_ALTERNATIVES = 3
_MAX_MESSAGE_CHARACTERS = 300
_VALUE = "{value}"
_EXAMPLES = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "email": "ada@example.org",
    "uri": "https://example.org/a",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}
# What is looked at by going down is left out when a value itself is looked at.
_GOES_DOWN = frozenset(
    {
        "$schema", "$ref", "$defs", "definitions", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
        "dependentSchemas", "properties", "patternProperties", "additionalProperties", "propertyNames", "items",
        "prefixItems", "additionalItems", "contains", "unevaluatedProperties", "unevaluatedItems", "default",
    }
)  # fmt: skip


class _TooLate(Exception):
    """Explaining has taken as long as it may."""


class Explainer:
    """Explains what is wrong with documents, for one schema; those who ask at once share the time there is."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._draft = {"$schema": definition["$schema"]} if "$schema" in definition else {}
        self._places = places_in(definition)
        self._validators = compile_schemas(definition)
        self._shallow: dict[str, jsonschema_rs.Validator] = {}
        self._patterns: dict[str, jsonschema_rs.Validator] = {}
        self._late = 0.0

    def problems_in(self, document: Document, *, most: int) -> list[Problem]:
        """Return what is wrong with a document that does not satisfy the schema, the first `most` of it."""
        self._late = time.monotonic() + MAX_SECONDS
        found: list[Problem] = []
        try:
            found.extend(islice(self._problems("", document, ""), most))
        except _TooLate:
            found.append(Problem(pointer="", message="looking further takes too long; there may be more"))
        return found

    def _problems(self, at: str, value: Any, pointer: str) -> Iterator[Problem]:
        """Yield what is wrong with a value that does not fit the schema at `at`; always something."""
        schema, found = self._places[at], False
        if isinstance(schema, dict):
            for problem in self._found(at, schema, value, pointer):
                found = True
                yield problem
        if not found:
            yield Problem(pointer=pointer, message=_unexplained(at, schema, value))

    def _found(self, at: str, schema: dict[str, Any], value: Any, pointer: str) -> Iterator[Problem]:
        yield from self._problems_right_here(at, schema, value, pointer)
        for applied in self._applied_to(at, schema, value):
            yield from self._unless_fit(applied, value, pointer)
        yield from self._problems_of_alternatives(at, schema, value, pointer)
        if isinstance(value, dict):
            yield from self._problems_below_object(at, schema, value, pointer)
        elif isinstance(value, list):
            yield from self._problems_below_list(at, schema, value, pointer)

    def _unless_fit(self, at: str, value: Any, pointer: str) -> Iterator[Problem]:
        if not self._fits(at, value):
            yield from self._problems(at, value, pointer)

    def _fits(self, at: str, value: Any) -> bool:
        if time.monotonic() > self._late:
            raise _TooLate
        return self._validators[f"#{at}"].is_valid(value)

    def _applied_to(self, at: str, schema: dict[str, Any], value: Any) -> Iterator[str]:
        """Yield the schemas that the value itself has to fit as well."""
        if "$ref" in schema:
            yield target_of(schema["$ref"]) or ""
        yield from (f"{at}/allOf/{number}" for number in range(len(schema.get("allOf", ()))))
        if "if" in schema:
            branch = "then" if self._fits(f"{at}/if", value) else "else"
            yield from [f"{at}/{branch}"] if branch in schema else []
        for keyword in ("dependentSchemas", "dependencies"):
            for name, each in schema.get(keyword, {}).items():
                if isinstance(value, dict) and name in value and not isinstance(each, list):
                    yield f"{at}/{keyword}/{escaped(name)}"

    def _problems_of_alternatives(self, at: str, schema: dict[str, Any], value: Any, pointer: str) -> Iterator[Problem]:
        for keyword in ("anyOf", "oneOf"):
            alternatives = [f"{at}/{keyword}/{number}" for number in range(len(schema.get(keyword, ())))]
            fitting = [number for number, each in enumerate(alternatives, 1) if self._fits(each, value)]
            if alternatives and not fitting:
                yield Problem(pointer=pointer, message=self._why_none(alternatives, value))
            elif keyword == "oneOf" and len(fitting) > 1:
                listed = " and ".join(str(number) for number in fitting[:_SHOWN_ALTERNATIVES])
                yield Problem(pointer=pointer, message=f"fits the alternatives {listed}, may fit one only")
        if "not" in schema and self._fits(f"{at}/not", value):
            yield Problem(pointer=pointer, message=f"{shown(value)} is what {at}/not excludes")

    def _why_none(self, alternatives: list[str], value: Any) -> str:
        firsts = [next(self._problems(each, value, "")) for each in alternatives[:_SHOWN_ALTERNATIVES]]
        reasons = "; or ".join(f"{each.pointer}: {each.message}" if each.pointer else each.message for each in firsts)
        return f"fits none of {len(alternatives)} alternatives: {reasons}"

    def _problems_below_object(
        self, at: str, schema: dict[str, Any], value: dict[str, Any], pointer: str
    ) -> Iterator[Problem]:
        for name, each in value.items():
            below = f"{pointer}/{escaped(name)}"
            if "propertyNames" in schema:
                yield from self._unless_fit(f"{at}/propertyNames", name, below)
            for applied in self._applied_to_property(at, schema, name):
                if self._places[applied] is False:
                    known = nearest(name, [each for each in schema.get("properties", ()) if each != name])
                    yield Problem(pointer=below, message=f"is no property that may be here{known}")
                else:
                    yield from self._unless_fit(applied, each, below)

    def _applied_to_property(self, at: str, schema: dict[str, Any], name: str) -> list[str]:
        applied = [f"{at}/properties/{escaped(name)}"] if name in schema.get("properties", {}) else []
        patterns = [each for each in schema.get("patternProperties", ()) if self._matches(each, name)]
        applied += [f"{at}/patternProperties/{escaped(each)}" for each in patterns]
        return applied or ([f"{at}/additionalProperties"] if "additionalProperties" in schema else [])

    def _matches(self, pattern: str, name: str) -> bool:
        if pattern not in self._patterns:
            self._patterns[pattern] = compile_schema({"pattern": pattern})
        return self._patterns[pattern].is_valid(name)

    def _problems_below_list(
        self, at: str, schema: dict[str, Any], value: list[Any], pointer: str
    ) -> Iterator[Problem]:
        keyword = "prefixItems" if "prefixItems" in schema else "items"
        first = schema.get(keyword)
        heads = [f"{at}/{keyword}/{number}" for number in range(len(first))] if isinstance(first, list) else []
        rest = f"{at}/{'items' if keyword == 'prefixItems' or not heads else 'additionalItems'}"
        for place, each in enumerate(value):
            applied = heads[place] if place < len(heads) else rest
            if applied in self._places:
                yield from self._unless_fit(applied, each, f"{pointer}/{place}")
        yield from self._problem_of_contents(at, schema, value, pointer)

    def _problem_of_contents(
        self, at: str, schema: dict[str, Any], value: list[Any], pointer: str
    ) -> Iterator[Problem]:
        if "contains" not in schema:
            return
        least, most = schema.get("minContains", 1), schema.get("maxContains", len(value))
        count = sum(self._fits(f"{at}/contains", each) for each in value)
        if not least <= count <= most:
            wanted = f"at least {least}" if count < least else f"at most {most}"
            yield Problem(pointer=pointer, message=f"{count} of its values fit {at}/contains, {wanted} must")

    def _problems_right_here(self, at: str, schema: dict[str, Any], value: Any, pointer: str) -> Iterator[Problem]:
        """Yield what is wrong with the value whatever is in it."""
        if at not in self._shallow:
            own = {keyword: each for keyword, each in schema.items() if keyword not in _GOES_DOWN}
            own |= {"dependencies": _names_only(schema["dependencies"])} if "dependencies" in schema else {}
            self._shallow[at] = compile_schema({**self._draft, **own}, mask=_VALUE)
        for error in self._shallow[at].iter_errors(value):
            yield _problem_of(error, value, pointer)


def _unexplained(at: str, schema: Schema, value: Any) -> str:
    place = at or "the schema"
    if isinstance(schema, dict) and {"unevaluatedProperties", "unevaluatedItems"} & schema.keys():
        return f"{shown(value)} has something in it that no part of {place} knows"
    return f"{shown(value)} may not be here, says {place}"


def _names_only(dependencies: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in dependencies.items() if isinstance(each, list)}


def _problem_of(error: jsonschema_rs.ValidationError, value: Any, pointer: str) -> Problem:
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            return Problem(pointer=f"{pointer}/{escaped(name)}", message="is required")
        case jsonschema_rs.ValidationErrorKind.Enum(options=options):
            meant = nearest(value, _texts(options)) if isinstance(value, str) else ""
            return Problem(pointer=pointer, message=f"{shown(value)} is none of {choices(options)}{meant}")
        case jsonschema_rs.ValidationErrorKind.Format(format=name):
            example = f", such as {_EXAMPLES[name]}" if name in _EXAMPLES else ""
            return Problem(pointer=pointer, message=f"{shown(value)} is no {name}{example}")
    message = error.message.replace(_VALUE, shown(value), 1)
    return Problem(pointer=pointer, message=message[:_MAX_MESSAGE_CHARACTERS])


def _texts(values: list[Any]) -> list[str]:
    return [each for each in values if isinstance(each, str)]
