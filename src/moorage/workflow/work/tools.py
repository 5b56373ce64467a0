"""Work as MCP tools."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from moorage.core.errors import InvalidInput
from moorage.core.shape import READS, WRITES, Tool
from moorage.core.values import GivenValue
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import ClaimToken, Cursor, EntityId, IdempotencyKey
from moorage.workflow.work.answers import (
    AddedComment,
    ClaimAnswer,
    Comments,
    CriticalPath,
    EntityTree,
    LinkAnswer,
    ReadyWork,
    References,
    ShownEntity,
    WhyBlocked,
)
from moorage.workflow.work.commenting import MAX_CHARACTERS
from moorage.workflow.work.models import LinkRole
from moorage.workflow.work.service import WorkService

OnlyType = Annotated[str | None, Field(description="Only of this type.", max_length=63)]


class NamedLinkArgument(GivenValue):
    """A link with another entity."""

    kind: LinkRole
    target: EntityId


class WorkTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: WorkService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        return [
            Tool(self.get_entity, title="Get an entity", **READS),
            Tool(self.link_entities, title="Link entities", **WRITES),
            Tool(self.ready_work, title="Find ready work", **READS),
            Tool(self.claim_work, title="Claim work", **{**WRITES, "idempotent": False}),
        ]

    def planning(self) -> list[Tool]:
        """The tools of whoever plans and discusses."""
        return [
            Tool(self.why_blocked, title="Why is it blocked?", **READS),
            Tool(self.critical_path, title="Critical path", **READS),
            Tool(self.entity_tree, title="Tree of an entity", **READS),
            Tool(self.references_to, title="Who refers to this code?", **READS),
            Tool(self.add_comment, title="Add a comment", **{**WRITES, "idempotent": False}),
            Tool(self.list_comments, title="List comments", **READS),
        ]

    async def get_entity(self, entity_id: EntityId, project_name: ProjectArgument = None) -> ShownEntity:
        """Get one work item: data, version, state, claim, links, code references, newest comments, what blocks it."""
        return await self._service.show(await self._resolve(project_name), entity_id)

    async def link_entities(
        self,
        entity_id: EntityId,
        links: Annotated[
            list[NamedLinkArgument],
            Field(description="Read as a sentence: it blocks T-5, its parent is T-1.", max_length=100),
        ] = [],  # noqa: B006 - pydantic copies it
        references: Annotated[
            list[str],
            Field(description="src/app.py:10-20, repository//path, a commit hash, a URL, chunk:<id>", max_length=100),
        ] = [],  # noqa: B006 - pydantic copies it
        remove: Annotated[bool, Field(description="Take them away.")] = False,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> LinkAnswer:
        """Link a work item with others and with code. Parents and blockers decide what is ready; cycles are refused."""
        name = await self._resolve(project_name)
        change = self._service.unlink if remove else self._service.link
        named = [(each.kind, each.target) for each in links]
        return await change(name, entity_id, named, references, idempotency_key=idempotency_key)

    async def ready_work(
        self,
        schema_name: OnlyType = None,
        assignee: Annotated[str | None, Field(description="Only with this assignee.", max_length=200)] = None,
        limit: Annotated[int, Field(ge=1, le=100, description="At most this many.")] = 10,
        project_name: ProjectArgument = None,
    ) -> ReadyWork:
        """List work that can begin now: open, unclaimed, unblocked, no open parts; most urgent first."""
        name = await self._resolve(project_name)
        return await self._service.ready(name, schema_name=schema_name, assignee=assignee, limit=limit)

    async def claim_work(
        self,
        entity_id: Annotated[str | None, Field(description="Id or key; left out: the best ready item.")] = None,
        schema_name: OnlyType = None,
        action: Annotated[
            Literal["claim", "renew", "release"],
            Field(description="renew before it ends."),
        ] = "claim",
        claim_token: ClaimToken = None,
        lease_seconds: Annotated[int | None, Field(ge=10, le=604_800, description="How long it holds.")] = None,
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> ClaimAnswer:
        """Take a work item so that nobody else does; returned as by get_entity. Its writes then need claim_token."""
        name = await self._resolve(project_name)
        if action == "claim":
            return await self._service.claim(
                name,
                entity_id,
                schema_name=schema_name,
                lease_seconds=lease_seconds,
                idempotency_key=idempotency_key,
            )
        if claim_token is None:
            raise InvalidInput(f"claim_token: needed to {action}", hint="It is in the answer that made the claim.")
        if action == "release":
            return await self._service.release(name, claim_token, idempotency_key=idempotency_key)
        return await self._service.renew(
            name, claim_token, lease_seconds=lease_seconds, idempotency_key=idempotency_key
        )

    async def why_blocked(self, entity_id: EntityId, project_name: ProjectArgument = None) -> WhyBlocked:
        """Say why a work item is not ready, what blocks it, and what to begin with so that it becomes ready."""
        return await self._service.why_blocked(await self._resolve(project_name), entity_id)

    async def critical_path(
        self,
        entity_id: Annotated[str | None, Field(description="Id or key; left out: the whole project.")] = None,
        project_name: ProjectArgument = None,
    ) -> CriticalPath:
        """Find the longest chain of open work in which each item waits for the one before it.

        Items count their number in the field `estimate`, or 1. What is on it delays everything when it is late.
        """
        return await self._service.critical_path(await self._resolve(project_name), entity_id)

    async def entity_tree(
        self,
        entity_id: EntityId,
        depth: Annotated[int, Field(ge=1, le=20, description="Levels of parts to show.")] = 3,
        project_name: ProjectArgument = None,
    ) -> EntityTree:
        """Show what a work item is a part of and what its parts are, with counts of all of them by state."""
        return await self._service.tree(await self._resolve(project_name), entity_id, depth=depth)

    async def references_to(
        self,
        reference: Annotated[
            str,
            Field(
                description="A file, lines of it (src/app.py:10-20), a commit hash, chunk:<id>, or a URL.",
                min_length=1,
                max_length=2_000,
            ),
        ],
        project_name: ProjectArgument = None,
    ) -> References:
        """Find work items that refer to a place in code. Ask before you change it: something may be known here."""
        return await self._service.references_to(await self._resolve(project_name), reference)

    async def add_comment(
        self,
        entity_id: EntityId,
        body: Annotated[str, Field(description="Markdown.", min_length=1, max_length=MAX_CHARACTERS)],
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> AddedComment:
        """Say something about a work item: findings, questions, decisions. Its data and version stay as they are."""
        name = await self._resolve(project_name)
        return await self._service.comment(name, entity_id, body, idempotency_key=idempotency_key)

    async def list_comments(
        self,
        entity_id: EntityId,
        limit: Annotated[int, Field(ge=1, le=100, description="At most this many.")] = 20,
        cursor: Cursor = None,
        project_name: ProjectArgument = None,
    ) -> Comments:
        """List the comments on a work item in full, the newest first."""
        return await self._service.comments(await self._resolve(project_name), entity_id, limit=limit, cursor=cursor)
