"""What waits for what: the one graph behind readiness, cycles, blockers and the critical path.

Every entity starts and ends, and each of the two waits for others:

    start of X   waits for   the start of X's parent, and the end of everything that blocks X
    end of X     waits for   the start of X, and the end of every child of X

So what blocks a parent holds back all below it, and a parent ends last. Where these waits close a cycle, nothing in
it could ever become ready: a parent that blocks its own part, a part that blocks its parent (it would hold back
itself), or a blocker of a parent that itself waits for one of the parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from moorage.workflow.work.models import Link, LinkKind


class Event(NamedTuple):
    """The start or the end of an entity."""

    entity_id: UUID
    is_start: bool


Waits = Mapping[Event, set[Event]]


def waits_of(links: Iterable[Link]) -> Waits:
    """Return what each event waits for, by links of the kinds `parent` and `blocks`."""
    waits: dict[Event, set[Event]] = defaultdict(set)
    for link in links:
        for waiting, awaited in waits_by(link):
            waits[waiting].add(awaited)
            for event in (waiting, awaited):
                if not event.is_start:
                    waits[event].add(Event(event.entity_id, is_start=True))
    return waits


def waits_by(link: Link) -> list[tuple[Event, Event]]:
    """Return what a link makes wait, and for what."""
    source_end, target_start = Event(link.source_id, is_start=False), Event(link.target_id, is_start=True)
    match link.kind:
        case LinkKind.BLOCKS:
            return [(target_start, source_end)]
        case LinkKind.PARENT:
            source_start, target_end = Event(link.source_id, is_start=True), Event(link.target_id, is_start=False)
            return [(source_start, target_start), (target_end, source_end)]
    return []


def find_cycle(waits: Waits) -> list[UUID] | None:
    """Return the entities along a cycle, each waiting for the next, the first again at the end; None without one."""
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        return _entities_along(list(reversed(error.args[1])))
    return None


def _entities_along(events: list[Event]) -> list[UUID]:
    return [entity_id for entity_id, _ in groupby(each.entity_id for each in events)]
