"""The statements about entities: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import ChangedEntity, Child, Claim, Entity, LockedEntity, NewEntity, PastWrite
from moorage.workflow.types.models import Edition, Traits

_statements = load_statements("moorage.workflow.entities")
_FIELDS = tuple(Entity.model_fields)


async def entity_insert(connection: Executor, entities: Sequence[NewEntity], *, actor: str) -> list[Entity]:
    """Write entities with their first versions, in one statement; numbers of keys follow the order given.

    Returns:
        What was written, in no order; those whose type has moved on are missing.
    """
    rows = await _statements.entity_insert(
        connection,
        ids=[each.id for each in entities],
        schema_names=[each.entity_type.name for each in entities],
        schema_versions=[each.entity_type.version for each in entities],
        types_written_at=[each.entity_type.edition.written_at for each in entities],
        data=[each.data for each in entities],
        actor=actor,
        **_columns([each.traits for each in entities]),
    )
    return [entity_of(row) for row in rows]


async def entity_lock_in(transaction: Executor, ids: Sequence[UUID], keys: Sequence[str]) -> list[LockedEntity]:
    """Lock entities, deleted ones included, by id."""
    rows = await _statements.entity_lock(transaction, ids=list(ids), keys=list(keys))
    return [
        LockedEntity(entity_of(row), _claim_of(row), Edition(row["type_version"], row["type_written_at"]))
        for row in rows
    ]


async def entity_update_in(transaction: Executor, changes: Sequence[ChangedEntity], *, actor: str) -> list[Entity]:
    """Write the next versions of locked entities, in one statement; they come back in no order."""
    rows = await _statements.entity_update(
        transaction,
        ids=[each.before.id for each in changes],
        versions=[each.before.version for each in changes],
        operations=[each.operation.value for each in changes],
        schema_versions=[each.schema_version for each in changes],
        data=[each.data for each in changes],
        # Wrapped: the driver takes lists in a list for one array of two dimensions, whose rows unnest runs together.
        patches=[{"patch": each.patch} for each in changes],
        end_claims=[each.ends_claim for each in changes],
        actor=actor,
        **_columns([each.traits for each in changes]),
    )
    return [entity_of(row) for row in rows]


async def entity_children(connection: Executor, ids: Sequence[UUID]) -> list[Child]:
    """Return all that is below these entities and not deleted."""
    rows = await _statements.entity_children(connection, ids=list(ids))
    return [Child(row["root_id"], row["id"], row["key"]) for row in rows]


async def version_past(connection: Executor, entity_id: UUID, seen: int, after: int) -> list[PastWrite]:
    """Return the writes after a version, oldest first, and version `seen` with its data where it is kept."""
    rows = await _statements.version_past(connection, id=entity_id, seen=seen, after=after)
    return [
        PastWrite(
            row["version"], row["operation"], row["created_at"], row["created_by"], row["changed"], row["data"]
        )
        for row in rows
    ]  # fmt: skip


async def entity_get(connection: Executor, ids: Sequence[UUID], keys: Sequence[str]) -> list[Entity]:
    """Return entities by id or key, deleted ones included, in no order."""
    return [entity_of(row) for row in await _statements.entity_get(connection, ids=list(ids), keys=list(keys))]


async def request_begin_in(
    transaction: Executor, actor: str, key: str, request_hash: bytes
) -> tuple[bytes, Document | None]:
    """Take an idempotency key; return the hash of the request it belongs to, and the answer it was given."""
    row = await _statements.request_begin(transaction, actor=actor, key=key, request_hash=request_hash)
    return row["request_hash"], row["answer"]


async def request_answer_in(transaction: Executor, actor: str, key: str, answer: Document) -> None:
    """Keep the answer with the key that `request_begin_in` took."""
    await _statements.request_answer(transaction, actor=actor, key=key, answer=answer)


async def entity_purge(connection: Executor, before: datetime, *, limit: int, actor: str) -> int:
    """End entities deleted before a moment, the oldest first, and return how many; those in use are left out."""
    return await _statements.entity_purge(connection, before=before, limit=limit, actor=actor)


async def change_last_old(connection: Executor, before: datetime) -> tuple[int, int]:
    """Return the place of the last change that is older; what is before it can go."""
    row = await _statements.change_last_old(connection, before=before)
    return (0, 0) if row is None else (row["txid"], row["seq"])


async def change_purge(connection: Executor, place: tuple[int, int], *, limit: int) -> int:
    """End changes before a place, the oldest first, and return how many."""
    return await _statements.change_purge(connection, txid=place[0], seq=place[1], limit=limit)


async def request_purge(connection: Executor, before: datetime, *, limit: int) -> int:
    """Forget calls answered before a moment, the oldest first, and return how many."""
    return await _statements.request_purge(connection, before=before, limit=limit)


async def purge_count(
    connection: Executor, *, deleted_before: datetime, place: tuple[int, int], requests_before: datetime
) -> Row:
    """Return how many `entities`, `changes` and `requests` there are to end."""
    txid, seq = place
    return await _statements.purge_count(
        connection, deleted_before=deleted_before, txid=txid, seq=seq, requests_before=requests_before
    )


def entity_of(row: Row) -> Entity:
    """Return the entity in a row; the row comes from our own columns, so nothing is checked again."""
    return Entity.model_construct(**{name: row[name] for name in _FIELDS})


def _claim_of(row: Row) -> Claim | None:
    if row["token"] is None:
        return None
    return Claim(row["holder"], row["token"], row["expires_at"], row["is_live"])


def _columns(traits: Sequence[Traits]) -> dict[str, Any]:
    return {
        "titles": [each.title for each in traits],
        "states": [each.state for each in traits],
        "is_open": [each.is_open for each in traits],
        "priorities": [each.priority for each in traits],
    }
