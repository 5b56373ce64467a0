"""Looking back at entities, as use cases; and writing an old version anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.cursors import cursor_key_get, seal, unseal
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import Entity, WrittenEntity
from moorage.workflow.entities.references import find_entity
from moorage.workflow.entities.service import EntityService
from moorage.workflow.errors import VersionNotFound
from moorage.workflow.history import store
from moorage.workflow.history.differences import changes_between
from moorage.workflow.history.models import EntityDiff, EntityHistory, PastEntities, PastEntity, PastVersion
from moorage.workflow.history.store import StoredVersion
from moorage.workflow.patches import difference
from moorage.workflow.types.catalog import TypeCatalog

MAX_LIMIT = 200
MAX_PATCH_BYTES = 4_000
SHOWN_CHANGES = 200
# A page of past entities ends where their data is as large as this, but has one at least.
MAX_PAGE_BYTES = 200_000
_BEFORE_ALL = UUID(int=0)
_AFTER_ALL = 2**31 - 1


class HistoryService:
    """What entities were: version by version, at a moment, and what changed between."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, entities: EntityService) -> None:
        self._connections = connections
        self._catalog = catalog
        self._entities = entities

    async def versions(
        self, project_name: str, entity_id: str, *, before: int | None = None, limit: int = 20
    ) -> EntityHistory:
        """Return the versions of an entity, deleted or not, the newest first.

        Args:
            before: only versions below this number.

        Raises:
            EntityNotFound, InvalidInput, and those of the project.
        """
        _refuse_unfit_limit(limit)
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            entity = await find_entity(connection, entity_id)
            found = await store.version_list(
                connection,
                entity.id,
                before=min(before or _AFTER_ALL, _AFTER_ALL),
                limit=limit + 1,
                max_patch_bytes=MAX_PATCH_BYTES,
            )
        shown = found[:limit]
        return EntityHistory(
            project_name=project.name,
            entity_id=entity.id,
            key=entity.key,
            versions=shown,
            next_before=shown[-1].version if len(found) > limit else None,
        )

    async def version(self, project_name: str, entity_id: str, version: int) -> PastVersion:
        """Return an entity as one of its writes left it.

        Raises:
            EntityNotFound, VersionNotFound, InvalidInput, and those of the project.
        """
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            entity = await find_entity(connection, entity_id)
            found = await _versions_on(connection, entity, [version])
        return _past_version(project, entity, found[version])

    async def as_of(self, project_name: str, entity_id: str, at: datetime) -> PastVersion:
        """Return an entity as it was at a moment: its newest version that was written at or before it.

        A transaction that is still open may have written it before a moment that is past already; then the answer
        is another one once it has ended.

        Raises:
            VersionNotFound: there was no such entity yet. EntityNotFound, InvalidInput, and those of the project.
        """
        _refuse_vague(at)
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            entity = await find_entity(connection, entity_id)
            found = await store.version_at(connection, entity.id, at)
        if found is None:
            raise VersionNotFound(
                f"{entity.key} was not there at {at.isoformat()}",
                hint=f"It was created at {entity.created_at.isoformat()}.",
                created_at=entity.created_at.isoformat(),
            )
        return _past_version(project, entity, found)

    async def past(
        self, project_name: str, entity_id: str, *, version: int | None = None, at: datetime | None = None
    ) -> PastVersion:
        """Return what `version` or `as_of` does, by what is given.

        Raises:
            InvalidInput: neither is given, or both. As those.
        """
        if version is not None and at is None:
            return await self.version(project_name, entity_id, version)
        if at is not None and version is None:
            return await self.as_of(project_name, entity_id, at)
        raise InvalidInput("version and at: one of them is needed", hint="Pass a version's number, or a time as at.")

    async def entities_as_of(
        self, project_name: str, schema_name: str, at: datetime, *, cursor: str | None = None, limit: int = 50
    ) -> PastEntities:
        """Return the entities of a type as they were at a moment, without those that were deleted then.

        Purged entities are gone with their history.

        Args:
            cursor: `next_cursor` of the page before, with the same type and moment.

        Raises:
            TypeNotFound, InvalidCursor, InvalidInput, and those of the project.
        """
        _refuse_unfit_limit(limit)
        _refuse_vague(at)
        project = await self._connections.find_project(project_name)
        purpose = f"{schema_name} of {project.id} at {at.timestamp()}"
        async with self._connections.connection_to(project) as connection:
            await self._catalog.get(project, connection, schema_name)
            secret = await cursor_key_get(connection)
            after = _BEFORE_ALL if cursor is None else UUID(unseal(secret, purpose, cursor)[0])
            found = await store.entity_past(connection, schema_name, at, after=after, limit=limit + 1)
        shown = _fitting(found[:limit])
        return PastEntities(
            project_name=project.name,
            schema_name=schema_name,
            at=at,
            entities=shown,
            next_cursor=seal(secret, purpose, [str(shown[-1].id)]) if len(shown) < len(found) else None,
        )

    async def diff(
        self, project_name: str, entity_id: str, *, from_version: int | None = None, to_version: int | None = None
    ) -> EntityDiff:
        """Return what leads from one version of an entity to another, in either direction.

        Args:
            from_version: None is the one before `to_version`.
            to_version: None is the newest.

        Raises:
            EntityNotFound, VersionNotFound, InvalidInput, and those of the project.
        """
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            entity = await find_entity(connection, entity_id)
            last = to_version or entity.version
            first = from_version or max(last - 1, 1)
            found = await _versions_on(connection, entity, [first, last])
        before, after = found[first].data, found[last].data
        changes = changes_between(before, after)
        return EntityDiff(
            project_name=project.name,
            entity_id=entity.id,
            key=entity.key,
            from_version=first,
            to_version=last,
            patch=difference(before, after),
            changes=changes[:SHOWN_CHANGES],
            changes_left_out=max(len(changes) - SHOWN_CHANGES, 0),
        )

    async def restore_version(
        self,
        project_name: str,
        entity_id: str,
        version: int,
        *,
        expected_version: int | None = None,
        force: bool = False,
        claim_token: int | None = None,
        idempotency_key: str | None = None,
    ) -> WrittenEntity:
        """Write the data of an old version as a new one; it is an update like any other, under today's type.

        Raises:
            VersionNotFound: the entity never had this version.
            StepsFailed, PatchFailed: its type has changed since, by steps that do not fit the old data.
            EntityDeleted: restore_entity brings it back first. Those of an update.
        """
        return await self._entities.update(
            project_name,
            entity_id,
            await self._brought_forward(await self.version(project_name, entity_id, version)),
            expected_version=expected_version,
            force=force,
            claim_token=claim_token,
            idempotency_key=idempotency_key,
        )

    async def _brought_forward(self, old: PastVersion) -> Document:
        """Return the data of an old version as the type has it now."""
        project = await self._connections.find_project(old.project_name)
        # With a type that another process has changed since, its steps would be left out unnoticed.
        self._catalog.forget(project)
        async with self._connections.connection_to(project) as connection:
            entity_type = await self._catalog.get(project, connection, old.schema_name)
        return entity_type.brought_forward(old.data, old.schema_version)


