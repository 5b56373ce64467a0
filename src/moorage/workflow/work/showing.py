"""An entity with everything around it, in one question to the database."""

from __future__ import annotations

from typing import Any

from moorage.core.postgres.queries import Executor, Row
from moorage.workflow.entities.references import parse_ref, refuse_missing
from moorage.workflow.entities.store import entity_of
from moorage.workflow.work import store
from moorage.workflow.work.answers import EntityView, LinkedEntity, LiveClaim
from moorage.workflow.work.code_references import reference_text
from moorage.workflow.work.models import CodeReference, Comment, LinkKind, role_in

MAX_SHOWN = 50
SHOWN_COMMENTS = 3
SHOWN_COMMENT_CHARACTERS = 500


async def show(connection: Executor, entity_id: str) -> EntityView:
    """Return an entity, deleted or not, with its live claim, links, references, newest comments and blockers.

    Raises:
        EntityNotFound, InvalidInput.
    """
    row = await store.entity_show(
        connection,
        parse_ref(entity_id),
        limit=MAX_SHOWN,
        comments=SHOWN_COMMENTS,
        body_characters=SHOWN_COMMENT_CHARACTERS,
    )
    if row is None:
        refuse_missing([entity_id])
    assert row is not None
    return _view(row)


def _view(row: Row) -> EntityView:
    links, references, comments = (row[name] or [] for name in ("links", "references", "comments"))
    return EntityView(
        entity=entity_of(row),
        claim=None if row["holder"] is None else LiveClaim(holder=row["holder"], expires_at=row["expires_at"]),
        links=[_linked(each) for each in links],
        references=[reference_text(_reference(each)) for each in references],
        comment_count=_total(comments),
        comments=[Comment(**_without_total(each)) for each in comments],
        blocked_by=row["blocked_by"] or [],
        left_out=_total(links) - len(links) + _total(references) - len(references),
    )


def _linked(link: dict[str, Any]) -> LinkedEntity:
    kind = role_in(LinkKind(link["kind"]), is_source=link["is_source"])
    return LinkedEntity(kind=kind, key=link["key"], title=link["title"], state=link["state"], is_open=link["is_open"])


def _reference(reference: dict[str, Any]) -> CodeReference:
    return CodeReference(**_without_total(reference))


def _without_total(counted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in counted.items() if name != "total"}


def _total(counted: list[dict[str, Any]]) -> int:
    return counted[0]["total"] if counted else 0
