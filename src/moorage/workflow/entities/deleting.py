"""Deleting an entity, and what is below it."""

from __future__ import annotations

from dataclasses import dataclass

from moorage.core.postgres.queries import Executor
from moorage.workflow.entities import store
from moorage.workflow.entities.conditions import refuse_claimed, refuse_unmet_in
from moorage.workflow.entities.models import Condition, LockedEntity
from moorage.workflow.entities.references import find_entity, refuse_missing
from moorage.workflow.entities.writing import lock_in
from moorage.workflow.errors import HasChildren

SHOWN_CHILDREN = 10


@dataclass(frozen=True)
class Family:
    """An entity and what is deleted with it, all locked.

    Attributes:
        remaining: keys of what is below it and not deleted with it.
    """

    root: LockedEntity
    below: list[LockedEntity]
    remaining: list[str]

    @property
    def members(self) -> list[LockedEntity]:
        return [self.root, *self.below]


async def lock_family_in(transaction: Executor, entity_id: str, *, with_children: bool) -> Family:
    """Lock an entity, and all that is below it when its children go with it.

    Raises:
        EntityNotFound, InvalidInput.
    """
    root = (await find_entity(transaction, entity_id)).id
    below = await store.entity_children(transaction, root) if with_children else {}
    while True:
        locked = await lock_in(transaction, [root, *below])
        refuse_missing([] if root in locked else [entity_id])
        # Looked at again: a child may have come while this waited for the lock, and none can come after it.
        now_below = await store.entity_children(transaction, root)
        if not with_children or now_below.keys() <= below.keys():
            remaining = [] if with_children else list(now_below.values())
            return Family(locked[root], [locked[each] for each in now_below if with_children], remaining)
        below |= now_below


async def refuse_undeletable_in(transaction: Executor, family: Family, condition: Condition) -> None:
    """Refuse to delete what others work on, have written, or stand below.

    Raises:
        ClaimLost, Claimed, StaleVersion, HasChildren.
    """
    await refuse_unmet_in(transaction, family.root, condition)
    for each in family.below:
        refuse_claimed(each, Condition(force=condition.force))
    if family.remaining:
        raise HasChildren(
            f"{family.root.entity.key} is the parent of {', '.join(family.remaining[:SHOWN_CHILDREN])}",
            hint="Give these another parent with link_entities, or delete them with it: with_children=true.",
            children=family.remaining[:SHOWN_CHILDREN],
            count=len(family.remaining),
        )
