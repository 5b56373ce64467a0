"""What a briefing is made of, and a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from moorage.core.values import Value
from moorage.workflow.types.models import TypeRules
from moorage.workflow.work.answers import ReadyItem

Item = TypeVar("Item")


@dataclass(frozen=True)
class StateCount:
    """How many entities of a type are in a state.

    Attributes:
        state: None where the type has no state.
    """

    state: str | None
    is_open: bool
    number: int


@dataclass(frozen=True)
class TypeInUse:
    """A type with its entities, open ones first, then the more frequent ones; none when it has no entities."""

    schema_name: str
    rules: TypeRules
    states: Sequence[StateCount]

    @property
    def number(self) -> int:
        return sum(each.number for each in self.states)

    @property
    def open_number(self) -> int:
        return sum(each.number for each in self.states if each.is_open)


@dataclass(frozen=True)
class HeldItem:
    """An entity that the caller has a live claim on."""

    key: str
    title: str
    expires_at: datetime


@dataclass(frozen=True)
class BlockedItem:
    """An entity that others block, the most urgent of them named."""

    key: str
    title: str
    blockers: int
    blocker_key: str
    blocker_title: str


@dataclass(frozen=True)
class RecentChange:
    """A row of the feed.

    Attributes:
        key: of the entity concerned; None when there is none, or it is purged.
        name: what else it is about: the type, the environment; empty without.
    """

    subject: str
    operation: str
    created_at: datetime
    created_by: str
    key: str | None
    title: str
    name: str


@dataclass(frozen=True)
class LiveDeployment:
    """What runs in an environment."""

    environment: str
    commit_sha: str
    branch: str | None
    deployed_at: datetime


@dataclass(frozen=True)
class Some(Generic[Item]):
    """The first of a list, and how long it is."""

    first: Sequence[Item]
    number: int


@dataclass(frozen=True)
class Situation:
    """What matters now in a project, for one caller."""

    project_name: str
    caller: str
    now: datetime
    types: Sequence[TypeInUse]
    held: Some[HeldItem]
    ready: Some[ReadyItem]
    blocked: Some[BlockedItem]
    changes: Sequence[RecentChange]
    live: Sequence[LiveDeployment]


def priority_of(rules: TypeRules, place: int | None) -> str | None:
    """Return the value that stands at this place of the type's order; None where there is none."""
    if rules.priority is None or place is None or place >= len(rules.priority.order):
        return None
    return str(rules.priority.order[place])


class Card(Value):
    """An entity on a board.

    Attributes:
        priority: the value that its type has for it.
        holder: who has a live claim on it.
    """

    key: str
    title: str
    version: int
    priority: str | None = None
    holder: str | None = None


class Column(Value):
    """A state with its first cards.

    Attributes:
        state: None holds what has no state, as after a change of the type.
        number: of all entities in this state.
    """

    state: str | None
    number: int
    cards: list[Card]


class Board(Value):
    """The entities of a type by state, in the order in which its schema names the states."""

    project_name: str
    schema_name: str
    columns: list[Column]
