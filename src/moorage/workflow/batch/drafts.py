"""The entities of a batch as its operations, one after another, would leave them; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from moorage.workflow.batch.models import REFERENCE_MARK
from moorage.workflow.entities.models import ChangedEntity, Entity, LockedEntity, NewEntity, Operation
from moorage.workflow.entities.references import EntityRef, parse_ref
from moorage.workflow.errors import EntityNotFound


@dataclass
class Draft:
    """One entity between two operations.

    Attributes:
        locked: as the next operation finds it.
        is_ours: an operation of this batch wrote it, so nobody else can have written since.
        is_broken: an operation on it failed, so those that follow say nothing new.
    """

    locked: LockedEntity
    is_ours: bool = False
    is_broken: bool = False

    def change(self, change: ChangedEntity, *, actor: str) -> None:
        """Take over what an operation makes of it."""
        claim = None if change.ends_claim else self.locked.claim
        self.locked = LockedEntity(_next(change, actor), claim, self.locked.type_edition)
        self.is_ours = True


class Drafts:
    """All entities that a batch is about, by id, key and `$ref`."""

    def __init__(self, locked: Mapping[EntityRef, LockedEntity]) -> None:
        by_id = {each.entity.id: Draft(each) for each in locked.values()}
        self._by_name: dict[EntityRef, Draft] = {name: by_id[each.entity.id] for name, each in locked.items()}

    def get(self, name: str) -> Draft | None:
        """Return an entity; None when the operation that was to make it failed.

        Raises:
            EntityNotFound, InvalidInput: as an id or key.
        """
        if name.startswith(REFERENCE_MARK):
            return self._by_name.get(name)
        draft = self._by_name.get(parse_ref(name))
        if draft is None:
            raise EntityNotFound(f"there is no entity {name}", hint="query_entities finds entities.", missing=[name])
        return draft

    def add(self, new: NewEntity, ref: str | None, *, actor: str) -> Draft:
        """Add what an operation creates, and return it."""
        name = f"{REFERENCE_MARK}{ref}" if ref else str(new.id)
        draft = Draft(LockedEntity(_first(new, name, actor), None, new.entity_type.edition), is_ours=True)
        self._by_name[name] = draft
        return draft


def _first(new: NewEntity, name: str, actor: str) -> Entity:
    now = datetime.now(UTC)
    return Entity.model_construct(
        id=new.id,
        key=name,  # in messages, until it has one
        schema_name=new.entity_type.name,
        schema_version=new.entity_type.version,
        version=1,
        title=new.traits.title,
        state=new.traits.state,
        is_open=new.traits.is_open,
        data=new.data,
        created_at=now,
        created_by=actor,
        updated_at=now,
        updated_by=actor,
        deleted_at=None,
    )


def _next(change: ChangedEntity, actor: str) -> Entity:
    now = datetime.now(UTC)
    deleted_at = {Operation.DELETE: now, Operation.RESTORE: None}.get(change.operation, change.before.deleted_at)
    return change.before.model_copy(
        update={
            "version": change.before.version + 1,
            "schema_version": change.schema_version,
            "data": change.data,
            "title": change.traits.title,
            "state": change.traits.state,
            "is_open": change.traits.is_open,
            "updated_at": now,
            "updated_by": actor,
            "deleted_at": deleted_at,
        }
    )
