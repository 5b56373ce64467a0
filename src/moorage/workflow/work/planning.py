"""What an entity waits for, what could be done about it, and which chain of work is the longest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from moorage.core.errors import BrokenState
from moorage.core.postgres.queries import Executor
from moorage.workflow.entities.models import Entity
from moorage.workflow.work import store
from moorage.workflow.work.answers import (
    Blocker,
    CriticalPath,
    EntityView,
    LiveClaim,
    PathItem,
    Verdict,
    WhyBlocked,
    work_item,
)
from moorage.workflow.work.graph import Waits, beginnings, end_of, find_cycle, longest_chain, start_of, waits_of
from moorage.workflow.work.models import Hold, Item, Link
from moorage.workflow.work.showing import show

# A project of 10,000 items and 20,000 links is looked at whole; beyond this the answer says that it is not.
MAX_LINKS = 25_000
MAX_SHOWN = 50
_DEFAULT_ESTIMATE = 1.0


async def why_blocked(connection: Executor, project_name: str, entity_id: str) -> WhyBlocked:
    """Say why an entity is not ready, and what to begin with; or that it is, is claimed, or is over.

    Raises:
        EntityNotFound, InvalidInput.
    """
    view = await show(connection, entity_id)
    entity = view.entity
    holds = await store.hold_list(connection, entity.id) if _is_work(entity) else []
    start_with = await _beginnings(connection, entity.id) if holds else []
    verdict = _verdict(view, holds)
    return WhyBlocked(
        project_name=project_name,
        key=entity.key,
        title=entity.title,
        state=entity.state,
        verdict=verdict,
        message=_message(entity, verdict, view.claim, holds, start_with),
        claim=view.claim,
        blockers=[_blocker(each) for each in holds[:MAX_SHOWN] if each.kind == "blocks"],
        open_children=[work_item(each.item) for each in holds[:MAX_SHOWN] if each.kind == "child"],
        start_with=[work_item(each) for each in start_with[:MAX_SHOWN]],
        left_out=max(len(holds) - MAX_SHOWN, 0) + max(len(start_with) - MAX_SHOWN, 0),
    )


async def critical_path(connection: Executor, project_name: str, entity: Entity | None) -> CriticalPath:
    """Return the longest chain of open work that leads to the end of an entity, or of anything in the project."""
    if entity is None:
        links = await store.waiting_links(connection, limit=MAX_LINKS + 1)
        alone = await store.item_heaviest(connection)
    else:
        links = await store.waiting_walk(connection, entity.id, limit=MAX_LINKS + 1)
        alone = entity.id
    graph = await _graph(connection, links[:MAX_LINKS], [alone] if alone else [])
    chain, length = await asyncio.to_thread(graph.longest_chain, until=entity.id if entity else None)
    steps = [each for each in chain if each.is_open]
    return CriticalPath(
        project_name=project_name,
        length=length,
        items=[_path_item(each) for each in steps[:MAX_SHOWN]],
        left_out=max(len(steps) - MAX_SHOWN, 0),
        is_complete=len(links) <= MAX_LINKS,
    )


async def _beginnings(connection: Executor, entity_id: UUID) -> list[Item]:
    """Return what can be worked on, or is, so that in the end the entity becomes ready."""
    links = await store.waiting_walk(connection, entity_id, limit=MAX_LINKS)
    graph = await _graph(connection, links, [entity_id])
    return await asyncio.to_thread(graph.beginnings, entity_id)


async def _graph(connection: Executor, links: Sequence[Link], alone: Sequence[UUID]) -> _Graph:
    ids = {end for each in links for end in (each.source_id, each.target_id)} | set(alone)
    return _Graph(links, await store.item_list(connection, ids), alone)


@dataclass(frozen=True)
class _Graph:
    """Links and the entities they join; what is asked of it takes a second where it is large, and so runs in threads.

    All raise BrokenState: the links, written past this program, make a cycle.

    Attributes:
        alone: entities that may have no links at all.
    """

    links: Sequence[Link]
    items: Mapping[UUID, Item]
    alone: Sequence[UUID]

    def longest_chain(self, *, until: UUID | None) -> tuple[list[Item], float]:
        chain, length = longest_chain(self._waits(), lambda each: _weight(self.items[each]), until=until)
        return [self.items[each] for each in chain], length

    def beginnings(self, entity_id: UUID) -> list[Item]:
        """Return what to begin with, what nobody holds first."""
        found = [self.items[each] for each in beginnings(self._waits(), entity_id)]
        return sorted(found, key=lambda each: (each.holder or "", each.key))

    def _waits(self) -> Waits:
        linked = waits_of(self.links, is_over=lambda each: not self.items[each].is_open)
        waits = {end_of(each): (start_of(each),) for each in self.alone} | dict(linked)
        cycle = find_cycle(waits)
        if cycle is not None:
            keys = " waits for ".join(self.items[each].key for each in cycle)
            raise BrokenState(f"links make a cycle: {keys}", hint="Remove one of them: link_entities with remove=true.")
        return waits


def _weight(item: Item) -> float:
    if not item.is_open:
        return 0.0
    return _DEFAULT_ESTIMATE if item.estimate is None else max(item.estimate, 0.0)


def _is_work(entity: Entity) -> bool:
    return entity.is_open and entity.deleted_at is None


def _verdict(view: EntityView, holds: Sequence[Hold]) -> Verdict:
    entity = view.entity
    if entity.deleted_at is not None:
        return "deleted"
    if not entity.is_open:
        return "no_work" if entity.state is None else "over"
    if view.claim is not None:
        return "claimed"
    return "blocked" if holds else "ready"


def _message(
    entity: Entity, verdict: Verdict, claim: LiveClaim | None, holds: Sequence[Hold], start_with: Sequence[Item]
) -> str:
    match verdict:
        case "ready":
            return f"{entity.key} is ready: claim_work takes it."
        case "claimed":
            assert claim is not None
            return f"{entity.key} is claimed by {claim.holder} until {claim.expires_at.isoformat()}."
        case "deleted":
            return f"{entity.key} is deleted; restore_entity brings it back."
        case "over":
            return f"{entity.key} is over: its state is {entity.state!r}."
        case "no_work":
            return f"{entity.key} is no work: its type has no states."
    begin = ", ".join(f"{each.key} ({'held by ' + each.holder if each.holder else 'free'})" for each in start_with[:5])
    return f"{entity.key} waits for {len(holds)} others; begin with {begin}."


def _blocker(hold: Hold) -> Blocker:
    item = hold.item
    return Blocker(key=item.key, title=item.title, state=item.state, holder=item.holder, through=hold.through)


def _path_item(item: Item) -> PathItem:
    return PathItem(key=item.key, title=item.title, state=item.state, holder=item.holder, estimate=_weight(item))
