"""The one way in which entities are written: checked against their type, with history and feed, in a transaction.

Everything that writes entities stands on this module: single calls, batches, imports, migrations, restores of old
versions. Who calls it owns the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from moorage.core.postgres.queries import Executor
from moorage.workflow.documents import MAX_BYTES, Document, refuse_unfit
from moorage.workflow.entities import store
from moorage.workflow.entities.models import ChangedEntity, Entity, LockedEntity, NewEntity, Operation
from moorage.workflow.entities.references import EntityRef, parse_ref, refuse_missing, split_refs
from moorage.workflow.entities.uniqueness import own_values
from moorage.workflow.errors import InvalidPatch, PatchFailed, StepsFailed, TransitionRefused, TypeChanged
from moorage.workflow.patches import difference
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.validation import refuse_invalid


def new_entity(
    entity_type: EntityType, data: Document, *, entity_id: UUID | None = None, max_bytes: int = MAX_BYTES
) -> NewEntity:
    """Return what an insert writes: the data with defaults filled in, checked.

    Raises:
        InvalidInput, InvalidEntity, TransitionRefused: (it may not begin in this state).
    """
    refuse_unfit(data, max_bytes=max_bytes)
    whole = {**entity_type.defaults, **data}
    refuse_invalid(entity_type, whole)
    traits = entity_type.traits_of(whole)
    _refuse_beginning(entity_type, traits.state)
    return NewEntity(entity_id or uuid4(), entity_type, whole, traits)


def changed_entity(
    before: Entity,
    operation: Operation,
    entity_type: EntityType,
    data: Document,
    *,
    max_bytes: int = MAX_BYTES,
) -> ChangedEntity:
    """Return what an update writes: the next data of a locked entity, checked.

    Deleting checks nothing: what is old and invalid can go.

    Raises:
        InvalidInput, InvalidEntity, TransitionRefused.
    """
    if operation is not Operation.DELETE:
        refuse_unfit(data, max_bytes=max_bytes)
        refuse_invalid(entity_type, data)
    traits = entity_type.traits_of(data)
    if operation is Operation.UPDATE:
        _refuse_transition(entity_type, before, traits.state)
    return ChangedEntity(before, operation, entity_type, data, traits, difference(before.data, data))


async def insert(connection: Executor, entities: Sequence[NewEntity], *, actor: str) -> list[Entity]:
    """Write entities, all or none of them, and return them in the order given.

    One statement; more than one entity needs a transaction, for when a type has changed.

    Raises:
        TypeChanged: nothing may be kept; see `TypeCatalog.with_current`.
        EntityExists: another entity has a value that must be its own; the transaction is lost.
    """
    with own_values(entities):
        written = {each.id: each for each in await store.entity_insert(connection, entities, actor=actor)}
    if len(written) < len(entities):
        raise _type_changed()
    return [written[each.id] for each in entities]


async def lock_in(transaction: Executor, refs: Sequence[EntityRef]) -> Mapping[EntityRef, LockedEntity]:
    """Lock entities until the transaction ends; return them under id and key, without those that are not there."""
    locked = await store.entity_lock_in(transaction, *split_refs(refs))
    return {name: each for each in locked for name in (each.entity.id, each.entity.key)}


async def lock_one_in(transaction: Executor, entity_id: str) -> LockedEntity:
    """Lock the entity of an id or key until the transaction ends.

    Raises:
        EntityNotFound, InvalidInput.
    """
    ref = parse_ref(entity_id)
    locked = await lock_in(transaction, [ref])
    if ref not in locked:
        refuse_missing([entity_id])
    return locked[ref]


async def update_in(transaction: Executor, changes: Sequence[ChangedEntity], *, actor: str) -> list[Entity]:
    """Write the next versions of locked entities and return them in the order given.

    Raises:
        EntityExists: another entity has a value that must be its own; the transaction is lost.
    """
    with own_values(changes):
        written = {each.id: each for each in await store.entity_update_in(transaction, changes, actor=actor)}
    return [written[each.before.id] for each in changes]


def refuse_old_type(locked: LockedEntity, entity_type: EntityType) -> None:
    """Refuse to validate against a type that has moved on.

    Raises:
        TypeChanged: see `TypeCatalog.with_current`.
    """
    if locked.type_edition != entity_type.edition:
        raise _type_changed()


def _type_changed() -> TypeChanged:
    return TypeChanged("a type changed during the call; nothing was written", hint="Repeat the call.")


def _refuse_beginning(entity_type: EntityType, state: str | None) -> None:
    rules = entity_type.rules.state
    if rules is None or rules.initial is None or state in rules.initial:
        return
    raise TransitionRefused(
        f"a new {entity_type.name!r} cannot begin with {rules.field} {state!r}",
        hint=f"Begin with {' or '.join(rules.initial)}.",
        allowed=rules.initial,
    )


def _refuse_transition(entity_type: EntityType, before: Entity, state: str | None) -> None:
    rules = entity_type.rules.state
    if rules is None or rules.transitions is None:
        return
    was = _state_before(entity_type, before)
    if was is None or state == was:
        return
    allowed = rules.transitions.get(was, [])
    if state not in allowed:
        raise TransitionRefused(
            f"{before.key} cannot go from {rules.field} {was!r} to {state!r}",
            hint=f"From {was!r} it may go to: {', '.join(allowed) or 'nothing, it is final'}.",
            allowed=allowed,
        )


def _state_before(entity_type: EntityType, before: Entity) -> str | None:
    """Return the state that a change begins from, as the type of now calls it; None where that cannot be told."""
    if before.schema_version == entity_type.version:
        return before.state
    try:
        data = entity_type.brought_forward(before.data, before.schema_version)
    except (StepsFailed, PatchFailed, InvalidPatch):
        return None
    return entity_type.traits_of(data).state
