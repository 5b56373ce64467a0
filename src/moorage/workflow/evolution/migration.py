"""Bringing the entities of a type to its version of now, in batches that can end anywhere and go on later.

Each batch is a transaction: entities are locked, brought forward and written, and the migration's row says how far it
is. A process that is killed loses at most its batch, and two that work on the same migration take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from moorage.core.access import current_caller
from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import Connection
from moorage.projects.models import Project
from moorage.workflow.entities.models import ChangedEntity
from moorage.workflow.entities.writing import lock_in, refuse_old_type, update_in
from moorage.workflow.errors import EntityExists
from moorage.workflow.evolution import store
from moorage.workflow.evolution.bringing import Batch, bring_forward
from moorage.workflow.evolution.models import SHOWN_ENTITIES, FailingEntity
from moorage.workflow.evolution.store import StoredMigration
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.problems import Problem

# Writers of these entities wait for as long as a batch takes: some tens of milliseconds.
BATCH_ENTITIES = 100

# How many entities have been looked at, of how many.
OnProgress = Callable[[int, int], Awaitable[None]]


class MigrationRun:
    """One process's work on the migration of one type.

    Args:
        connection: of the project; used for one transaction after the other.
    """

    def __init__(
        self, project: Project, connection: Connection, catalog: TypeCatalog, schema_name: str, *, max_bytes: int
    ) -> None:
        self._project = project
        self._connection = connection
        self._catalog = catalog
        self._schema_name = schema_name
        self._max_bytes = max_bytes

    async def finish(self, to_version: int, on_progress: OnProgress | None = None) -> None:
        """Work until the migration is done or failed, whoever did the last of it."""
        done = 0
        total = await store.entity_count_behind(self._connection, self._schema_name, to_version)
        while looked_at := await self._catalog.with_current(self._project, lambda: self._batch(to_version)):
            done += looked_at
            if on_progress is not None:
                await on_progress(done, max(done, total))

    async def _batch(self, to_version: int) -> int:
        """Bring the next entities forward and return how many these were; 0 when the migration has ended."""
        async with self._connection.transaction():
            migration = await store.migration_lock_in(self._connection, self._schema_name, to_version)
            if migration.state != "running":
                return 0
            ids = await store.entity_behind(self._connection, migration, limit=BATCH_ENTITIES)
            if not ids:
                await self._end_in(migration)
                return 0
            await self._bring_forward_in(migration, ids)
            return len(ids)

    async def _bring_forward_in(self, migration: StoredMigration, ids: Sequence[UUID]) -> None:
        entity_type = await self._catalog.get(self._project, self._connection, self._schema_name)
        locked = await lock_in(self._connection, ids)
        for each in locked.values():
            refuse_old_type(each, entity_type)
        there = [locked[each].entity for each in ids if each in locked]
        # What a writer has brought forward or deleted while this waited for its lock is done.
        behind = [each for each in there if each.schema_version < migration.to_version and each.deleted_at is None]
        batch = await asyncio.to_thread(bring_forward, entity_type, behind, max_bytes=self._max_bytes)
        await self._write_in(entity_type, batch)
        await store.migration_advance_in(
            self._connection,
            migration,
            last_id=ids[-1],
            migrated=len(batch.changed) + len(batch.fitting),
            failing=[*migration.failing, *batch.failing][:SHOWN_ENTITIES],
        )

    async def _write_in(self, entity_type: EntityType, batch: Batch) -> None:
        """Write a batch; entities that get in the way of others are left out, and fail."""
        if batch.fitting:
            await store.entity_stamp_in(self._connection, batch.fitting, schema_version=entity_type.version)
        if not batch.changed:
            return
        try:
            await self._update_in(batch.changed)
        except (EntityExists, InvalidInput):
            await self._write_one_by_one_in(batch)

    async def _write_one_by_one_in(self, batch: Batch) -> None:
        written = []
        for each in batch.changed:
            try:
                await self._update_in([each])
                written.append(each)
            except (EntityExists, InvalidInput) as error:
                problem = Problem(pointer="", message=error.message)
                batch.failing.append(FailingEntity(key=each.before.key, problems=[problem]))
        batch.changed = written

    async def _update_in(self, changes: Sequence[ChangedEntity]) -> None:
        async with self._connection.transaction():  # a savepoint: what is refused does not end the batch
            await update_in(self._connection, changes, actor=current_caller().name)

    async def _end_in(self, migration: StoredMigration) -> None:
        left = await store.entity_count_behind(self._connection, self._schema_name, migration.to_version)
        await store.migration_finish_in(self._connection, migration, "failed" if left else "done")
