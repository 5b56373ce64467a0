"""The statements about links, references, comments and claims: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.entities.references import EntityRef
from moorage.workflow.work.answers import ReadyItem, ReferringEntity
from moorage.workflow.work.code_references import reference_text
from moorage.workflow.work.graph import Event
from moorage.workflow.work.models import (
    CodeReference,
    Comment,
    HeldClaim,
    Hold,
    Item,
    Link,
    LinkKind,
    NewComment,
    NewReference,
)

_statements = load_statements("moorage.workflow.work")
_ITEM_FIELDS = tuple(each.name for each in fields(Item))


async def graph_lock_in(transaction: Executor) -> None:
    """Wait for whoever changes links of this project, and keep others out until the transaction ends."""
    await _statements.graph_lock(transaction)


async def entity_share_in(transaction: Executor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, bool]]:
    """Keep entities from being deleted; return key, and whether it is deleted, by id."""
    rows = await _statements.entity_share(transaction, ids=list(ids))
    return {row["id"]: (row["key"], row["is_deleted"]) for row in rows}


async def link_insert_in(transaction: Executor, links: Sequence[Link], *, actor: str) -> list[Link]:
    """Write links; those that were there, or would be a second parent, do not come back."""
    rows = await _statements.link_insert(transaction, actor=actor, **_columns(links))
    return [_link_of(row) for row in rows]


async def link_delete_in(transaction: Executor, links: Sequence[Link], *, actor: str) -> list[Link]:
    rows = await _statements.link_delete(transaction, actor=actor, **_columns(links))
    return [_link_of(row) for row in rows]


async def link_parents(connection: Executor, ids: Sequence[UUID]) -> list[Link]:
    """Return the links from these entities to their parents."""
    return [_link_of(row) for row in await _statements.link_parents(connection, ids=list(ids))]


async def link_walk(connection: Executor, events: Sequence[Event]) -> list[Link]:
    """Return every link along which these events wait for anything, whatever the states of entities."""
    rows = await _statements.link_walk(
        connection, ids=[each.entity_id for each in events], must_end=[not each.is_start for each in events]
    )
    return [_link_of(row) for row in rows]


async def reference_insert_in(transaction: Executor, references: Sequence[NewReference], *, actor: str) -> int:
    return await _statements.reference_insert(
        transaction,
        notes=[each.reference.note for each in references],
        actor=actor,
        **_places(references),
    )


async def reference_delete_in(transaction: Executor, references: Sequence[NewReference], *, actor: str) -> int:
    return await _statements.reference_delete(transaction, actor=actor, **_places(references))


async def reference_find(
    connection: Executor, reference: CodeReference, *, limit: int
) -> tuple[list[ReferringEntity], int]:
    """Return who refers to a place, open work first, and how many there are in all."""
    rows = await _statements.reference_find(connection, **reference.model_dump(exclude={"note"}), limit=limit)
    return [_referring(row) for row in rows], rows[0]["total"] if rows else 0


async def comment_insert_in(transaction: Executor, comments: Sequence[NewComment], *, actor: str) -> list[Comment]:
    rows = await _statements.comment_insert(
        transaction,
        entity_ids=[each.entity_id for each in comments],
        bodies=[each.body for each in comments],
        actor=actor,
    )
    return [Comment.model_construct(**row) for row in rows]


async def comment_page(
    connection: Executor, entity_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Comment]:
    """Return comments, the newest first, from after the one named."""
    at, comment_id = before or (None, None)
    rows = await _statements.comment_page(
        connection, entity_id=entity_id, before_at=at, before_id=comment_id, limit=limit
    )
    return [Comment.model_construct(**row) for row in rows]


async def comment_count(connection: Executor, entity_id: UUID) -> int:
    return await _statements.comment_count(connection, entity_id=entity_id)


async def entity_ready(
    connection: Executor,
    *,
    schema_name: str | None = None,
    assignee: str | None = None,
    without: Sequence[UUID] = (),
    limit: int,
) -> tuple[list[tuple[UUID, ReadyItem]], int]:
    """Return what can begin now, the most urgent first and then the oldest, and how much there is in all."""
    rows = await _statements.entity_ready(
        connection, schema_name=schema_name, assignee=assignee, without=list(without), limit=limit
    )
    ready = [(row["id"], ReadyItem.model_construct(**_fields(ReadyItem, row))) for row in rows]
    return ready, rows[0]["total"] if rows else 0


async def entity_near(connection: Executor, *, schema_name: str | None, limit: int) -> list[UUID]:
    """Return what is ready among the first so many that nobody has claimed and nothing holds up directly."""
    return [row["id"] for row in await _statements.entity_near(connection, schema_name=schema_name, limit=limit)]


async def hold_list(connection: Executor, entity_id: UUID) -> list[Hold]:
    """Return what keeps an entity from being ready: blockers first."""
    rows = await _statements.hold_list(connection, id=entity_id)
    return [Hold(row["kind"], _item_of(row), row["through"]) for row in rows]


async def claim_lock_in(transaction: Executor, ids: Sequence[UUID]) -> UUID | None:
    """Lock the first of these that nobody else is at; None when there is none."""
    row = await _statements.claim_lock(transaction, ids=list(ids))
    return None if row is None else row["id"]


async def claim_insert_in(
    transaction: Executor, entity_id: UUID, *, holder: str, lease_seconds: int
) -> HeldClaim | None:
    """Claim a locked entity; None while another claim is live."""
    row = await _statements.claim_insert(transaction, entity_id=entity_id, holder=holder, lease_seconds=lease_seconds)
    return None if row is None else HeldClaim(**row)


async def claim_renew(connection: Executor, token: int, *, lease_seconds: int, actor: str) -> HeldClaim | None:
    """Let a claim end later; None when it has ended already."""
    row = await _statements.claim_renew(connection, token=token, lease_seconds=lease_seconds, actor=actor)
    return None if row is None else HeldClaim(**row)


async def claim_release(connection: Executor, token: int, *, actor: str, others: bool) -> HeldClaim | None:
    """End a claim; None when it has ended already, or is another's and `others` is False."""
    row = await _statements.claim_release(connection, token=token, actor=actor, others=others)
    return None if row is None else HeldClaim(**row)


