"""History as MCP tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moorage.core.shape import READS, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import (
    FITS_VERSION,
    ClaimToken,
    Cursor,
    EntityId,
    ExpectedVersion,
    Force,
    IdempotencyKey,
    Moment,
    SchemaName,
)
from moorage.workflow.entities.models import WrittenEntity
from moorage.workflow.history.models import EntityDiff, EntityHistory, PastEntities, PastVersion
from moorage.workflow.history.service import MAX_LIMIT, HistoryService

Version = Annotated[int | None, Field(description="Number of a version.", ge=1), FITS_VERSION]
Limit = Annotated[int, Field(description="At most so many.", ge=1, le=MAX_LIMIT)]


class HistoryTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: HistoryService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def history(self) -> list[Tool]:
        """The tools of the profile of this name."""
        writes = {"read_only": False, "destructive": False, "idempotent": False, "open_world": False}
        return [
            Tool(self.entity_history, title="List versions of an entity", **READS),
            Tool(self.get_entity_version, title="Get an entity as it was", **READS),
            Tool(self.diff_entity, title="Compare versions of an entity", **READS),
            Tool(self.entities_as_of, title="List entities as they were", **READS),
            Tool(self.restore_entity_version, title="Restore a version of an entity", **writes),
        ]

    async def entity_history(
        self,
        entity_id: EntityId,
        before: Annotated[
            int | None, Field(description="Only versions below this: next_before.", ge=1), FITS_VERSION
        ] = None,
        limit: Limit = 20,
        project_name: ProjectArgument = None,
    ) -> EntityHistory:
        """List the versions of a work item, newest first: who wrote each, when, and its JSON Patch."""
        return await self._service.versions(await self._resolve(project_name), entity_id, before=before, limit=limit)

    async def get_entity_version(
        self,
        entity_id: EntityId,
        version: Version = None,
        at: Annotated[Moment | None, Field(description="Instead of version: the moment.")] = None,
        project_name: ProjectArgument = None,
    ) -> PastVersion:
        """Get a work item whole as one version had it, or as it was at a moment. Give version or at."""
        return await self._service.past(await self._resolve(project_name), entity_id, version=version, at=at)

    async def diff_entity(
        self,
        entity_id: EntityId,
        from_version: Version = None,
        to_version: Version = None,
        project_name: ProjectArgument = None,
    ) -> EntityDiff:
        """Show what changed in a work item between two versions, place by place; by default in its last write."""
        return await self._service.diff(
            await self._resolve(project_name), entity_id, from_version=from_version, to_version=to_version
        )

    async def entities_as_of(
        self,
        schema_name: SchemaName,
        at: Annotated[Moment, Field(description="With time zone, like 2026-11-21T18:30:00Z.")],
        cursor: Cursor = None,
        limit: Limit = 50,
        project_name: ProjectArgument = None,
    ) -> PastEntities:
        """List the work items of a type as they were at a moment, without those deleted then; page by page."""
        return await self._service.entities_as_of(
            await self._resolve(project_name), schema_name, at, cursor=cursor, limit=limit
        )

    async def restore_entity_version(
        self,
        entity_id: EntityId,
        version: Annotated[int, Field(description="Whose data to write again.", ge=1), FITS_VERSION],
        expected_version: ExpectedVersion = None,
        force: Force = False,
        claim_token: ClaimToken = None,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> WrittenEntity:
        """Write an old version's data as a new version of a work item, checked like any update; nothing is lost."""
        return await self._service.restore_version(
            await self._resolve(project_name),
            entity_id,
            version,
            expected_version=expected_version,
            force=force,
            claim_token=claim_token,
            idempotency_key=idempotency_key,
        )
