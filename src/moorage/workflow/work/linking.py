"""Links, references and comments in sets, inside somebody's transaction.

Whoever changes links waits for whoever else does in the same project, until that transaction ends: the check for
cycles sees every link that could close one. What is linked is locked first, so that a call that waits for an entity
holds up nobody else's links.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from moorage.core.postgres.queries import Executor
from moorage.workflow.errors import EntityDeleted, EntityNotFound, LinkRefused
from moorage.workflow.work import store
from moorage.workflow.work.graph import find_cycle, waits_by, waits_of
from moorage.workflow.work.models import Comment, Link, LinkKind, NewComment, NewReference

_SHOWN_KEYS = 12
_MAX_KEYS = 100


async def links_add_in(transaction: Executor, links: Sequence[Link], *, actor: str) -> list[Link]:
    """Add links and return those that were not there before.

    Raises:
        LinkRefused: the links would close a cycle, give a second parent, or link an entity with itself.
        EntityNotFound, EntityDeleted: of one of the ends. Whatever is raised, the transaction must not be kept.
    """
    _refuse_loops(links)
    await lock_living_in(transaction, [end for each in links for end in (each.source_id, each.target_id)])
    await store.graph_lock_in(transaction)
    children = [each.source_id for each in links if each.kind is LinkKind.PARENT]
    had = await store.link_parents(transaction, children) if children else []
    added = await store.link_insert_in(transaction, [_canonical(each) for each in links], actor=actor)
    await _refuse_second_parents(transaction, links, there=[*had, *added])
    await refuse_cycles_in(transaction, added)
    return added


async def links_remove_in(transaction: Executor, links: Sequence[Link], *, actor: str) -> list[Link]:
    """Remove links, also of deleted entities, and return those that were there; no cycle can come of it."""
    return await store.link_delete_in(transaction, [_canonical(each) for each in links], actor=actor)


async def references_add_in(transaction: Executor, references: Sequence[NewReference], *, actor: str) -> int:
    """Let entities refer to code; return how many of the references were not there before.

    Raises:
        EntityNotFound, EntityDeleted.
    """
    await lock_living_in(transaction, [each.entity_id for each in references])
    return await store.reference_insert_in(transaction, references, actor=actor)


async def references_remove_in(transaction: Executor, references: Sequence[NewReference], *, actor: str) -> int:
    """Take references away, whatever their notes say, and return how many were there."""
    return await store.reference_delete_in(transaction, references, actor=actor)


async def comments_add_in(transaction: Executor, comments: Sequence[NewComment], *, actor: str) -> list[Comment]:
    """Add comments and return them in the order given.

    Raises:
        EntityNotFound, EntityDeleted.
    """
    await lock_living_in(transaction, [each.entity_id for each in comments])
    return await store.comment_insert_in(transaction, comments, actor=actor)


async def lock_living_in(transaction: Executor, ids: Sequence[UUID]) -> None:
    """Keep entities from being deleted until the transaction ends.

    Raises:
        EntityNotFound, EntityDeleted: naming all.
    """
    found = await store.entity_share_in(transaction, sorted(set(ids)))
    missing = sorted(str(each) for each in set(ids) - found.keys())
    if missing:
        raise EntityNotFound(f"there is no entity {', '.join(missing)}", hint="It was purged.", missing=missing)
    deleted = [key for key, is_deleted in found.values() if is_deleted]
    if deleted:
        raise EntityDeleted(f"{', '.join(deleted)} is deleted", hint="restore_entity brings it back.", deleted=deleted)


def _canonical(link: Link) -> Link:
    """Return the one way in which a link is stored: what has no direction begins with the smaller id."""
    if link.kind is LinkKind.RELATES and link.source_id > link.target_id:
        return Link(link.target_id, link.kind, link.source_id)
    return link


def _refuse_loops(links: Sequence[Link]) -> None:
    for each in links:
        if each.source_id == each.target_id:
            raise LinkRefused(
                f"entity {each.source_id} cannot have a link {each.kind.value!r} with itself",
                hint="Name another entity as target.",
            )


async def _refuse_second_parents(transaction: Executor, links: Sequence[Link], *, there: Sequence[Link]) -> None:
    """Refuse where a child has another parent than the one it was to get.

    Args:
        there: the links that there were before, and then those that were added: who removes links waits for nobody, so
            what is there afterwards does not tell why a link was not added.
    """
    parents = {each.source_id: each.target_id for each in there if each.kind is LinkKind.PARENT}
    for each in links:
        if each.kind is LinkKind.PARENT and parents[each.source_id] != each.target_id:
            child, parent, other = await _keys(transaction, [each.source_id, parents[each.source_id], each.target_id])
            raise LinkRefused(
                f"{child} has a parent already, {parent}; {other} cannot be another",
                hint=f"Remove the link with {parent} first.",
                parent=parent,
            )


async def refuse_cycles_in(transaction: Executor, added: Sequence[Link]) -> None:
    """Refuse links that close a cycle: such a cycle leads through what an added link makes wait, and for what."""
    awaited = [event for each in added for _, event in waits_by(each)]
    if not awaited:
        return
    walked = await store.link_walk(transaction, awaited)
    if not _may_close(added, walked):
        return
    cycle = await asyncio.to_thread(lambda: find_cycle(waits_of(walked)))  # a second, where there are many
    if cycle is not None:
        keys = await _keys(transaction, cycle)
        raise LinkRefused(
            f"nothing on this way could ever become ready: {_shown_way(keys)}",
            hint="Something waits for what it holds up itself; remove a link on the way, or turn one round.",
            cycle=keys[:_MAX_KEYS],
        )


def _may_close(added: Sequence[Link], walked: Sequence[Link]) -> bool:
    """Tell whether there can be a cycle; a blocking link that was not walked over leads nowhere back."""
    return any(each.kind is LinkKind.PARENT for each in added) or not set(added).isdisjoint(walked)


def _shown_way(keys: Sequence[str]) -> str:
    if len(keys) > _SHOWN_KEYS:
        keys = [*keys[: _SHOWN_KEYS // 2], "…", *keys[-_SHOWN_KEYS // 2 :]]
    return " waits for ".join(keys)


async def _keys(transaction: Executor, ids: Sequence[UUID]) -> list[str]:
    items = await store.item_list(transaction, ids)
    return [items[each].key if each in items else str(each) for each in ids]
