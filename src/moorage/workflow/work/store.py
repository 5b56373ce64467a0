"""The statements about links, references, comments and claims: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.work.graph import Event
from moorage.workflow.work.models import Comment, Link, LinkKind, NewComment, NewReference

_statements = load_statements("moorage.workflow.work")


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


async def comment_insert_in(transaction: Executor, comments: Sequence[NewComment], *, actor: str) -> list[Comment]:
    rows = await _statements.comment_insert(
        transaction,
        entity_ids=[each.entity_id for each in comments],
        bodies=[each.body for each in comments],
        actor=actor,
    )
    return [Comment.model_construct(**row) for row in rows]


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
