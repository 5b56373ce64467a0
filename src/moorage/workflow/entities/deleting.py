"""Deleting entities, and what is below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from moorage.core.postgres.queries import Executor
from moorage.workflow.entities import store
from moorage.workflow.entities.conditions import refuse_claimed
from moorage.workflow.entities.models import Condition, LockedEntity
from moorage.workflow.entities.references import find_entity, refuse_missing
from moorage.workflow.entities.writing import lock_in
from moorage.workflow.errors import HasChildren

SHOWN_CHILDREN = 10


@dataclass(frozen=True)
class Family:
    """An entity and all that is below it and not deleted, locked."""

    root: LockedEntity
    below: list[LockedEntity]

    @property
    def members(self) -> list[LockedEntity]:
        return [self.root, *self.below]


async def lock_family_in(transaction: Executor, entity_id: str) -> Family:
    """Lock an entity and all that is below it.

    Raises:
        EntityNotFound, InvalidInput.
    """
    root = (await find_entity(transaction, entity_id)).id
    below: set[UUID] = set()
    while True:
        locked = await lock_in(transaction, [root, *below])
        refuse_missing([] if root in locked else [entity_id])
        # Read after the lock is had: a child that came before it is seen now, and none can come any more.
        children = {each.id for each in await store.entity_children(transaction, [root])}
        if children <= below:
            return Family(locked[root], [locked[each] for each in sorted(children)])
        below |= children


def refuse_claimed_below(family: Family, condition: Condition) -> None:
    """Refuse to delete with an entity what somebody works on.

    Raises:
        Claimed.
    """
    for each in family.below:
        refuse_claimed(each, Condition(force=condition.force))


async def refuse_parents_in(transaction: Executor, ids: Sequence[UUID]) -> None:
    """Refuse to delete locked entities while others, which are not deleted with them, are below.

    Raises:
        HasChildren.
    """
    children = [each for each in await store.entity_children(transaction, ids) if each.id not in set(ids)]
    if children:
        keys = list(dict.fromkeys(each.key for each in children))
        raise HasChildren(
            f"{', '.join(keys[:SHOWN_CHILDREN])} would be left without a parent",
            hint="Give these another parent with link_entities, or delete them too: with_children=true.",
            children=keys[:SHOWN_CHILDREN],
            count=len(keys),
        )
