"""What a caller wants done to an entity's data: replace it, merge into it, or patch it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import MAX_BYTES, Document, escaped, refuse_unfit
from moorage.workflow.entities.models import Entity, Mode
from moorage.workflow.patches import Operations, is_same, merged, patched
from moorage.workflow.types.models import EntityType

ABSENT = object()


@dataclass(frozen=True)
class Edit:
    """An edit that can be applied to any version of the data.

    Attributes:
        data: the whole data, a merge patch (RFC 7396), or the operations of a JSON Patch (RFC 6902), by the mode.
    """

    mode: Mode
    data: Document | Operations

    def applied_to_entity(self, entity: Entity, entity_type: EntityType) -> Document:
        """Return what becomes of an entity's data; steps of its type that it has not gone through yet come first.

        A replacement needs nothing of what was there, and so mends what steps do not fit.

        Raises:
            InvalidPatch, PatchFailed, StepsFailed.
        """
        if self.mode == "replace":
            return self.applied_to({})
        return self.applied_to(entity_type.brought_forward(entity.data, entity.schema_version))

    def applied_to(self, document: Document) -> Document:
        """Return what becomes of the document, which stays as it is.

        Raises:
            InvalidPatch, PatchFailed.
        """
        match self.data:
            case dict() as given:
                return given if self.mode == "replace" else merged(document, given)
            case operations:
                return patched(document, operations)


def parse_edit(mode: Mode, data: Any, *, max_bytes: int = MAX_BYTES) -> Edit:
    """Return the edit; a patch is a list of operations, everything else an object.

    Raises:
        InvalidInput: mode and data do not belong together, or the data cannot be stored whatever they are applied to.
    """
    if mode not in ("replace", "merge", "patch"):
        raise InvalidInput(f"mode: {str(mode)[:60]!r} is none", hint="Take replace, merge or patch.")
    if not isinstance(data, list if mode == "patch" else dict):
        expected = "a list of operations (RFC 6902)" if mode == "patch" else "an object"
        raise InvalidInput(
            f"data: {type(data).__name__} given, mode {mode} needs {expected}",
            hint="replace takes the whole data, merge the fields to change, patch a list of operations.",
        )
    refuse_unfit({"operations": data} if mode == "patch" else data, max_bytes=max_bytes)
    return Edit(mode, data)


def changed_places(before: Document, after: Document, pointer: str = "") -> Iterator[str]:
    """Yield JSON pointers to what differs, in the order of their keys; a list is one value and differs as a whole."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        place = f"{pointer}/{escaped(key)}"
        if isinstance(old, dict) and isinstance(new, dict):
            yield from changed_places(old, new, place)
        elif not is_same(old, new):
            yield place


def value_at(document: Document, pointer: str) -> Any:
    """Return what stands at a place that `changed_places` gave, or ABSENT."""
    value: Any = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


def places_around(pointer: str) -> Iterator[str]:
    """Yield a place and all that it is inside of, but for the whole."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
