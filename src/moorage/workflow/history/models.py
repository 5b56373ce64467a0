"""Versions of entities, and what lies between them, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from moorage.core.values import Value


class EntityVersion(Value):
    """One version of an entity, without its data.

    Attributes:
        operation: create, update, delete, restore or migrate.
        schema_version: the version of its type that its data satisfied.
        patch: the JSON Patch (RFC 6902) that led to it; None for the first version.
        patch_left_out: it is too large for a list; `diff_entity` shows what changed.
    """

    version: int
    operation: str
    schema_version: int
    patch: list[dict[str, Any]] | None
    patch_left_out: bool
    created_at: datetime
    created_by: str


class EntityHistory(Value):
    """Versions of an entity, the newest first.

    Attributes:
        next_before: there are older ones: pass it as `before`.
    """

    project_name: str
    entity_id: UUID
    key: str
    versions: list[EntityVersion]
    next_before: int | None


class PastVersion(Value):
    """An entity as it was in one of its versions.

    Attributes:
        is_deleted: it was deleted then.
    """

    project_name: str
    entity_id: UUID
    key: str
    schema_name: str
    schema_version: int
    version: int
    operation: str
    is_deleted: bool
    data: dict[str, Any]
    created_at: datetime
    created_by: str


class FieldChange(Value):
    """One place in the data that is not as it was.

    Attributes:
        pointer: JSON pointer (RFC 6901); "" is the whole.
        before, after: None as well where the place is not there; `change` tells.
    """

    pointer: str
    change: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None


class EntityDiff(Value):
    """What leads from one version of an entity to another.

    Attributes:
        patch: as JSON Patch (RFC 6902).
        changes: the same place by place, with values; lists are one place.
        changes_left_out: so many more places have changed.
    """

    project_name: str
    entity_id: UUID
    key: str
    from_version: int
    to_version: int
    patch: list[dict[str, Any]]
    changes: list[FieldChange]
    changes_left_out: int = 0


class PastEntity(Value):
    """An entity as it was at a moment.

    Attributes:
        schema_version: the version of its type that its data satisfied.
        updated_at, updated_by: of that version.
    """

    id: UUID
    key: str
    schema_name: str
    schema_version: int
    version: int
    data: dict[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class PastEntities(Value):
    """The entities of a type as they were at a moment, by id.

    Attributes:
        next_cursor: there are more: pass it with the same arguments.
    """

    project_name: str
    schema_name: str
    at: datetime
    entities: list[PastEntity]
    next_cursor: str | None
