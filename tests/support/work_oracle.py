"""What is ready, by the words of the rule and in plain Python, one entity at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moorage.workflow.work.models import LinkKind

Edge = tuple[int, LinkKind, int]


@dataclass(frozen=True)
class Thing:
    """An entity as far as readiness goes."""

    is_open: bool = True
    is_deleted: bool = False
    is_claimed: bool = False

    @property
    def holds_up(self) -> bool:
        return self.is_open and not self.is_deleted


def ready_among(things: Sequence[Thing], edges: Sequence[Edge]) -> set[int]:
    """Return the places of what is ready."""
    return {
        place
        for place, thing in enumerate(things)
        if thing.holds_up
        and not thing.is_claimed
        and not any(things[child].holds_up for child, kind, parent in edges if kind == "parent" and parent == place)
        and not any(_is_blocked(things, edges, each) for each in _line(things, edges, place))
    }


def can_be_finished(count: int, edges: Sequence[Edge]) -> bool:
    """Tell whether so many open things can all be ended, one that is ready after the other."""
    things = [Thing()] * count
    while ready := ready_among(things, edges):
        things = [replace(each, is_open=each.is_open and place not in ready) for place, each in enumerate(things)]
    return not any(each.is_open for each in things)


def _line(things: Sequence[Thing], edges: Sequence[Edge], place: int) -> Iterator[int]:
    """Yield a thing and what it is a part of, up to what is deleted; parents in a circle come once."""
    seen: list[int] = []
    line: list[int] = [place]
    while line and line[0] not in seen:
        seen.append(line[0])
        line = [
            parent
            for child, kind, parent in edges
            if kind == "parent" and child == line[0] and not things[parent].is_deleted
        ]
    yield from seen


def _is_blocked(things: Sequence[Thing], edges: Sequence[Edge], place: int) -> bool:
    return any(things[source].holds_up for source, kind, target in edges if kind == "blocks" and target == place)
