"""The statements about what is exchanged: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from moorage.core.postgres.queries import Executor, load_statements

_statements = load_statements("moorage.workflow.exchange")


async def import_lock_in(transaction: Executor) -> None:
    """Wait for a running import into this project, and keep others out until the transaction ends."""
    await _statements.import_lock(transaction)


async def origin_find(
    connection: Executor, source: str, external_ids: Sequence[str], entity_ids: Sequence[UUID]
) -> dict[str, UUID]:
    """Return the entities that were imported from these items of a source, or have these ids themselves."""
    rows = await _statements.origin_find(
        connection, source=source, external_ids=list(external_ids), entity_ids=list(entity_ids)
    )
    return {row["external_id"]: row["entity_id"] for row in rows}


async def origin_insert_in(transaction: Executor, source: str, entities: Mapping[str, UUID], *, actor: str) -> None:
    await _statements.origin_insert(
        transaction,
        source=source,
        external_ids=list(entities),
        entity_ids=list(entities.values()),
        actor=actor,
    )
