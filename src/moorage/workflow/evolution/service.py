"""How types change, and their entities with them, as use cases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.errors import MigrationRunning, VersionNotFound
from moorage.workflow.evolution import store
from moorage.workflow.evolution.bringing import failing_of
from moorage.workflow.evolution.migration import MigrationRun, OnProgress
from moorage.workflow.evolution.models import (
    SHOWN_ENTITIES,
    SHOWN_REASONS,
    SHOWN_VERSIONS,
    CheckedEntities,
    Evolution,
    EvolvedType,
    FailingEntity,
    MigratedType,
    Migration,
    StoredVersion,
    TypeHistory,
    TypeVersion,
)
from moorage.workflow.evolution.planning import Plan, compare_versions, next_row, plan_of
from moorage.workflow.evolution.refusals import refuse_moved, refuse_other_keys, refuse_unasked
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types import store as type_store
from moorage.workflow.types.agreement import refuse_unfit_type
from moorage.workflow.types.catalog import TypeCatalog, type_not_found
from moorage.workflow.types.models import StoredType
from moorage.workflow.types.service import AfterChange

# Read at a time when a version is tried; nothing is locked. At their largest, 25 MB.
PAGE_ENTITIES = 100


class EvolutionService:
    """Change types, try changes, bring entities forward, and look back at versions of types."""

    def __init__(
        self,
        connections: ProjectConnectionManager,
        catalog: TypeCatalog,
        settings: WorkflowSettings,
        *,
        after_change: AfterChange,
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._after_change = after_change
        self._max_bytes = settings.max_document_bytes

    async def try_out(self, project_name: str, schema_name: str, asked: Evolution) -> EvolvedType:
        """Tell what a change of a type would do to its entities; nothing is written, and nobody waits.

        Raises:
            TypeNotFound, InvalidType, and those of the project.
        """
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            plan = await self._plan(project, connection, schema_name, asked)
            entities = await self._tried(connection, plan) if plan.is_risky else None
        return _answer(project, plan, dry_run=True, entities=entities)

    async def evolve(
        self,
        project_name: str,
        schema_name: str,
        asked: Evolution,
        *,
        expected_version: int | None,
        accept_failing: bool = False,
        on_progress: OnProgress | None = None,
    ) -> EvolvedType:
        """Give a type its next version, and bring its entities forward.

        A call that is repeated finds the type as it wants it, and goes on with the migration.

        Args:
            expected_version: of the type that the caller saw.
            accept_failing: change the type though it breaks with the past, or leaves entities behind.

        Raises:
            TypeNotFound, InvalidType, StaleVersion, VersionRequired, MigrationRunning, and those of the project.
            BreakingChange: entities would be left behind, or the change is a breaking one; nothing was written.
        """
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:
            plan = await self._plan(project, connection, schema_name, asked)
            entities = None
            if not plan.is_nothing:
                refuse_moved(plan.old.row, expected_version)
                await _refuse_running(connection, schema_name)
                entities = await self._tried(connection, plan) if plan.is_risky else None
                if not accept_failing:
                    refuse_unasked(plan, entities)
                await _write(connection, plan)
                self._catalog.forget(project)
            has_migration = plan.migrates or plan.is_nothing
            migration = await self._finish(project, connection, schema_name, on_progress) if has_migration else None
        await self._after_change(project)
        return _answer(project, plan, dry_run=False, entities=entities, migration=migration)

    async def migrate(
        self, project_name: str, schema_name: str, *, on_progress: OnProgress | None = None
    ) -> MigratedType:
        """Go on with the migration of a type that stands still; begin one again that has left entities behind.

        Raises:
            TypeNotFound, and those of the project.
        """
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:
            await _found(connection, schema_name)
            latest = await _latest_migration(connection, schema_name)
            if latest is not None and (latest.state == "failed" or latest.behind):
                await store.migration_restart(connection, schema_name, latest.to_version)
            migration = await self._finish(project, connection, schema_name, on_progress)
        return MigratedType(project_name=project.name, schema_name=schema_name, migration=migration)

    async def history(self, project_name: str, schema_name: str, version: int | None = None) -> TypeHistory:
        """Return the versions of a type, newest first; of one that is asked for alone, its schema and rules as well.

        Raises:
            TypeNotFound, VersionNotFound, and those of the project.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            limit = 1 if version else SHOWN_VERSIONS
            await _found(connection, schema_name)
            # One more, to tell what changed in the last one shown.
            stored = await store.type_versions(connection, schema_name, upto=version, limit=limit + 1)
        if version is not None and (not stored or stored[0].version != version):
            raise VersionNotFound(f"{schema_name!r} has no version {version}", hint="Leave version out to see all.")
        shown = await asyncio.to_thread(_versions, stored)
        if version is not None:
            rules = stored[0].rules.model_dump(mode="json", exclude_defaults=True)
            shown[0] = shown[0].model_copy(update={"schema_definition": stored[0].schema_definition, "rules": rules})
        return TypeHistory(
            project_name=project_name, schema_name=schema_name, versions=shown[:limit], truncated=len(stored) > limit
        )

    async def _plan(self, project: Project, connection: Connection, schema_name: str, asked: Evolution) -> Plan:
        self._catalog.forget(project)
        old = await self._catalog.get(project, connection, schema_name)
        refuse_other_keys(old, asked)
        row = next_row(old.row, asked)
        refuse_unfit_type(row.schema_definition, row.rules)
        return await asyncio.to_thread(plan_of, old, row, asked.steps)

    async def _tried(self, connection: Connection, plan: Plan) -> CheckedEntities:
        """Try the new version with every entity that is not deleted, without locking any."""
        checked, failing, last = 0, 0, None
        shown: list[FailingEntity] = []
        while page := await store.entity_page(connection, plan.old.name, after=last, limit=PAGE_ENTITIES):
            found = await asyncio.to_thread(failing_of, plan.new, page, max_bytes=self._max_bytes)
            shown += found[: SHOWN_ENTITIES - len(shown)]
            checked, failing, last = checked + len(page), failing + len(found), page[-1].id
        return CheckedEntities(checked=checked, failing=failing, shown=shown)

    async def _finish(
        self, project: Project, connection: Connection, schema_name: str, on_progress: OnProgress | None
    ) -> Migration | None:
        """Work on the last migration of a type until it has ended, and return it; None when it never had one."""
        latest = await store.migration_latest(connection, schema_name)
        if latest is not None and latest.state == "running":
            run = MigrationRun(project, connection, self._catalog, schema_name, max_bytes=self._max_bytes)
            await run.finish(latest.to_version, on_progress)
        return await _latest_migration(connection, schema_name)


