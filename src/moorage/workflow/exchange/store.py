"""The statements about what is exchanged: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from moorage.core.postgres.queries import Executor, load_statements
from moorage.workflow.entities.models import Entity
from moorage.workflow.entities.store import entity_of
from moorage.workflow.exchange.models import KnownEntity

_statements = load_statements("moorage.workflow.exchange")


async def import_lock_in(transaction: Executor) -> None:
    """Wait for a running import into this project, and keep others out until the transaction ends."""
    await _statements.import_lock(transaction)


async def origin_find(
    connection: Executor, source: str, external_ids: Sequence[str], entity_ids: Sequence[UUID]
) -> dict[str, KnownEntity]:
    """Return the entities that were imported from these items of a source, or have these ids themselves."""
    rows = await _statements.origin_find(
        connection, source=source, external_ids=list(external_ids), entity_ids=list(entity_ids)
    )
    return {row["external_id"]: KnownEntity(row["id"], row["is_deleted"]) for row in rows}


async def origin_insert_in(transaction: Executor, source: str, entities: Mapping[str, UUID], *, actor: str) -> None:
    await _statements.origin_insert(
        transaction,
        source=source,
        external_ids=list(entities),
        entity_ids=list(entities.values()),
        actor=actor,
    )


async def entity_count(connection: Executor, schema_name: str) -> int:
    """Return how many entities of a type there are, without the deleted ones."""
    return await _statements.entity_count(connection, schema_name=schema_name)


async def entity_page(connection: Executor, schema_name: str, *, after: Entity | None, limit: int) -> list[Entity]:
    """Return entities of a type in the order in which they were made, beginning after one of them."""
    rows = await _statements.entity_page(
        connection,
        schema_name=schema_name,
        after_created_at=after and after.created_at,
        after_id=after and after.id,
        limit=limit,
    )
    return [entity_of(row) for row in rows]


async def field_names(connection: Executor, schema_name: str) -> list[str]:
    """Return the names of all fields that entities of a type have."""
    return [row["field"] for row in await _statements.field_names(connection, schema_name=schema_name)]
