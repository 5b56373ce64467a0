"""Changing a document: merge patch (RFC 7396), JSON Patch (RFC 6902), and what leads from one document to another."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from moorage.workflow.documents import Document
from moorage.workflow.errors import InvalidPatch, PatchFailed

MAX_OPERATIONS = 1_000

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
        result = jsonpatch.JsonPatch(list(operations)).apply(deepcopy(document))
    except (jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict) as error:
        raise PatchFailed(
            f"the patch does not fit: {error}", hint="Get the entity, and patch what it is now."
        ) from None
    except (jsonpatch.InvalidJsonPatch, JsonPointerException, TypeError) as error:
        hint = 'Each operation is like {"op": "replace", "path": "/status", "value": "done"} (RFC 6902).'
        raise InvalidPatch(f"not a JSON Patch: {error}", hint=hint) from None
    if not isinstance(result, dict):
        raise InvalidPatch("the patch makes the data something else than an object", hint="Patch below the root.")
    return result


def difference(before: Document, after: Document) -> list[dict[str, Any]]:
    """Return the JSON Patch that leads from one document to the other."""
    return jsonpatch.make_patch(before, after).patch
