"""What is done with work, as use cases: begin, share, link, plan, discuss."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.entities.calls import WriteCalls
from moorage.workflow.entities.references import find_entity
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog, refuse_unknown_type
from moorage.workflow.work import claiming, planning, store
from moorage.workflow.work.answers import (
    AddedComment,
    ClaimAnswer,
    Comments,
    CriticalPath,
    EntityTree,
    EntityView,
    LinkAnswer,
    ReadyWork,
    References,
    ShownEntity,
    WhyBlocked,
)
from moorage.workflow.work.code_references import parse_reference
from moorage.workflow.work.commenting import comment_in, comments_of
from moorage.workflow.work.models import HeldClaim
from moorage.workflow.work.naming import NamedLink, Ties, add_ties_in, find_ties, remove_ties_in
from moorage.workflow.work.showing import show
from moorage.workflow.work.trees import tree_of

MAX_REFERRING = 50

ChangeTies = Callable[..., Awaitable[tuple[int, int]]]


class WorkService:
    """Share the work of a project among agents and people.

    All writes raise KeyReused, and what `find_writable` raises; all that names an entity, EntityNotFound and
    InvalidInput.
    """

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, settings: WorkflowSettings) -> None:
        self._connections = connections
        self._lease_seconds = settings.lease_seconds
        self._calls = WriteCalls(connections, catalog)

    async def show(self, project_name: str, entity_id: str) -> ShownEntity:
        """Return an entity, deleted or not, with everything around it."""
        async with self._connections.get_project_connection(project_name) as connection:
            view = await show(connection, entity_id)
        return ShownEntity(project_name=project_name, **dict(view))

    async def ready(
        self, project_name: str, *, schema_name: str | None = None, assignee: str | None = None, limit: int = 10
    ) -> ReadyWork:
        """Return work that can begin now, the most urgent first, then the oldest.

        Raises:
            TypeNotFound: there is no such type, so that nothing of it will ever be ready.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            ready, total = await store.entity_ready(connection, schema_name=schema_name, assignee=assignee, limit=limit)
            if not ready:
                await refuse_unknown_type(connection, schema_name)
        return ReadyWork(project_name=project_name, total=total, items=[item for _, item in ready])

    async def claim(
        self,
        project_name: str,
        entity_id: str | None = None,
        *,
        schema_name: str | None = None,
        lease_seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> ClaimAnswer:
        """Take an entity for oneself, or the best that is ready; that nothing is ready is not remembered.

        Args:
            schema_name: only of this type; not looked at where an entity is named.
            lease_seconds: None is what the settings say.

        Raises:
            Claimed, NotReady, EntityDeleted: of the entity named.
            TypeNotFound: no entity is named, and there is no such type.
        """
        wanted = {"entity_id": entity_id, "schema_name": schema_name, "lease_seconds": lease_seconds}

        async def write(connection: Connection, project: Project) -> ClaimAnswer:
            options = {"holder": current_caller().name, "lease_seconds": lease_seconds or self._lease_seconds}
            if entity_id is None:
                claim = await claiming.claim_next_in(connection, schema_name=schema_name, **options)
            else:
                claim = await claiming.claim_one_in(connection, entity_id, **options)
            view = await show(connection, str(claim.entity_id))
            return _held(project, claim, f"{view.entity.key} is claimed.", view)

        try:
            return await self._calls.in_transaction(
                project_name, ClaimAnswer, write, key=idempotency_key, tool="claim_work", arguments=wanted
            )
        except claiming.NothingReady:
            async with self._connections.get_project_connection(project_name) as connection:
                await refuse_unknown_type(connection, schema_name)
            return ClaimAnswer(project_name=project_name, message="Nothing is ready now.")

    async def renew(
        self,
        project_name: str,
        claim_token: int,
        *,
        lease_seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> ClaimAnswer:
        """Say that the holder of a claim is still at work: the lease begins anew.

        Raises:
            ClaimLost: the claim has ended, though perhaps nobody has taken it yet.
        """
        lease = lease_seconds or self._lease_seconds
        wanted = {"renew": claim_token, "lease_seconds": lease_seconds}

        async def write(connection: Connection, project: Project) -> ClaimAnswer:
            claim = await claiming.renew(connection, claim_token, lease_seconds=lease, actor=current_caller().name)
            return _held(project, claim, "The lease begins anew.")

        return await self._calls.in_transaction(
            project_name, ClaimAnswer, write, key=idempotency_key, tool="claim_work", arguments=wanted
        )

    async def release(self, project_name: str, claim_token: int, *, idempotency_key: str | None = None) -> ClaimAnswer:
        """Give an entity back before its claim ends; administrators give back those of others too.

        Raises:
            ClaimLost: the claim has ended, or is another's.
        """

        async def write(connection: Connection, project: Project) -> ClaimAnswer:
            await claiming.release(connection, claim_token, caller=current_caller())
            return ClaimAnswer(project_name=project.name, message="The claim is given back.")

        wanted = {"release": claim_token}
        return await self._calls.in_transaction(
            project_name, ClaimAnswer, write, key=idempotency_key, tool="claim_work", arguments=wanted
        )

    async def link(
        self,
        project_name: str,
        entity_id: str,
        links: Sequence[NamedLink] = (),
        references: Sequence[str] = (),
        *,
        idempotency_key: str | None = None,
    ) -> LinkAnswer:
        """Link an entity with others, and let it refer to code; what is there already stays.

        Raises:
            LinkRefused, EntityDeleted.
        """
        return await self._tie(project_name, "link", add_ties_in, entity_id, links, references, idempotency_key)

    async def unlink(
        self,
        project_name: str,
        entity_id: str,
        links: Sequence[NamedLink] = (),
        references: Sequence[str] = (),
        *,
        idempotency_key: str | None = None,
    ) -> LinkAnswer:
        """Take links and references away, all of them or none; also links with what is deleted.

        Raises:
            LinkNotFound: one of them is not there.
        """
        return await self._tie(project_name, "unlink", remove_ties_in, entity_id, links, references, idempotency_key)

    async def references_to(self, project_name: str, reference: str) -> References:
        """Return the entities that refer to a file, a place in it, a commit, a chunk or a URL; open ones first."""
        place = parse_reference(reference)
        async with self._connections.get_project_connection(project_name) as connection:
            found, total = await store.reference_find(connection, place, limit=MAX_REFERRING)
        return References(project_name=project_name, entities=found, left_out=total - len(found))

    async def why_blocked(self, project_name: str, entity_id: str) -> WhyBlocked:
        """Say why an entity is not ready, and what to begin with; or that it is, is claimed, or is over."""
        async with self._connections.get_project_connection(project_name) as connection:
            return await planning.why_blocked(connection, project_name, entity_id)

    async def critical_path(self, project_name: str, entity_id: str | None = None) -> CriticalPath:
        """Return the longest chain of open work that leads to the end of an entity, or of anything."""
        async with self._connections.get_project_connection(project_name) as connection:
            entity = await find_entity(connection, entity_id) if entity_id else None
            return await planning.critical_path(connection, project_name, entity)

    async def tree(self, project_name: str, entity_id: str, *, depth: int = 3) -> EntityTree:
        """Return what an entity is a part of, its parts down to a depth, and counts of all of them by state."""
        async with self._connections.get_project_connection(project_name) as connection:
            return await tree_of(connection, project_name, await find_entity(connection, entity_id), depth=depth)

    async def comment(
        self, project_name: str, entity_id: str, body: str, *, idempotency_key: str | None = None
    ) -> AddedComment:
        """Say something about an entity.

        Raises:
            EntityDeleted.
        """

        async def write(connection: Connection, project: Project) -> AddedComment:
            return await comment_in(connection, project.name, entity_id, body, actor=current_caller().name)

        wanted = {"entity_id": entity_id, "body": body}
        return await self._calls.in_transaction(
            project_name, AddedComment, write, key=idempotency_key, tool="add_comment", arguments=wanted
        )

    async def comments(
        self, project_name: str, entity_id: str, *, limit: int = 20, cursor: str | None = None
    ) -> Comments:
        """Return a page of the comments on an entity, the newest first.

        Raises:
            InvalidCursor.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            return await comments_of(connection, project_name, entity_id, limit=limit, cursor=cursor)

    async def _tie(
        self,
        project_name: str,
        what: str,
        change: ChangeTies,
        entity_id: str,
        links: Sequence[NamedLink],
        references: Sequence[str],
        idempotency_key: str | None,
    ) -> LinkAnswer:
        async def write(connection: Connection, project: Project) -> LinkAnswer:
            ties: Ties = await find_ties(connection, entity_id, links, references)
            linked, referred = await change(connection, ties, actor=current_caller().name)
            return LinkAnswer(
                project_name=project.name, key=ties.key, links_changed=linked, references_changed=referred
            )

        wanted = {what: entity_id, "links": list(links), "references": list(references)}
        return await self._calls.in_transaction(
            project_name, LinkAnswer, write, key=idempotency_key, tool="link_entities", arguments=wanted
        )


def _held(project: Project, claim: HeldClaim, message: str, work: EntityView | None = None) -> ClaimAnswer:
    return ClaimAnswer(
        project_name=project.name,
        message=message,
        claim_token=claim.token,
        expires_at=claim.expires_at,
        work=work,
    )
