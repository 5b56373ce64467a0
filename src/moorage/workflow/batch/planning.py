"""What the operations of a batch will write: each checked against what those before it leave, all problems at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from moorage.core.errors import InvalidInput, MoorageError
from moorage.core.postgres.queries import Executor
from moorage.workflow.batch.drafts import Draft, Drafts
from moorage.workflow.batch.models import (
    MAX_BYTES,
    AddComment,
    AddLink,
    BatchOperation,
    Create,
    Delete,
    Problem,
    RemoveLink,
    Restore,
    Update,
    Write,
)
from moorage.workflow.entities.conditions import refuse_deleted, refuse_unmet_in, refuse_unnamed
from moorage.workflow.entities.edits import Edit, parse_edit
from moorage.workflow.entities.models import ChangedEntity, Condition, LockedEntity, NewEntity, Operation
from moorage.workflow.entities.writing import changed_entity, new_entity, refuse_old_type
from moorage.workflow.errors import TypeChanged
from moorage.workflow.types.models import EntityType
from moorage.workflow.work.commenting import refuse_unfit_body
from moorage.workflow.work.models import Link, NewComment, link_of


@dataclass(frozen=True)
class NewLink:
    """A link to be made."""

    link: Link


@dataclass(frozen=True)
class OldLink:
    """A link to be taken away."""

    link: Link


Effect = NewEntity | ChangedEntity | NewLink | OldLink | NewComment


@dataclass(frozen=True)
class Step:
    """What one operation writes; None writes nothing, because things are so already."""

    place: int
    subject: Draft
    effect: Effect | None


@dataclass
class Planner:
    """Goes through the operations in their order.

    Attributes:
        type_of: the type of a name as it is now; it cannot change until the transaction ends.
        max_bytes: of an entity's data.
    """

    transaction: Executor
    drafts: Drafts
    type_of: Callable[[str], Awaitable[EntityType]]
    max_bytes: int
    actor: str

    async def plan(self, operations: Sequence[BatchOperation]) -> tuple[list[Step], list[Problem]]:
        """Return what is to be written, and why it cannot be.

        Raises:
            InvalidInput: it is too much; small operations on large entities come to a hundred times what was sent.
        """
        steps, problems, room = [], [], MAX_BYTES
        for place, operation in enumerate(operations):
            try:
                step = await self._step(place, operation)
            except TypeChanged:
                raise
            except MoorageError as error:
                self._break(operation)
                problems.append(problem_of(error, str(place)))
            else:
                steps += [step] if step else []
                room -= _size_of(step)
                if room < 0:
                    raise InvalidInput(
                        f"operations: what they leave of entities is more than {MAX_BYTES:,} bytes",
                        hint="Send several batches: each operation here writes the whole of its entity.",
                    )
            await asyncio.sleep(0)  # a check may take its time, and others have their turn after each
        return steps, problems

    async def _step(self, place: int, operation: BatchOperation) -> Step | None:
        """Return what the operation writes; None when one before it, that it stands on, failed."""
        if isinstance(operation, Create):
            return await self._create(place, operation)
        subjects = [self.drafts.get(each) for each in operation.names]
        whole = [each for each in subjects if each is not None and not each.is_broken]
        if len(whole) < len(subjects):
            return None
        match operation:
            case Update() | Delete() | Restore():
                return Step(place, whole[0], await self._write(whole[0], operation))
            case AddComment():
                refuse_unfit_body(operation.body)
                return Step(place, whole[0], NewComment(whole[0].locked.entity.id, operation.body))
            case AddLink() | RemoveLink():
                entity_id, target_id = (each.locked.entity.id for each in whole)
                link = link_of(entity_id, operation.kind, target_id)
                return Step(place, whole[0], NewLink(link) if isinstance(operation, AddLink) else OldLink(link))

    async def _create(self, place: int, operation: Create) -> Step:
        entity_type = await self.type_of(operation.schema_name)
        new = new_entity(entity_type, operation.data, max_bytes=self.max_bytes)
        return Step(place, self.drafts.add(new, operation.ref, actor=self.actor), new)

    async def _write(self, draft: Draft, operation: Write) -> ChangedEntity | None:
        change = await self._change(draft, operation)
        if change is None or not change.is_change:
            return None
        draft.change(change, actor=self.actor)
        return change

    async def _change(self, draft: Draft, operation: Write) -> ChangedEntity | None:
        entity = draft.locked.entity
        match operation:
            case Update():
                edit = parse_edit(operation.mode, operation.data, max_bytes=self.max_bytes)
                refuse_deleted(draft.locked)
                await self._refuse_unmet(draft, operation.condition, edit)
                entity_type = await self._type_of(draft.locked)
                data = edit.applied_to_entity(entity, entity_type)
                return changed_entity(entity, Operation.UPDATE, entity_type, data, max_bytes=self.max_bytes)
            case Delete() if entity.deleted_at is None:
                await self._refuse_unmet(draft, operation.condition)
                return changed_entity(entity, Operation.DELETE, await self._type_of(draft.locked), entity.data)
            case Restore() if entity.deleted_at is not None:
                await self._refuse_unmet(draft, operation.condition)
                entity_type = await self._type_of(draft.locked)
                data = entity_type.brought_forward(entity.data, entity.schema_version)
                return changed_entity(entity, Operation.RESTORE, entity_type, data, max_bytes=self.max_bytes)
        return None

    async def _refuse_unmet(self, draft: Draft, condition: Condition, edit: Edit | None = None) -> None:
        """Refuse as a single call would; after the first write here nobody else can have written, whatever is named."""
        if draft.is_ours:
            condition = replace(condition, expected_version=draft.locked.entity.version)
        refuse_unnamed(condition)
        await refuse_unmet_in(self.transaction, draft.locked, condition, edit)

    async def _type_of(self, locked: LockedEntity) -> EntityType:
        entity_type = await self.type_of(locked.entity.schema_name)
        refuse_old_type(locked, entity_type)
        return entity_type

    def _break(self, operation: BatchOperation) -> None:
        """Leave out what follows on the same entities: it could only fail for the same reason."""
        for name in operation.names:
            try:
                draft = self.drafts.get(name)
            except MoorageError:
                continue
            if draft is not None:
                draft.is_broken = True


def _size_of(step: Step | None) -> int:
    """Return how large the data is that a step writes."""
    effect = step.effect if step else None
    return len(json.dumps(effect.data)) if isinstance(effect, NewEntity | ChangedEntity) else 0


def problem_of(error: MoorageError, place: str) -> Problem:
    """Return a failure as that of an operation."""
    return Problem(
        operation=f"/operations/{place}",
        code=error.code,
        message=error.message,
        hint=error.hint,
        details=error.details,
    )