async def waiting_walk(connection: Executor, entity_id: UUID, *, limit: int) -> list[Link]:
    """Return the links among everything that must happen before an entity ends."""
    return [_link_of(row) for row in await _statements.waiting_walk(connection, id=entity_id, limit=limit)]


async def waiting_links(connection: Executor, *, limit: int) -> list[Link]:
    """Return the links of the whole project along which open work may wait."""
    return [_link_of(row) for row in await _statements.waiting_links(connection, limit=limit)]


async def item_list(connection: Executor, ids: Iterable[UUID]) -> dict[UUID, Item]:
    return {row["id"]: _item_of(row) for row in await _statements.item_list(connection, ids=list(ids))}


async def item_heaviest(connection: Executor) -> UUID | None:
    """Return the open entity with the largest estimate; None when nothing is open."""
    return await _statements.item_heaviest(connection)


async def tree_ancestors(connection: Executor, entity_id: UUID, *, limit: int) -> list[Item]:
    """Return what an entity is a part of, its parent first."""
    return [_item_of(row) for row in await _statements.tree_ancestors(connection, id=entity_id, limit=limit)]


async def tree_descendants(
    connection: Executor, entity_id: UUID, *, depth: int, limit: int
) -> list[tuple[Item, UUID, int]]:
    """Return the parts of an entity with their parents and depths, the nearest first."""
    rows = await _statements.tree_descendants(connection, id=entity_id, depth=depth, limit=limit)
    return [(_item_of(row), row["parent_id"], row["depth"]) for row in rows]


async def tree_states(connection: Executor, entity_id: UUID) -> list[tuple[str, bool, int]]:
    """Return how many of all descendants are in each state: the state or "", whether that is open, the number."""
    rows = await _statements.tree_states(connection, id=entity_id)
    return [(row["state"], row["is_open"], row["number"]) for row in rows]


async def entity_show(
    connection: Executor, ref: EntityRef, *, limit: int, comments: int, body_characters: int
) -> Row | None:
    """Return an entity with what is around it, as columns and JSON; see the statement."""
    return await _statements.entity_show(
        connection,
        id=ref if isinstance(ref, UUID) else None,
        key=ref if isinstance(ref, str) else None,
        limit=limit,
        comments=comments,
        body_characters=body_characters,
    )


def _columns(links: Sequence[Link]) -> dict[str, Any]:
    return {
        "source_ids": [each.source_id for each in links],
        "kinds": [each.kind.value for each in links],
        "target_ids": [each.target_id for each in links],
    }


def _places(references: Sequence[NewReference]) -> dict[str, Any]:
    return {
        "entity_ids": [each.entity_id for each in references],
        "kinds": [each.reference.kind for each in references],
        "repositories": [each.reference.repository for each in references],
        "targets": [each.reference.target for each in references],
        "start_lines": [each.reference.start_line for each in references],
        "end_lines": [each.reference.end_line for each in references],
    }


def _link_of(row: Row) -> Link:
    return Link(row["source_id"], LinkKind(row["kind"]), row["target_id"])


def _item_of(row: Row) -> Item:
    return Item(**{name: row[name] for name in _ITEM_FIELDS})


def _fields(model: type[BaseModel], row: Row) -> dict[str, Any]:
    return {name: row[name] for name in model.model_fields}


def _referring(row: Row) -> ReferringEntity:
    reference = CodeReference.model_construct(**_fields(CodeReference, row))
    return ReferringEntity(
        id=row["id"],
        key=row["key"],
        title=row["title"],
        state=row["state"],
        is_open=row["is_open"],
        reference=reference_text(reference),
        note=reference.note,
    )
