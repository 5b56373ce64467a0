"""Links and references as callers write them: by keys, roles and short texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moorage.core.errors import InvalidInput
from moorage.core.postgres.queries import Executor
from moorage.workflow.entities.references import find_entities
from moorage.workflow.errors import LinkNotFound
from moorage.workflow.work.code_references import parse_reference
from moorage.workflow.work.linking import links_add_in, links_remove_in, references_add_in, references_remove_in
from moorage.workflow.work.models import Link, LinkRole, NewReference, link_of

MAX_NAMED = 200

# A role, and the id or key of the other entity: ("blocks", "T-5").
NamedLink = tuple[LinkRole, str]


@dataclass(frozen=True)
class Ties:
    """What an entity is tied to, found."""

    key: str
    links: list[Link]
    references: list[NewReference]


async def find_ties(
    connection: Executor, entity_id: str, links: Sequence[NamedLink], references: Sequence[str]
) -> Ties:
    """Return the links and references of an entity that a caller names, once each.

    Raises:
        EntityNotFound, InvalidInput.
    """
    if not 0 < len(links) + len(references) <= MAX_NAMED:
        raise InvalidInput(
            f"links, references: {len(links) + len(references)} in all, 1 to {MAX_NAMED} are allowed",
            hint='Name links as {"kind": "blocks", "target": "T-5"}, references as "src/app.py:10-20".',
        )
    entity, *others = await find_entities(connection, [entity_id, *(target for _, target in links)])
    found = [link_of(entity.id, role, other.id) for (role, _), other in zip(links, others, strict=True)]
    places = [NewReference(entity.id, parse_reference(each)) for each in references]
    return Ties(entity.key, list(dict.fromkeys(found)), list(dict.fromkeys(places)))


async def add_ties_in(transaction: Executor, ties: Ties, *, actor: str) -> tuple[int, int]:
    """Add links and references; return how many of each were not there before.

    Raises:
        LinkRefused, EntityDeleted, EntityNotFound.
    """
    added = await links_add_in(transaction, ties.links, actor=actor) if ties.links else []
    referred = await references_add_in(transaction, ties.references, actor=actor) if ties.references else 0
    return len(added), referred


async def remove_ties_in(transaction: Executor, ties: Ties, *, actor: str) -> tuple[int, int]:
    """Remove links and references; return how many of each.

    Raises:
        LinkNotFound: one of them is not there; nothing may be kept.
    """
    removed = await links_remove_in(transaction, ties.links, actor=actor) if ties.links else []
    referred = await references_remove_in(transaction, ties.references, actor=actor) if ties.references else 0
    if len(removed) < len(ties.links) or referred < len(ties.references):
        raise LinkNotFound(
            f"{ties.key} does not have all of these links and references; nothing was removed",
            hint="get_entity shows those it has, in the words to name them by.",
        )
    return len(removed), referred
