"""How entities hang together, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from moorage.core.values import GivenValue, Value

ReferenceKind = Literal["chunk", "file", "commit", "url"]
# A link as one of its ends sees it; with the other end's key it reads as one: parent T-1, blocks T-2, blocked_by T-3.
LinkRole = Literal["parent", "child", "blocks", "blocked_by", "relates", "duplicates", "duplicated_by"]


class LinkKind(StrEnum):
    """What a link says of its source and its target.

    parent: the source is a part of the target, which ends after it; an entity has one parent at most.
    blocks: the target, with everything below it, waits for the source to end.
    relates: they have to do with each other, in no direction.
    duplicates: the source says the same as the target.
    """

    PARENT = "parent"
    BLOCKS = "blocks"
    RELATES = "relates"
    DUPLICATES = "duplicates"


@dataclass(frozen=True)
class Link:
    """One link between two entities."""

    source_id: UUID
    kind: LinkKind
    target_id: UUID


ROLES_OF_TARGET: dict[LinkRole, LinkKind] = {
    "child": LinkKind.PARENT,
    "blocked_by": LinkKind.BLOCKS,
    "duplicated_by": LinkKind.DUPLICATES,
}


def link_of(entity_id: UUID, role: LinkRole, other_id: UUID) -> Link:
    """Return the link that an entity means by a role and another entity."""
    if role in ROLES_OF_TARGET:
        return Link(other_id, ROLES_OF_TARGET[role], entity_id)
    return Link(entity_id, LinkKind(role), other_id)


def role_in(kind: LinkKind, *, is_source: bool) -> LinkRole:
    """Return the role in which one end of a link has the other."""
    if is_source or kind is LinkKind.RELATES:
        return kind.value
    return next(role for role, each in ROLES_OF_TARGET.items() if each is kind)


class CodeReference(GivenValue):
    """A place in code, or a page, that an entity has to do with.

    Attributes:
        repository: its name, where a project has several; "" otherwise.
        target: the id of a chunk, the path of a file inside its repository, the hash of a commit, or a URL.
        start_line: 1-based; 0 is the whole file.
        end_line: inclusive.
    """

    kind: ReferenceKind
    target: str
    repository: str = ""
    start_line: int = 0
    end_line: int = 0
    note: str = ""


@dataclass(frozen=True)
class NewReference:
    """What an entity is to refer to."""

    entity_id: UUID
    reference: CodeReference


@dataclass(frozen=True)
class NewComment:
    """What is to be said about an entity."""

    entity_id: UUID
    body: str


class Comment(Value):
    """What somebody said about an entity, and when."""

    id: UUID
    body: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class HeldClaim:
    """A claim as its holder gets it."""

    entity_id: UUID
    holder: str
    token: int
    expires_at: datetime


@dataclass(frozen=True)
class Item:
    """An entity as planning sees it.

    Attributes:
        is_open: it is work that is not over, and not deleted.
        holder: of its live claim.
        estimate: its field of this name, where that is a number.
    """

    id: UUID
    key: str
    title: str
    state: str | None
    is_open: bool
    holder: str | None
    estimate: float | None


@dataclass(frozen=True)
class Hold:
    """What keeps an entity from being ready: a blocker, its own or of what it is a part of, or an open child.

    Attributes:
        through: key of the ancestor that it blocks; None where it blocks the entity itself, or is its child.
    """

    kind: Literal["blocks", "child"]
    item: Item
    through: str | None
