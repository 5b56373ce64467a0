"""Where two versions of an entity's data differ, place by place, with what stood there and what stands there."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.workflow.documents import Document
from moorage.workflow.entities.edits import ABSENT, changed_places, value_at
from moorage.workflow.history.models import FieldChange


def changes_between(before: Document, after: Document) -> Sequence[FieldChange]:
    """Return the places that differ, in the order of their keys; a list is one place."""
    return [_change(place, before, after) for place in changed_places(before, after)]


def _change(place: str, before: Document, after: Document) -> FieldChange:
    old, new = value_at(before, place), value_at(after, place)
    if old is ABSENT:
        return FieldChange(pointer=place, change="added", after=new)
    if new is ABSENT:
        return FieldChange(pointer=place, change="removed", before=old)
    return FieldChange(pointer=place, change="changed", before=old, after=new)
