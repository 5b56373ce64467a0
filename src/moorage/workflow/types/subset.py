"""Which JSON Schemas may be types: a subset in which nothing leads out of the document, and no check takes long.

`docs/how-to/define-types.md` has it as a table. All problems are told at once, each with its JSON pointer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs

from moorage.workflow.documents import Document, escaped, problems_of
from moorage.workflow.types.compiling import compile_schema
from moorage.workflow.types.costs import Costs, TooCostly
from moorage.workflow.types.keywords import (
    ANNOTATIONS,
    DRAFT_07,
    DRAFT_2020_12,
    EXTENSION_PREFIX,
    REFUSED,
    Draft,
    draft_of,
)
from moorage.workflow.types.patterns import pattern_problem
from moorage.workflow.types.places import Places, places_in, target_of
from moorage.workflow.types.problems import Problem, nearest, pointer_of, shown

MAX_BYTES = 64 * 1024
MAX_SCHEMAS = 1_000
MAX_VALUES = 3_000
MAX_ENUM = 1_000
MAX_PATTERNS = 100
# What a schema raises when it is compiled and counted, where it is outside the subset.
UNSERVED = (TooCostly, jsonschema_rs.ValidationError)
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_SHOWN_GRAMMAR_CHARACTERS = 200


def problems_in_schema(definition: Document) -> Iterator[Problem]:
    """Yield what is outside the subset; what is too large is not looked into, costs are counted where all is right."""
    too_large = _excess_of(definition)
    if too_large:
        yield Problem(pointer="", message=too_large)
        return
    draft = draft_of(definition)
    if draft is None:
        known = " or ".join(repr(each.uri) for each in (DRAFT_2020_12, DRAFT_07))
        message = f"{shown(definition['$schema'])} is not served; leave it out, or say {known}"
        yield Problem(pointer="/$schema", message=message)
        return
    yield from list(dict.fromkeys(_problems_by_place(definition, draft))) or _problems_of_cost(definition)


def _excess_of(definition: Document) -> str | None:
    excess = next(problems_of(definition, max_bytes=MAX_BYTES, max_nodes=MAX_VALUES), None)
    if excess:
        return f"a schema cannot have {excess}"
    schemas = places_in(definition).values()
    patterns = sum(len(_patterns_of(each)) for each in schemas if isinstance(each, dict))
    if len(schemas) > MAX_SCHEMAS:
        return f"{len(schemas):,} schemas in it, {MAX_SCHEMAS:,} at most"
    return f"{patterns} patterns, {MAX_PATTERNS} at most" if patterns > MAX_PATTERNS else None


def _problems_by_place(definition: Document, draft: Draft) -> Iterator[Problem]:
    if definition.get("type") != "object":
        yield Problem(pointer="/type", message='the root must say "type": "object"; data of entities are objects')
    yield from _problems_of_grammar(definition, draft)
    places = places_in(definition)
    for pointer, schema in places.items():
        if isinstance(schema, dict):
            yield from _problems_at(pointer, schema, draft, places)


def _problems_of_grammar(definition: Document, draft: Draft) -> Iterator[Problem]:
    """Yield where keywords have values of a wrong kind, by the draft's own schema of schemas."""
    for error in _grammar(draft.uri).iter_errors(definition):
        message = error.message[:_SHOWN_GRAMMAR_CHARACTERS]
        if error.kind.name == "anyOf":
            message = f"{shown(error.instance)} is nothing that {error.instance_path[-1]!r} may be"
            message += f"; one of {', '.join(_TYPES)}" if error.instance_path[-1] == "type" else ""
        yield Problem(pointer=pointer_of(error.instance_path), message=message)


@cache
def _grammar(uri: str) -> Any:
    return jsonschema_rs.validator_for({"$schema": uri, "$ref": uri}, offline=True, validate_formats=False)


def _problems_at(pointer: str, schema: dict[str, Any], draft: Draft, places: Places) -> Iterator[Problem]:
    for keyword, value in schema.items():
        message = _problem_of_keyword(keyword, pointer, draft) or _problem_of_value(keyword, value, draft, places)
        if message:
            yield Problem(pointer=f"{pointer}/{escaped(keyword)}", message=message)
    for below, pattern in _patterns_of(schema).items():
        if message := pattern_problem(pattern):
            yield Problem(pointer=pointer + below, message=message)
    beside = schema.keys() - ANNOTATIONS - {"$ref", "$schema", "$defs", "definitions"}
    if draft is DRAFT_07 and "$ref" in schema and beside:
        message = f"draft-07 ignores {', '.join(sorted(beside))} beside it; put both into allOf"
        yield Problem(pointer=f"{pointer}/$ref", message=message)


def _patterns_of(schema: dict[str, Any]) -> dict[str, str]:
    """Return the patterns in one schema, by JSON pointer below it."""
    of_keys = schema.get("patternProperties")
    found = {f"/patternProperties/{escaped(each)}": each for each in (of_keys if isinstance(of_keys, dict) else ())}
    own = schema.get("pattern")
    return found | ({"/pattern": own} if isinstance(own, str) else {})


def _problem_of_keyword(keyword: str, pointer: str, draft: Draft) -> str | None:
    if keyword == "$schema":
        return "only the root says it" if pointer else None
    if keyword in draft.keywords or keyword.startswith(EXTENSION_PREFIX):
        return None
    if keyword in REFUSED:
        return REFUSED[keyword]
    if keyword in draft.others:
        return f"{draft.name} does not have it; {draft.others[keyword]}"
    return f"is no keyword{nearest(keyword, draft.keywords) or '; notes of your own begin with x-'}"


def _problem_of_value(keyword: str, value: Any, draft: Draft, places: Places) -> str | None:
    if keyword == "enum" and isinstance(value, list) and len(value) > MAX_ENUM:
        return f"{len(value):,} values, {MAX_ENUM:,} at most"
    if not isinstance(value, str):
        return None
    if keyword == "format" and value not in draft.formats:
        meant = nearest(value, draft.formats) or f"; there are {', '.join(sorted(draft.formats))}"
        return f"{shown(value)} is no format that is checked{meant}"
    return _problem_of_reference(value, places) if keyword == "$ref" else None


def _problem_of_reference(reference: str, places: Places) -> str | None:
    target = target_of(reference)
    if target is None:
        return f"{shown(reference)} leads out of the document; nothing is fetched; refer to '#/$defs/...'"
    return None if target in places else f"there is no schema at {shown(reference)}"


def _problems_of_cost(definition: Document) -> Iterator[Problem]:
    places = places_in(definition)
    costs = Costs(places)
    try:
        for pointer in places:
            costs.of(pointer)
        compile_schema(definition)
    except UNSERVED as error:
        yield problem_of(error)


def problem_of(error: TooCostly | jsonschema_rs.ValidationError) -> Problem:
    """Return what one of `UNSERVED` says."""
    if isinstance(error, TooCostly):
        return Problem(pointer=error.pointer, message=str(error))
    return Problem(pointer=pointer_of(error.instance_path), message=error.message[:_SHOWN_GRAMMAR_CHARACTERS])
