"""How an entity is named: by its id, or by its short key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from moorage.core.errors import InvalidInput
from moorage.core.postgres.queries import Executor
from moorage.workflow.entities import store
from moorage.workflow.entities.models import Entity
from moorage.workflow.errors import EntityNotFound

EntityRef = UUID | str
_KEY = re.compile(r"[A-Z][A-Z0-9_]*-[1-9][0-9]{0,18}")


def parse_ref(text: str) -> EntityRef:
    """Return the id or the key that a caller wrote; keys in any case.

    Raises:
        InvalidInput: it is neither.
    """
    key = text.strip().upper()
    if _KEY.fullmatch(key):
        return key
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(
            f"entity_id: {text[:60]!r} is neither an id nor a key",
            hint="Keys are like T-123; query_entities shows both.",
        ) from None


def split_refs(refs: Sequence[EntityRef]) -> tuple[list[UUID], list[str]]:
    """Return the ids and the keys among these."""
    return [each for each in refs if isinstance(each, UUID)], [each for each in refs if isinstance(each, str)]


def found_by_ref(entities: Sequence[Entity]) -> dict[EntityRef, Entity]:
    """Return entities under both of their names."""
    return {name: each for each in entities for name in (each.id, each.key)}


async def find_entity(connection: Executor, text: str) -> Entity:
    """Return the entity of an id or key, deleted or not.

    Raises:
        EntityNotFound, InvalidInput.
    """
    return (await find_entities(connection, [text]))[0]


async def find_entities(connection: Executor, texts: Sequence[str]) -> list[Entity]:
    """Return the entities of ids or keys in the order given, deleted or not.

    Raises:
        EntityNotFound: naming all that are not there. InvalidInput.
    """
    refs = [parse_ref(each) for each in texts]
    found = found_by_ref(await store.entity_get(connection, *split_refs(refs)))
    refuse_missing([text for text, ref in zip(texts, refs, strict=True) if ref not in found])
    return [found[each] for each in refs]


def refuse_missing(missing: Sequence[str]) -> None:
    """Refuse when anything is missing.

    Raises:
        EntityNotFound: naming all.
    """
    if missing:
        raise EntityNotFound(
            f"there is no entity {', '.join(missing)}",
            hint="query_entities finds entities; purged ones are gone.",
            missing=list(missing),
        )
