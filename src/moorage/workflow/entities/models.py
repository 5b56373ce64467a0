"""Entities as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from moorage.workflow.documents import Document
from moorage.workflow.types.models import EntityType, Traits

Mode = Literal["replace", "merge", "patch"]


class Operation(StrEnum):
    """What a version of an entity came from."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    MIGRATE = "migrate"


class Entity(BaseModel):
    """One entity as it is now.

    Attributes:
        key: short and for people, unique in the project: T-123.
        schema_version: the version of its type that the data satisfies.
        version: counts the writes; name it in the next one.
        state: the value of the property that its type calls its state.
        is_open: it is work that is not over.
    """

    model_config = ConfigDict(frozen=True)

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


class Answer(BaseModel):
    """What every write answers.

    Attributes:
        repeated: the call was answered before under its idempotency key, and did nothing now.
    """

    model_config = ConfigDict(frozen=True)

    project_name: str
    repeated: bool = False


class WrittenEntity(Answer):
    """The answer to a write of one entity."""

    entity: Entity


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
        type_version: of its type now, which may be newer than what it satisfies.
    """

    entity: Entity
    claim: Claim | None
    type_version: int


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
