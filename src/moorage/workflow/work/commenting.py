"""What is said about entities."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from moorage.core.errors import InvalidInput
from moorage.core.postgres.queries import Executor
from moorage.workflow.cursors import cursor_key_get, seal, unseal
from moorage.workflow.documents import refuse_unfit
from moorage.workflow.entities.references import find_entity
from moorage.workflow.work import store
from moorage.workflow.work.answers import AddedComment, Comments
from moorage.workflow.work.linking import comments_add_in
from moorage.workflow.work.models import NewComment

MAX_CHARACTERS = 20_000


async def comment_in(
    transaction: Executor, project_name: str, entity_id: str, body: str, *, actor: str
) -> AddedComment:
    """Say something about an entity.

    Raises:
        InvalidInput: nothing is said, too much, or with characters that cannot be stored.
        EntityDeleted, EntityNotFound.
    """
    refuse_unfit_body(body)
    entity = await find_entity(transaction, entity_id)
    (comment,) = await comments_add_in(transaction, [NewComment(entity.id, body)], actor=actor)
    return AddedComment(project_name=project_name, key=entity.key, comment=comment)


async def comments_of(
    connection: Executor, project_name: str, entity_id: str, *, limit: int, cursor: str | None
) -> Comments:
    """Return a page of the comments on an entity, deleted or not, the newest first.

    Raises:
        InvalidCursor, EntityNotFound, InvalidInput.
    """
    entity = await find_entity(connection, entity_id)
    secret, purpose = await cursor_key_get(connection), f"comments {entity.id}"
    before = _place_of(unseal(secret, purpose, cursor)) if cursor is not None else None
    found = await store.comment_page(connection, entity.id, before=before, limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return Comments(
        project_name=project_name,
        key=entity.key,
        total=await store.comment_count(connection, entity.id),
        comments=shown,
        next_cursor=seal(secret, purpose, [shown[-1].created_at.isoformat(), str(shown[-1].id)]) if more else None,
    )


def refuse_unfit_body(body: str) -> None:
    """Refuse what is no comment.

    Raises:
        InvalidInput: nothing is said, too much, or with characters that cannot be stored.
    """
    if not body.strip() or len(body) > MAX_CHARACTERS:
        raise InvalidInput(
            f"body: {len(body):,} characters, 1 to {MAX_CHARACTERS:,} are allowed",
            hint="Put long texts into a file and refer to it with link_entities.",
        )
    refuse_unfit({"body": body}, what="the comment")


def _place_of(values: list[str]) -> tuple[datetime, UUID]:
    at, comment_id = values
    return datetime.fromisoformat(at), UUID(comment_id)
