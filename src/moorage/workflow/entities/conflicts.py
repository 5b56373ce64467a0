"""Refusing a write whose caller did not see what others wrote, with all it needs to go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moorage.core.postgres.queries import Executor
from moorage.workflow.documents import Document
from moorage.workflow.entities import store
from moorage.workflow.entities.edits import ABSENT, Edit, changed_places, places_around, value_at
from moorage.workflow.entities.models import Entity, PastWrite
from moorage.workflow.errors import InvalidPatch, PatchFailed, StaleVersion

# A model reads all of it, and what doors show of a failure is bounded.
SHOWN_WRITES = 10
SHOWN_PLACES = 20
SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Overlap:
    """How an edit stands to what others wrote since its caller looked.

    Attributes:
        conflicts: places that both changed. theirs: places that only others changed.
        seen: the data at the version that the caller named; None when there is no such version.
        yours: what the edit would have made of it; None when it cannot be applied.
    """

    conflicts: list[str]
    theirs: list[str]
    seen: Document | None
    yours: Document | None


async def stale_version_in(
    transaction: Executor, entity: Entity, expected_version: int, edit: Edit | None
) -> StaleVersion:
    """Return the refusal of a write of a locked entity that is not at the version its caller saw.

    Args:
        edit: what the caller wanted; None for writes that leave the data as it is.
    """
    first = max(expected_version, entity.version - SHOWN_WRITES)
    has_been = expected_version <= entity.version  # any number may be named, also one that no column has room for
    past = await store.version_past(transaction, entity.id, expected_version, first) if has_been else []
    seen = next((each.data for each in past if each.version == expected_version), None)
    writes = [each for each in past if each.version > expected_version]
    overlap = _overlap(seen, entity.data, edit)
    return StaleVersion(
        _message(entity, expected_version, writes, overlap),
        hint=_way_out(entity, edit, overlap),
        key=entity.key,
        entity_id=str(entity.id),
        expected_version=expected_version,
        current_version=entity.version,
        conflicts=[_sides(place, overlap, entity.data) for place in overlap.conflicts[:SHOWN_PLACES]],
        changed_by_others=overlap.theirs[:SHOWN_PLACES],
        writes=[_shown(each) for each in writes],
        writes_left_out=max(entity.version - expected_version - len(writes), 0),
    )


def _overlap(seen: Document | None, current: Document, edit: Edit | None) -> Overlap:
    if seen is None:
        return Overlap([], [], None, None)
    theirs = changed_places(seen, current)
    yours = _attempted(edit, seen)
    ours = set() if yours is None else set(changed_places(seen, yours))
    ours_and_around = {each for place in ours for each in places_around(place)}
    conflicts: list[str] = []
    only_theirs: list[str] = []
    for place in theirs:
        is_both = place in ours_and_around or not ours.isdisjoint(places_around(place))
        (conflicts if is_both else only_theirs).append(place)
    return Overlap(conflicts, only_theirs, seen, yours)


def _attempted(edit: Edit | None, seen: Document) -> Document | None:
    try:
        return None if edit is None else edit.applied_to(seen)
    except (InvalidPatch, PatchFailed):
        return None


def _message(entity: Entity, expected_version: int, writes: Sequence[PastWrite], overlap: Overlap) -> str:
    if expected_version > entity.version:
        return f"{entity.key} has no version {expected_version} yet, it is at {entity.version}"
    others = ", ".join(dict.fromkeys(each.by for each in writes))
    both = f"; both of you changed {', '.join(overlap.conflicts[:5])}" if overlap.conflicts else ""
    return f"{entity.key} is at version {entity.version}, not {expected_version}: written meanwhile by {others}{both}"


def _way_out(entity: Entity, edit: Edit | None, overlap: Overlap) -> str:
    if edit is None or overlap.yours is None or overlap.conflicts:
        return f"Look at what changed, decide, and repeat the call with expected_version {entity.version}."
    if edit.mode == "replace":
        return (
            f"You changed other fields: send those alone with mode merge and expected_version {entity.version};"
            " the whole data would undo what others wrote."
        )
    return f"You changed other fields: repeat the call with expected_version {entity.version} to keep both."


def _sides(place: str, overlap: Overlap, current: Document) -> dict[str, Any]:
    sides = {"seen": overlap.seen or {}, "current": current, "yours": overlap.yours or {}}
    values = {side: value_at(document, place) for side, document in sides.items()}
    return {"pointer": place} | {side: _short(value) for side, value in values.items() if value is not ABSENT}


def _short(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _shown(write: PastWrite) -> dict[str, Any]:
    return {
        "version": write.version,
        "operation": write.operation,
        "at": write.at.isoformat(),
        "by": write.by,
        "changed": write.changed,
    }
