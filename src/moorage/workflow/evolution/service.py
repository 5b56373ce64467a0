"""How types change, and their entities with them, as use cases."""

from __future__ import annotations

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.errors import (
    ForceNeedsAsking,
    InvalidType,
    MigrationRunning,
    StaleVersion,
    TypeNotFound,
    VersionNotFound,
    VersionRequired,
)
from moorage.workflow.evolution import store
from moorage.workflow.evolution.bringing import problems_of
from moorage.workflow.evolution.migration import MigrationRun, OnProgress
from moorage.workflow.evolution.models import (
    SHOWN_ENTITIES,
    SHOWN_REASONS,
    SHOWN_VERSIONS,
    Change,
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
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.agreement import refuse_unfit_type
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.service import AfterChange

# Read at a time when a version is tried; nothing is locked.
PAGE_ENTITIES = 500
_NAMED_ENTITIES = 3


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
        return _answer(project, plan, is_dry_run=True, entities=entities)

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
            ForceNeedsAsking: entities would be left behind, or the change is a breaking one; nothing was written.
        """
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:
            plan = await self._plan(project, connection, schema_name, asked)
            entities = None
            if not plan.is_nothing:
                _refuse_moved(plan.old, expected_version)
                entities = await self._tried(connection, plan) if plan.is_risky else None
                if not accept_failing:
                    _refuse_unasked(plan, entities)
                await self._write(connection, plan)
                self._catalog.forget(project)
            migration = await self._finish(project, connection, schema_name, on_progress)
        await self._after_change(project)
        return _answer(project, plan, is_dry_run=False, entities=entities, migration=migration)

    async def migrate(
        self, project_name: str, schema_name: str, *, on_progress: OnProgress | None = None
    ) -> MigratedType:
        """Go on with the migration of a type that stands still; begin one again that has left entities behind.

        Raises:
            TypeNotFound, and those of the project.
        """
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:
            self._catalog.forget(project)
            await self._catalog.get(project, connection, schema_name)
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
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            limit = 1 if version else SHOWN_VERSIONS
            # One more, to tell what changed in the last one shown.
            stored = await store.type_versions(connection, schema_name, upto=version, limit=limit + 1)
            if not stored:
                await self._catalog.get(project, connection, schema_name)
        if version is not None and (not stored or stored[0].version != version):
            raise VersionNotFound(f"{schema_name!r} has no version {version}", hint="Leave version out to see all.")
        shown = [_version(new, old) for new, old in zip(stored, [*stored[1:], None], strict=True)]
        if version is not None:
            shown[0] = shown[0].model_copy(
                update={"schema_definition": stored[0].schema_definition, "rules": stored[0].rules}
            )
        return TypeHistory(
            project_name=project_name, schema_name=schema_name, versions=shown[:limit], is_cut=len(stored) > limit
        )

    async def _plan(self, project: Project, connection: Connection, schema_name: str, asked: Evolution) -> Plan:
        self._catalog.forget(project)
        old = await self._catalog.get(project, connection, schema_name)
        _refuse_other_keys(old, asked)
        row = next_row(old.row, asked)
        refuse_unfit_type(row.schema_definition, row.rules)
        return plan_of(old, row, asked.steps)

    async def _tried(self, connection: Connection, plan: Plan) -> CheckedEntities:
        """Try the new version with every entity that is not deleted, without locking any."""
        checked, failing, shown, last = 0, 0, [], None
        while page := await store.entity_page(connection, plan.old.name, after=last, limit=PAGE_ENTITIES):
            for each in page:
                problems = problems_of(plan.new, each.data, each.schema_version, max_bytes=self._max_bytes)
                if problems:
                    failing += 1
                    shown += [FailingEntity(key=each.key, problems=problems)] if failing <= SHOWN_ENTITIES else []
            checked, last = checked + len(page), page[-1].id
        return CheckedEntities(checked=checked, failing=failing, shown=shown)

    async def _write(self, connection: Connection, plan: Plan) -> None:
        """Write the new version; entities are migrated later, as those who write them wait for the type's row."""
        async with connection.transaction():
            locked = await store.type_lock_in(connection, plan.old.name)
            if locked is None:
                raise TypeNotFound(f"the type {plan.old.name!r} was just deleted", hint="Register it again.")
            if locked.version != plan.old.version:
                raise _moved(plan.old.name, locked.version, plan.old.version, locked.updated_by)
            latest = await store.migration_latest(connection, plan.old.name)
            if latest is not None and latest.state == "running":
                raise MigrationRunning(
                    f"the entities of {plan.old.name!r} are being migrated to version {latest.to_version}",
                    hint="Wait for it; migrate_entities shows how far it is, and goes on with one that stands still.",
                    migrated=latest.migrated,
                )
            await store.type_evolve_in(
                connection,
                plan.new.row,
                change=plan.change.value,
                steps=plan.steps if plan.migrates else None,
                actor=current_caller().name,
            )

    async def _finish(
        self, project: Project, connection: Connection, schema_name: str, on_progress: OnProgress | None
    ) -> Migration | None:
        """Work on the last migration of a type until it has ended, and return it; None when it never had one."""
        latest = await store.migration_latest(connection, schema_name)
        if latest is not None and latest.state == "running":
            run = MigrationRun(project, connection, self._catalog, schema_name, max_bytes=self._max_bytes)
            await run.finish(latest.to_version, on_progress)
        return await _latest_migration(connection, schema_name)


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


def _refuse_other_keys(old: EntityType, asked: Evolution) -> None:
    """Refuse another beginning of keys: those that were given out stay what they are.

    Raises:
        InvalidType.
    """
    if asked.rules is not None and asked.rules.key_prefix not in (None, old.row.key_prefix):
        raise InvalidType(
            f"/rules/key_prefix: the keys of {old.name!r} begin with {old.row.key_prefix!r}, which stays",
            hint="Leave key_prefix out.",
        )


def _refuse_moved(old: EntityType, expected_version: int | None) -> None:
    if expected_version is None:
        raise VersionRequired(
            f"expected_version is missing: {old.name!r} is at version {old.version}",
            hint="Name the version that your change was made from.",
            version=old.version,
        )
    if expected_version != old.version:
        raise _moved(old.name, old.version, expected_version, old.row.updated_by)


def _moved(schema_name: str, version: int, expected_version: int, updated_by: str) -> StaleVersion:
    return StaleVersion(
        f"the type {schema_name!r} is at version {version} by {updated_by}; you saw {expected_version}",
        hint="entity_type_history shows what changed; make your change from the version of now.",
        version=version,
        expected_version=expected_version,
    )


def _refuse_unasked(plan: Plan, entities: CheckedEntities | None) -> None:
    """Refuse what would leave entities behind, or breaks with the past.

    Raises:
        ForceNeedsAsking.
    """
    if entities is None or not entities.checked:
        return
    if entities.failing:
        named = "; ".join(_said(each) for each in entities.shown[:_NAMED_ENTITIES])
        problem = f"{entities.failing} of {entities.checked} entities would not satisfy it: {named}"
    elif plan.change is Change.BREAKING:
        problem = f"it breaks with the past: {plan.reasons[0].pointer} {plan.reasons[0].message}"
    else:
        return
    raise ForceNeedsAsking(
        f"{plan.old.name!r} was not changed; {problem}",
        hint="Give steps that mend the data (try them with dry_run), or accept_failing=true.",
        change=plan.change.value,
        reasons=[each.model_dump() for each in plan.reasons[:SHOWN_REASONS]],
        entities=entities.model_dump(),
    )


def _said(failing: FailingEntity) -> str:
    return f"{failing.key} {failing.problems[0].pointer or '/'}: {failing.problems[0].message}"


def _answer(
    project: Project,
    plan: Plan,
    *,
    is_dry_run: bool,
    entities: CheckedEntities | None,
    migration: Migration | None = None,
) -> EvolvedType:
    return EvolvedType(
        project_name=project.name,
        schema_name=plan.old.name,
        version=plan.old.version if plan.is_nothing else plan.new.version,
        change=plan.change.value,
        reasons=plan.reasons[:SHOWN_REASONS],
        is_dry_run=is_dry_run,
        entities=entities,
        migration=migration,
    )


def _version(new: StoredVersion, old: StoredVersion | None) -> TypeVersion:
    return TypeVersion(
        version=new.version,
        change=new.change,
        reasons=compare_versions(old, new)[:SHOWN_REASONS] if old else [],
        created_at=new.created_at,
        created_by=new.created_by,
        steps=new.steps,
        migration_state=new.state,
        migrated=new.migrated,
    )
