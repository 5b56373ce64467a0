"""Changes as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from moorage.core.values import Value


class Subject(StrEnum):
    """What a change is about."""

    ENTITY = "entity"
    LINK = "link"
    COMMENT = "comment"
    CLAIM = "claim"
    TYPE = "type"
    DEPLOYMENT = "deployment"


class Place(NamedTuple):
    """Where a change stands in the feed: after all changes with a smaller place, whichever was written first.

    Attributes:
        txid: the number of its transaction.
        seq: in the order of writing within that transaction.
    """

    txid: int
    seq: int


BEGINNING = Place(0, 0)


class Change(Value):
    """One thing that was done in a project.

    Attributes:
        key, schema_name: of the entity that it concerns; None where it concerns none, or the entity was purged.
        version: of the entity, type or deployment after the change.
        detail: what else is known of it, by subject.
        created_at: when it was written, by the clock of the database; the order of the feed is that of transactions.
    """

    subject: str
    operation: str
    entity_id: UUID | None
    key: str | None
    schema_name: str | None
    version: int | None
    detail: dict[str, Any]
    created_at: datetime
    created_by: str


class ChangePage(Value):
    """Changes, the first one first.

    Attributes:
        next_cursor: names where this page ends, also when it is empty; pass it to go on.
        has_more: more can be read right now.
    """

    project_name: str
    changes: list[Change]
    next_cursor: str
    has_more: bool


class LatestChanges(Value):
    """The newest changes of a project, the last one first.

    Attributes:
        next_cursor: names the last change; what `list_changes` gives from there comes after it.
    """

    project_name: str
    changes: list[Change]
    next_cursor: str


@dataclass(frozen=True)
class Selection:
    """Which changes are wanted; None is all.

    Attributes:
        schema_names: of the entities that they concern.
    """

    subjects: tuple[str, ...] | None = None
    schema_names: tuple[str, ...] | None = None

    @property
    def is_everything(self) -> bool:
        return self.subjects is None and self.schema_names is None


@dataclass(frozen=True)
class Stretch:
    """A part of the feed that was looked through.

    Attributes:
        changes: those wanted, in order, with their places.
        scanned: how many were looked at.
        scanned_to: the last of them; None when there was none.
        place_is_there: the change that it begins after is still in the feed.
    """

    changes: list[tuple[Place, Change]]
    scanned: int
    scanned_to: Place | None
    place_is_there: bool
