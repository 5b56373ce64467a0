"""The statements about versions: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.history.models import EntityVersion, PastEntity

_statements = load_statements("moorage.workflow.history")


@dataclass(frozen=True)
class StoredVersion:
    """One row of `entity_versions`.

    Attributes:
        is_deleted: the entity was deleted then.
    """

    version: int
    operation: str
    schema_version: int
    is_deleted: bool
    data: dict[str, Any]
    created_at: datetime
    created_by: str


async def version_list(
    connection: Executor, entity_id: UUID, *, before: int, limit: int, max_patch_bytes: int
) -> list[EntityVersion]:
    """Return the versions below `before`, the newest first."""
    rows = await _statements.version_list(
        connection, entity_id=entity_id, before=before, limit=limit, max_patch_bytes=max_patch_bytes
    )
    return [EntityVersion.model_validate(dict(row)) for row in rows]


async def version_get(connection: Executor, entity_id: UUID, versions: Sequence[int]) -> dict[int, StoredVersion]:
    """Return the versions with these numbers, as far as the entity had them."""
    rows = await _statements.version_get(connection, entity_id=entity_id, versions=list(versions))
    return {row["version"]: _stored(row) for row in rows}


async def version_at(connection: Executor, entity_id: UUID, at: datetime) -> StoredVersion | None:
    """Return the version that the entity had at a moment; None before its first."""
    row = await _statements.version_at(connection, entity_id=entity_id, at=at)
    return None if row is None else _stored(row)


async def entity_past(
    connection: Executor, schema_name: str, at: datetime, *, after: UUID, limit: int
) -> list[PastEntity]:
    """Return the entities of a type as they were, by id, those after `after`."""
    rows = await _statements.entity_past(connection, schema_name=schema_name, at=at, after=after, limit=limit)
    return [PastEntity.model_validate(dict(row)) for row in rows]


def _stored(row: Row) -> StoredVersion:
    return StoredVersion(**{name: row[name] for name in StoredVersion.__annotations__})
