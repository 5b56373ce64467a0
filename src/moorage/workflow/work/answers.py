"""What is told about work: to people, and to agents that plan or begin."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import WithJsonSchema

from moorage.core.values import Value
from moorage.workflow.entities.models import Answer, Entity
from moorage.workflow.work.models import Comment, Item, LinkRole

Verdict = Literal["ready", "claimed", "blocked", "over", "deleted", "no_work"]


# What models need not be told twice: the descriptions of the tools have a budget.
ObjectSchema = WithJsonSchema({"type": "object"})


class Shown(Value):
    """What is only read."""


class LiveClaim(Shown):
    """Who works on an entity, and until when."""

    holder: str
    expires_at: datetime


class LinkedEntity(Shown):
    """The other end of a link; kind and key read as one: parent T-1, blocks T-2, blocked_by T-3."""

    kind: Annotated[LinkRole, WithJsonSchema({"type": "string"})]
    key: str
    title: str
    state: str | None
    is_open: bool


class EntityView(Shown):
    """An entity with everything around it, bounded.

    Attributes:
        links: those with deleted entities are left out.
        references: as short texts, such as `src/app.py:10-20`.
        comments: the newest first; long ones cut.
        blocked_by: keys of what keeps it, or what it is a part of, from starting.
        left_out: links and references beyond the bound.
    """

    entity: Annotated[Entity, ObjectSchema]
    claim: LiveClaim | None = None
    links: list[LinkedEntity] = []
    references: list[str] = []
    comment_count: int = 0
    comments: list[Annotated[Comment, ObjectSchema]] = []
    blocked_by: list[str] = []
    left_out: int = 0


class ShownEntity(EntityView):
    """A work item and what is around it."""

    project_name: str


class ClaimAnswer(Answer):
    """The answer of claim_work.

    Attributes:
        claim_token: to be shown in writes, renewals and the release; None when there is no claim.
        expires_at: the claim ends then unless it is renewed before.
        work: what was claimed; None after renewing and releasing, and when nothing is ready.
    """

    message: str
    claim_token: int | None = None
    expires_at: datetime | None = None
    work: Annotated[EntityView | None, WithJsonSchema({"type": ["object", "null"]})] = None


class LinkAnswer(Answer):
    """The answer of link_entities: how many links and references were changed; the others were so already."""

    key: str
    links_changed: int
    references_changed: int


class ReadyItem(Shown):
    """Work that can begin now.

    Attributes:
        priority: place in its type's order, 0 the most urgent.
        unblocks: so many open entities wait for it directly.
    """

    key: str
    schema_name: str
    title: str
    state: str | None
    priority: int | None
    version: int
    unblocks: int


class ReadyWork(Shown):
    """What can begin now, the most urgent first; `total` counts what was left out too."""

    project_name: str
    total: int
    items: list[ReadyItem]


class WorkItem(Shown):
    """An entity in few words; `holder` has a live claim on it."""

    key: str
    title: str
    state: str | None
    holder: str | None = None


def work_item(item: Item) -> WorkItem:
    return WorkItem(key=item.key, title=item.title, state=item.state, holder=item.holder)


class Blocker(WorkItem):
    """Something that must end first; `through` is the ancestor that it blocks, where it is not the entity itself."""

    through: str | None = None


class WhyBlocked(Shown):
    """Why an entity is not ready.

    Attributes:
        start_with: what can be worked on now, or is, so that in the end the entity becomes ready.
        left_out: blockers, children and beginnings beyond the bound.
    """

    project_name: str
    key: str
    title: str
    state: str | None
    verdict: Verdict
    message: str
    claim: LiveClaim | None = None
    blockers: list[Blocker] = []
    open_children: list[WorkItem] = []
    start_with: list[WorkItem] = []
    left_out: int = 0


class PathItem(WorkItem):
    """One step of a path; `estimate` is what it counts."""

    estimate: float


class CriticalPath(Shown):
    """The longest chain of work in which each waits for the one before, in the order in which it can be done.

    Attributes:
        length: the sum of the estimates; what has no number in its field `estimate` counts 1.
        is_complete: False when there are more links than are looked at.
    """

    project_name: str
    length: float
    items: list[PathItem]
    left_out: int = 0
    is_complete: bool = True


class TreeNode(WorkItem):
    """One entity below another.

    Attributes:
        depth: 1 for a child.
    """

    parent: str
    depth: int
    is_open: bool


class EntityTree(Shown):
    """What an entity is a part of, and what its parts are.

    Attributes:
        ancestors: the parent first.
        nodes: each before its own children, down to the depth asked for.
        states: how many of all descendants, at any depth, are in each state.
        open_count: how many of them are open.
    """

    project_name: str
    root: WorkItem
    ancestors: list[WorkItem]
    nodes: list[TreeNode]
    states: dict[str, int]
    open_count: int
    total: int


class AddedComment(Answer):
    """The answer of add_comment."""

    key: str
    comment: Comment


class Comments(Shown):
    """One page of the comments on an entity, the newest first."""

    project_name: str
    key: str
    total: int
    comments: list[Comment]
    next_cursor: str | None = None


class ReferringEntity(Shown):
    """An entity, and how it refers to what was asked for."""

    id: UUID
    key: str
    title: str
    state: str | None
    is_open: bool
    reference: str
    note: str


class References(Shown):
    """Who refers to a place in code."""

    project_name: str
    entities: list[ReferringEntity]
    left_out: int = 0
