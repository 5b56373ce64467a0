"""What waits for what: the one graph behind cycles, blockers and the critical path.

Every entity starts and ends, and each of the two waits for others:

    start of X   waits for   the start of X's parent, and the end of everything that blocks X
    end of X     waits for   the start of X, and the end of every child of X

So what blocks a parent holds back all below it, and a parent ends last. Where these waits close a cycle, nothing in
it could ever become ready: a parent that blocks its own part, a part that blocks its parent (it would hold back
itself), or a blocker of a parent that itself waits for one of the parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from moorage.workflow.work.models import Link, LinkKind


class Event(NamedTuple):
    """The start or the end of an entity."""

    entity_id: UUID
    is_start: bool


Waits = Mapping[Event, Collection[Event]]


def waits_of(links: Iterable[Link], *, is_over: Callable[[UUID], bool] = lambda _: False) -> Waits:
    """Return what each event waits for, by links of the kinds `parent` and `blocks`; nothing waits for what is over."""
    waits: dict[Event, set[Event]] = defaultdict(set)
    for link in links:
        for waiting, awaited in waits_by(link):
            if not awaited.is_start and is_over(awaited.entity_id):
                continue
            waits[waiting].add(awaited)
            for event in (waiting, awaited):
                waits[end_of(event.entity_id)].add(start_of(event.entity_id))
    return waits


def waits_by(link: Link) -> list[tuple[Event, Event]]:
    """Return what a link makes wait, and for what."""
    match link.kind:
        case LinkKind.BLOCKS:
            return [(start_of(link.target_id), end_of(link.source_id))]
        case LinkKind.PARENT:
            return [
                (start_of(link.source_id), start_of(link.target_id)),
                (end_of(link.target_id), end_of(link.source_id)),
            ]
    return []


def start_of(entity_id: UUID) -> Event:
    return Event(entity_id, is_start=True)


def end_of(entity_id: UUID) -> Event:
    return Event(entity_id, is_start=False)


def find_cycle(waits: Waits) -> list[UUID] | None:
    """Return the entities along a cycle, each waiting for the next, the first again at the end; None without one."""
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        return _entities_along(reversed(error.args[1]))
    return None


def beginnings(waits: Waits, entity_id: UUID) -> list[UUID]:
    """Return what an entity waits for that itself waits for nothing that must end, in no order; never itself."""
    needed = _needed(waits, end_of(entity_id))
    leads_on: dict[Event, bool] = {}
    for event in TopologicalSorter(needed).static_order():
        leads_on[event] = any(not each.is_start or leads_on[each] for each in needed[event])
    return [
        event.entity_id
        for event, leads in leads_on.items()
        if not event.is_start and not leads and event.entity_id != entity_id
    ]


def longest_chain(
    waits: Waits, weight_of: Callable[[UUID], float], *, until: UUID | None = None
) -> tuple[list[UUID], float]:
    """Return the heaviest chain of ends, each waiting for the one before, and what it weighs.

    Args:
        until: the chain leads to the end of this entity; None looks for the heaviest of all.
    """
    considered = waits if until is None else _needed(waits, end_of(until))
    best: dict[Event, tuple[float, Event | None]] = {}
    for event in TopologicalSorter(considered).static_order():
        before = max(considered.get(event, ()), key=lambda each: best[each][0], default=None)
        own = 0.0 if event.is_start else weight_of(event.entity_id)
        best[event] = (own + (best[before][0] if before else 0.0), before)
    last = max(best, key=lambda each: best[each][0], default=None) if until is None else end_of(until)
    return _chain_to(last, best), best[last][0] if last else 0.0


def _chain_to(last: Event | None, best: Mapping[Event, tuple[float, Event | None]]) -> list[UUID]:
    chain: list[UUID] = []
    while last is not None:
        if not last.is_start:
            chain.append(last.entity_id)
        last = best[last][1]
    return chain[::-1]


def _needed(waits: Waits, event: Event) -> dict[Event, Collection[Event]]:
    """Return the part of the graph that an event waits for, at any distance, with itself."""
    needed: dict[Event, Collection[Event]] = {}
    ahead = [event]
    while ahead:
        each = ahead.pop()
        if each not in needed:
            needed[each] = waits.get(each) or (() if each.is_start else (start_of(each.entity_id),))
            ahead.extend(needed[each])
    return needed


def _entities_along(events: Iterable[Event]) -> list[UUID]:
    return [entity_id for entity_id, _ in groupby(each.entity_id for each in events)]