def _past_version(project: Project, entity: Entity, found: StoredVersion) -> PastVersion:
    return PastVersion(
        project_name=project.name,
        entity_id=entity.id,
        key=entity.key,
        schema_name=entity.schema_name,
        **asdict(found),
    )


def _fitting(entities: Sequence[PastEntity]) -> list[PastEntity]:
    """Return the first ones, as far as they are not too much to read at once; one at least."""
    sizes = accumulate(len(each.model_dump_json()) for each in entities)
    return [
        each
        for place, (each, size) in enumerate(zip(entities, sizes, strict=True))
        if not place or size <= MAX_PAGE_BYTES
    ]


async def _versions_on(connection: Connection, entity: Entity, wanted: Sequence[int]) -> dict[int, StoredVersion]:
    found = await store.version_get(connection, entity.id, [each for each in wanted if each <= entity.version])
    missing = [version for version in wanted if version not in found]
    if missing:
        raise VersionNotFound(
            f"{entity.key} has no version {missing[0]}",
            hint=f"Its versions are 1 to {entity.version}.",
            current_version=entity.version,
        )
    return found


def _refuse_unfit_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit: {limit} is not between 1 and {MAX_LIMIT}", hint="Read page by page.")


def _refuse_vague(at: datetime) -> None:
    if at.tzinfo is None:
        raise InvalidInput(f"at: {at} has no time zone", hint="Write it like 2026-11-21T18:30:00Z.")
