"""Parts of schemas: what they refer to, which keywords constrain, and what is equal; and reasons about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moorage.workflow.evolution.models import Change, Reason
from moorage.workflow.types.keywords import ANNOTATIONS, EXTENSION_PREFIX
from moorage.workflow.types.places import Places, Schema, target_of

Keywords = Mapping[str, Any]

# They accept everything; what refers to definitions is followed.
DEFINITIONS = frozenset({"$schema", "$defs", "definitions"})


def json_text(value: Any) -> str:
    """Return JSON text that is the same for values that JSON Schema holds to be equal, as 1 and 1.0."""
    return json.dumps(_with_whole_numbers(value), sort_keys=True, ensure_ascii=False)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_whole_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def same_json(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON; Python takes true for 1."""
    return one == other and json_text(one) == json_text(other)


def only(schema: Keywords, keywords: tuple[str, ...]) -> dict[str, Any]:
    return {each: schema[each] for each in keywords if each in schema}


def constraints(schema: Keywords) -> frozenset[str]:
    return frozenset(each for each in schema if not _is_annotation(each)) - DEFINITIONS


def _is_annotation(keyword: str) -> bool:
    return keyword in ANNOTATIONS or keyword.startswith(EXTENSION_PREFIX)


def resolved(places: Places, schema: Keywords) -> Schema | None:
    """Return what a reference leads to in a document with these places; None where it leads nowhere there."""
    pointer = target_of(schema["$ref"])
    return None if pointer is None else places.get(pointer)


def references(part: Any) -> set[str]:
    """Return what a part of a schema refers to, anywhere in it."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def without_annotations(part: Any) -> Any:
    """Return a schema without the keywords that accept everything, at its top only: below they may be names."""
    if isinstance(part, dict):
        return {name: each for name, each in part.items() if not _is_annotation(name)}
    return part


def wider(pointer: str, message: str) -> Reason:
    return Reason(pointer=pointer, change=Change.COMPATIBLE, message=message)


def narrower(pointer: str, message: str) -> Reason:
    return Reason(pointer=pointer, change=Change.NEEDS_MIGRATION, message=message)


def untold(pointer: str, message: str) -> Reason:
    return Reason(
        pointer=pointer, change=Change.NEEDS_MIGRATION, message=f"{message}; it cannot be told what that asks"
    )
