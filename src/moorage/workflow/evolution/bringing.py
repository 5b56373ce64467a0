"""Bringing entities forward to another version of their type: what each becomes, or why it cannot.

It is worked out in threads: a hundred large documents would hold everybody's calls for seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from moorage.core.errors import Conflict, InvalidInput, MoorageError
from moorage.workflow.documents import Document, refuse_unfit
from moorage.workflow.entities.models import ChangedEntity, Entity, Operation
from moorage.workflow.entities.writing import changed_entity
from moorage.workflow.errors import InvalidEntity
from moorage.workflow.evolution.models import FailingEntity, StoredData
from moorage.workflow.types.models import EntityType, Traits
from moorage.workflow.types.problems import Problem
from moorage.workflow.types.validation import problems_in

SHOWN_PROBLEMS = 5


@dataclass
class Batch:
    """Entities by what a migration does with them.

    Attributes:
        fitting: satisfy the version as they are.
    """

    changed: list[ChangedEntity] = field(default_factory=list)
    fitting: list[UUID] = field(default_factory=list)
    failing: list[FailingEntity] = field(default_factory=list)


def bring_forward(entity_type: EntityType, entities: Iterable[Entity], *, max_bytes: int) -> Batch:
    """Return what becomes of entities that satisfy older versions."""
    batch = Batch()
    for each in entities:
        try:
            data = entity_type.brought_forward(each.data, each.schema_version)
            change = changed_entity(each, Operation.MIGRATE, entity_type, data, max_bytes=max_bytes)
        except (InvalidInput, Conflict) as error:
            batch.failing.append(FailingEntity(key=each.key, problems=_problems(error)))
            continue
        if change.patch or change.traits != Traits(each.title, each.state, each.is_open, each.priority):
            batch.changed.append(change)
        else:
            batch.fitting.append(each.id)
    return batch


def failing_of(entity_type: EntityType, entities: Iterable[StoredData], *, max_bytes: int) -> list[FailingEntity]:
    """Return those that cannot be brought forward."""
    found = ((each.key, _problems_of(entity_type, each.data, each.schema_version, max_bytes)) for each in entities)
    return [FailingEntity(key=key, problems=problems) for key, problems in found if problems]


def _problems_of(entity_type: EntityType, data: Document, schema_version: int, max_bytes: int) -> list[Problem]:
    try:
        brought = entity_type.brought_forward(data, schema_version)
        if brought is not data:
            refuse_unfit(brought, max_bytes=max_bytes)
    except (InvalidInput, Conflict) as error:
        return _problems(error)
    return problems_in(entity_type, brought)[:SHOWN_PROBLEMS]


def _problems(error: MoorageError) -> list[Problem]:
    if isinstance(error, InvalidEntity):
        return [Problem.model_validate(each) for each in error.details["problems"][:SHOWN_PROBLEMS]]
    return [Problem(pointer="", message=error.message)]
