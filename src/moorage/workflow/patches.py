"""Changing a document: merge patch (RFC 7396), JSON Patch (RFC 6902), and what leads from one document to another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException, resolve_pointer

from moorage.workflow.documents import Document, escaped
from moorage.workflow.errors import InvalidPatch, PatchFailed

MAX_OPERATIONS = 1_000
# Items of two lists together, and of lists inside, that are compared one by one; it takes the square of their number.
COMPARED_ITEMS = 200
# What the copies of a patch come to together, or those of a step (`types.stepping`): each copy of a patch may double
# the document, and twenty would fill any memory.
MAX_COPIED_CHARACTERS = 1_000_000
_SHOWN_CHARACTERS = 200

Operations = Sequence[dict[str, Any]]


def merged(document: Document, patch: Document) -> Document:
    """Return the document with a merge patch applied: null removes a key, an object goes deeper, the rest replaces."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = value
    return result


def patched(document: Document, operations: Operations) -> Document:
    """Return the document with a JSON Patch applied; the document given stays as it is.

    Raises:
        InvalidPatch: it is no JSON Patch, or its result is no object.
        PatchFailed: a `test` does not hold, or a place is not there.
    """
    if len(operations) > MAX_OPERATIONS:
        raise InvalidPatch(f"{len(operations)} operations, {MAX_OPERATIONS} at most", hint="Replace the whole value.")
    try:
        result = _applied(deepcopy(list(operations)), deepcopy(document))
    except (jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict) as error:
        hint = "Get the entity, and patch what it is now."
        raise PatchFailed(f"the patch does not fit: {str(error)[:_SHOWN_CHARACTERS]}", hint=hint) from None
    except (jsonpatch.InvalidJsonPatch, JsonPointerException, TypeError) as error:
        hint = 'Each operation is like {"op": "replace", "path": "/status", "value": "done"} (RFC 6902).'
        raise InvalidPatch(f"not a JSON Patch: {str(error)[:_SHOWN_CHARACTERS]}", hint=hint) from None
    except RecursionError:
        raise InvalidPatch("the patch nests the data too deeply", hint="Nest less.") from None
    if not isinstance(result, dict):
        raise InvalidPatch("the patch makes the data something else than an object", hint="Patch below the root.")
    return result


def _applied(operations: Operations, document: Document) -> Any:
    """Return the document, which may be changed on the way, after one operation after another."""
    jsonpatch.JsonPatch(operations)  # tells of any that is none before the first is done
    result: Any = document
    room = MAX_COPIED_CHARACTERS
    for each in operations:
        if each["op"] == "copy":
            room -= len(json.dumps(resolve_pointer(result, each.get("from", ""), None)))
            if room < 0:
                raise InvalidPatch("the patch copies too much", hint="Replace the whole value.")
        result = jsonpatch.JsonPatch([each]).apply(result, in_place=True)
    return result


def difference(before: Document, after: Document) -> list[dict[str, Any]]:
    """Return a JSON Patch that leads from one document to the other, of additions, removals and replacements.

    What is long is not looked into for ever: a long list is replaced as a whole, and so is a document that differs in
    more than `MAX_OPERATIONS` places.
    """
    operations = list(islice(_between(before, after, ""), MAX_OPERATIONS + 1))
    if len(operations) > MAX_OPERATIONS:
        return [{"op": "replace", "path": "", "value": after}]
    return operations


def is_same(one: Any, other: Any) -> bool:
    """Compare as JSON does; Python holds True and 1, and 1 and 1.0, to be equal."""
    return one is other or (one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def _between(before: Document, after: Document, pointer: str) -> Iterator[dict[str, Any]]:
    for key in before:
        if key not in after:
            yield {"op": "remove", "path": f"{pointer}/{escaped(key)}"}
    for key, new in after.items():
        place = f"{pointer}/{escaped(key)}"
        if key in before:
            yield from _changes(before[key], new, place)
        else:
            yield {"op": "add", "path": place, "value": new}


def _changes(old: Any, new: Any, place: str) -> Iterator[dict[str, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _between(old, new, place)
    elif not is_same(old, new):
        are_lists = isinstance(old, list) and isinstance(new, list)
        is_short = are_lists and _count_items(old) + _count_items(new) <= COMPARED_ITEMS
        items = _items(old, new, place) if is_short else []
        whole = {"op": "replace", "path": place, "value": new}
        yield from items if 0 < len(items) <= len(new) else [whole]


def _count_items(value: Any) -> int:
    """Count the items of the lists in a value, itself included."""
    if isinstance(value, list):
        return len(value) + sum(map(_count_items, value))
    return sum(map(_count_items, value.values())) if isinstance(value, dict) else 0


def _items(old: list[Any], new: list[Any], place: str) -> list[dict[str, Any]]:
    """Return what leads from one list to the other; nothing is moved, so that each place tells what became of it."""
    found = jsonpatch.JsonPatch.from_diff(old, new, optimization=False)
    return [{**each, "path": place + each["path"]} for each in found.patch]
