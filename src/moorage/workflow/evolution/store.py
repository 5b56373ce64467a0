"""The statements about changes of types: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.evolution.models import FailingEntity, MigrationState, StoredData, StoredVersion, VersionChange
from moorage.workflow.types.models import StoredType
from moorage.workflow.types.steps import Step

_statements = load_statements("moorage.workflow.evolution")
_VERSION = TypeAdapter(StoredVersion)
_FAILING = TypeAdapter(list[FailingEntity])
# Before all ids.
_FIRST = UUID(int=0)


@dataclass(frozen=True)
class StoredMigration:
    """One row of `schema_migrations`.

    Attributes:
        last_id: entities up to this one have been looked at; None at the beginning.
        failing: the first of those that could not be brought forward.
    """

    schema_name: str
    to_version: int
    state: MigrationState
    migrated: int
    last_id: UUID | None
    failing: list[FailingEntity]
    updated_at: datetime


@dataclass(frozen=True)
class UnendedMigration:
    """The last migration of a type, when something is left to do; `failing` are the first of those that failed."""

    schema_name: str
    to_version: int
    state: MigrationState
    behind: int
    failing: list[FailingEntity]


async def type_evolve_in(
    transaction: Executor, row: StoredType, *, change: VersionChange, steps: list[Step] | None, actor: str
) -> None:
    """Give a locked type its next version, with a migration unless `steps` is None."""
    await _statements.type_evolve(
        transaction,
        schema_name=row.schema_name,
        schema_definition=row.schema_definition,
        rules=row.rules.model_dump(exclude_defaults=True),
        description=row.description,
        change=change,
        steps=None if steps is None else [each.model_dump() for each in steps],
        actor=actor,
    )


async def type_versions(connection: Executor, schema_name: str, *, upto: int | None, limit: int) -> list[StoredVersion]:
    """Return versions of a type, newest first, beginning with `upto`."""
    rows = await _statements.type_versions(connection, schema_name=schema_name, upto=upto, limit=limit)
    return [_VERSION.validate_python(dict(row)) for row in rows]


async def entity_page(connection: Executor, schema_name: str, *, after: UUID | None, limit: int) -> list[StoredData]:
    """Return the next entities of a type that are not deleted, by id."""
    rows = await _statements.entity_page(connection, schema_name=schema_name, after=after or _FIRST, limit=limit)
    return [StoredData(**dict(row)) for row in rows]


async def entity_behind(connection: Executor, migration: StoredMigration, *, limit: int) -> list[UUID]:
    """Return the next entities that a migration has to look at."""
    rows = await _statements.entity_behind(
        connection,
        schema_name=migration.schema_name,
        to_version=migration.to_version,
        after=migration.last_id or _FIRST,
        limit=limit,
    )
    return [row["id"] for row in rows]


async def entity_count_behind(connection: Executor, schema_name: str, to_version: int) -> int:
    return await _statements.entity_count_behind(connection, schema_name=schema_name, to_version=to_version)


async def entity_stamp_in(transaction: Executor, ids: Sequence[UUID], *, schema_version: int) -> None:
    """Write down that locked entities satisfy a version as they are."""
    await _statements.entity_stamp(transaction, ids=list(ids), schema_version=schema_version)


async def migration_latest(connection: Executor, schema_name: str) -> StoredMigration | None:
    row = await _statements.migration_latest(connection, schema_name=schema_name)
    return None if row is None else _migration(row)


async def migration_lock_in(transaction: Executor, schema_name: str, to_version: int) -> StoredMigration:
    """Lock a migration; whoever else works on it waits until the transaction ends."""
    return _migration(await _statements.migration_lock(transaction, schema_name=schema_name, to_version=to_version))


async def migration_advance_in(
    transaction: Executor,
    migration: StoredMigration,
    *,
    last_id: UUID,
    migrated: int,
    failing: Sequence[FailingEntity],
) -> None:
    """Write down how far a locked migration is: `migrated` more, and all that failed so far."""
    await _statements.migration_advance(
        transaction,
        schema_name=migration.schema_name,
        to_version=migration.to_version,
        last_id=last_id,
        migrated=migrated,
        error={"failing": [each.model_dump() for each in failing]} if failing else None,
    )


async def migration_finish_in(transaction: Executor, migration: StoredMigration, state: MigrationState) -> None:
    await _statements.migration_finish(
        transaction, schema_name=migration.schema_name, to_version=migration.to_version, state=state
    )


async def migration_restart(connection: Executor, schema_name: str, to_version: int) -> None:
    """Begin an ended migration again with what it has left behind."""
    await _statements.migration_restart(connection, schema_name=schema_name, to_version=to_version)


async def migration_unended(connection: Executor, *, longer_than: timedelta) -> list[UnendedMigration]:
    """Return the last migration of each type that failed, left something, or stands still for so long."""
    rows = await _statements.migration_unended(connection, longer_than=longer_than)
    return [UnendedMigration(**_with_failing(row)) for row in rows]


def _migration(row: Row) -> StoredMigration:
    return StoredMigration(**_with_failing(row))


def _with_failing(row: Row) -> dict[str, Any]:
    """Return a row with the entities that its `error` names as models."""
    found: dict[str, Any] = dict(row)
    error = found.pop("error") or {}
    return {**found, "failing": _FAILING.validate_python(error.get("failing", []))}