async def _found(connection: Connection, schema_name: str) -> StoredType:
    row = await type_store.type_get(connection, schema_name)
    if row is None:
        raise await type_not_found(connection, schema_name)
    return row


async def _latest_migration(connection: Connection, schema_name: str) -> Migration | None:
    latest = await store.migration_latest(connection, schema_name)
    if latest is None:
        return None
    return Migration(
        schema_name=schema_name,
        to_version=latest.to_version,
        state=latest.state,
        migrated=latest.migrated,
        behind=await store.entity_count_behind(connection, schema_name, latest.to_version),
        failing=latest.failing if latest.state == "failed" else [],
        updated_at=latest.updated_at,
    )


async def _write(connection: Connection, plan: Plan) -> None:
    """Write the new version; entities are migrated later, as those who write them wait for the type's row."""
    async with connection.transaction():
        await type_store.type_lock_in(connection, plan.old.name)
        refuse_moved(await _found(connection, plan.old.name), plan.old.version)
        await _refuse_running(connection, plan.old.name)
        await store.type_evolve_in(
            connection,
            plan.new.row,
            change=plan.change.value,
            steps=plan.steps if plan.migrates else None,
            actor=current_caller().name,
        )


async def _refuse_running(connection: Connection, schema_name: str) -> None:
    """Refuse to change a type while its entities are on their way to a version of it.

    Raises:
        MigrationRunning.
    """
    latest = await store.migration_latest(connection, schema_name)
    if latest is not None and latest.state == "running":
        raise MigrationRunning(
            f"the entities of {schema_name!r} are being migrated to version {latest.to_version}",
            hint="Wait until it has ended; migrate_entities goes on with one that stands still.",
            migrated=latest.migrated,
        )


def _answer(
    project: Project,
    plan: Plan,
    *,
    dry_run: bool,
    entities: CheckedEntities | None,
    migration: Migration | None = None,
) -> EvolvedType:
    return EvolvedType(
        project_name=project.name,
        schema_name=plan.old.name,
        version=plan.old.version if plan.is_nothing else plan.new.version,
        change=plan.change.value,
        reasons=plan.reasons[:SHOWN_REASONS],
        dry_run=dry_run,
        entities=entities,
        migration=migration,
    )


def _versions(stored: Sequence[StoredVersion]) -> list[TypeVersion]:
    """Return versions, newest first, each with what it changed; comparing large schemas takes a tenth of a second."""
    return [_version(new, old) for new, old in zip(stored, [*stored[1:], None], strict=True)]


def _version(new: StoredVersion, old: StoredVersion | None) -> TypeVersion:
    return TypeVersion(
        version=new.version,
        change=new.change,
        reasons=compare_versions(old, new)[:SHOWN_REASONS] if old else [],
        created_at=new.created_at,
        created_by=new.created_by,
        steps=[each.model_dump(mode="json") for each in new.steps],
        migration_state=new.state,
        migrated=new.migrated,
    )
