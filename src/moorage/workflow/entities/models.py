"""Entities as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from moorage.core.values import Value
from moorage.workflow.documents import Document
from moorage.workflow.types.models import Edition, EntityType, Traits

Mode = Literal["replace", "merge", "patch"]


class Operation(StrEnum):
    """What a version of an entity came from."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    MIGRATE = "migrate"


class Entity(Value):
    """One entity as it is now.

    Attributes:
        key: short and for people, unique in the project: T-123.
        schema_version: the version of its type that the data satisfies.
        version: counts the writes; name it in the next one.
        state: the value of the property that its type calls its state.
        is_open: it is work that is not over.
    """

    id: UUID
    key: str
    schema_name: str
    schema_version: int
    version: int
    title: str
    state: str | None
    is_open: bool
    priority: Annotated[int | None, Field(exclude=True)] = None
    data: dict[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None = None


class Answer(Value):
    """What every write answers.

    Attributes:
        repeated: the call was answered before under its idempotency key, and did nothing now.
    """

    project_name: str
    repeated: bool = False


class WrittenEntity(Answer):
    """The answer to a write of one entity.

    Attributes:
        unchanged: the entity was so already; nothing was written, and there is no new version.
    """

    entity: Entity
    unchanged: bool = False


class DeletedEntity(WrittenEntity):
    """The answer to a deletion.

    Attributes:
        children: keys of the entities below it that were deleted with it.
    """

    children: list[str] = []


class Receipt(Answer):
    """What tools answer to a write: enough for the next one, and not the data over again."""

    id: UUID
    key: str
    version: int
    title: str
    state: str | None
    unchanged: bool
    children: list[str] = []

    @classmethod
    def of(cls, written: WrittenEntity) -> Receipt:
        return cls(
            project_name=written.project_name,
            repeated=written.repeated,
            id=written.entity.id,
            key=written.entity.key,
            version=written.entity.version,
            title=written.entity.title,
            state=written.entity.state,
            unchanged=written.unchanged,
            children=written.children if isinstance(written, DeletedEntity) else [],
        )


class PurgeReport(Value):
    """What was ended for good, or would be.

    Attributes:
        changes: of the feed; the entities that they are about have a history of their own.
        requests: answers kept for calls repeated under their idempotency keys.
    """

    project_name: str
    entities: int
    changes: int
    requests: int
    dry_run: bool


@dataclass(frozen=True)
class Condition:
    """What must be true of an entity for a write of it to happen.

    Attributes:
        expected_version: the one that the caller saw.
        force: write whatever the version is, and whoever has claimed the entity.
        claim_token: the caller holds this claim; None says nothing about claims.
    """

    expected_version: int | None = None
    force: bool = False
    claim_token: int | None = None


@dataclass(frozen=True)
class Claim:
    """Who works on an entity.

    Attributes:
        token: grows with every claim; a write that names an older one is refused.
        is_live: it has not ended.
    """

    holder: str
    token: int
    expires_at: datetime
    is_live: bool


@dataclass(frozen=True)
class LockedEntity:
    """An entity that nobody else changes until the transaction ends.

    Attributes:
        type_edition: of its type now, which may be newer than what it satisfies.
    """

    entity: Entity
    claim: Claim | None
    type_edition: Edition


@dataclass(frozen=True)
class NewEntity:
    """What an insert writes."""

    id: UUID
    entity_type: EntityType
    data: Document
    traits: Traits


@dataclass(frozen=True)
class ChangedEntity:
    """What an update writes: new data, on top of the version that was locked."""

    before: Entity
    operation: Operation
    entity_type: EntityType
    data: Document
    traits: Traits
    patch: list[dict[str, Any]]

    @property
    def is_change(self) -> bool:
        """Whether anything differs; deleting and restoring always does, and so does what a migration would change."""
        is_behind = self.entity_type.has_steps_since(self.before.schema_version)
        return bool(self.patch) or is_behind or self.operation in (Operation.DELETE, Operation.RESTORE)

    @property
    def schema_version(self) -> int:
        """The version of the type that the data satisfies; deleting checks nothing, and so leaves it."""
        return self.before.schema_version if self.operation is Operation.DELETE else self.entity_type.version

    @property
    def ends_claim(self) -> bool:
        """Whether there is nothing left to work on."""
        return self.operation is Operation.DELETE or (self.before.is_open and not self.traits.is_open)


@dataclass(frozen=True)
class PastWrite:
    """One write of an entity, as told to a caller who did not see it.

    Attributes:
        changed: JSON pointers into the data; only the first ones where they are many.
        data: as it was after this write; None where it was not asked for.
    """

    version: int
    operation: str
    at: datetime
    by: str
    changed: list[str]
    data: Document | None


@dataclass(frozen=True)
class Child:
    """An entity below another one, at any depth."""

    root_id: UUID
    id: UUID
    key: str
