"""Changes of types as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from moorage.core.values import Value
from moorage.workflow.types.models import TypeRules
from moorage.workflow.types.problems import Problem
from moorage.workflow.types.steps import Step

SHOWN_ENTITIES = 20
SHOWN_REASONS = 20
SHOWN_VERSIONS = 50
MigrationState = Literal["running", "done", "failed"]
# How a version of a type stands to the one before; see `Change`.
VersionChange = Literal["first", "same", "compatible", "needs_migration", "breaking"]


class Change(StrEnum):
    """How much a new version of a type asks of the entities of the one before, least first.

    Attributes:
        SAME: exactly the same data is valid.
        COMPATIBLE: all that was valid stays valid; no entity has to change.
        NEEDS_MIGRATION: data may not be valid any more, or it cannot be told; steps can mend it.
        BREAKING: data may stay valid and yet mean something else, which no step could have meant: another dialect of
            JSON Schema, other alternatives at the root, another state field or none.
    """

    SAME = "same"
    COMPATIBLE = "compatible"
    NEEDS_MIGRATION = "needs_migration"
    BREAKING = "breaking"


class Reason(Value):
    """One difference between two versions of a type.

    Attributes:
        pointer: where in the new schema, as a JSON pointer (RFC 6901); `rules/...` for the rules.
    """

    pointer: str
    change: Change
    message: str


@dataclass(frozen=True)
class Evolution:
    """What is asked of a type: None leaves a part as it is.

    Attributes:
        steps: applied to each entity; None fills in the defaults of properties that become required.
    """

    schema_definition: dict[str, Any] | None = None
    description: str | None = None
    rules: TypeRules | None = None
    steps: Sequence[Step] | None = None


class FailingEntity(Value):
    """An entity that does not satisfy the new version, and why."""

    key: str
    problems: list[Problem]


class CheckedEntities(Value):
    """What became of trying a new version with every entity that is not deleted.

    Attributes:
        checked: so many were tried.
        failing: so many do not satisfy it, with the steps applied.
        shown: the first of them; fewer than `failing` when the list was cut.
    """

    checked: int
    failing: int
    shown: list[FailingEntity]


class Migration(Value):
    """How the entities of a type are brought to one of its versions.

    Attributes:
        state: `running` also when nobody works on it just now; `failed` ended with entities left behind.
        migrated: so many entities satisfy the version by it.
        behind: so many entities are older than the version still.
        failing: those that could not be brought forward when it ended, at most the first of them.
    """

    schema_name: str
    to_version: int
    state: MigrationState
    migrated: int
    behind: int
    failing: list[FailingEntity]
    updated_at: datetime


class EvolvedType(Value):
    """The answer to a change of a type.

    Attributes:
        version: the type's version now; in a dry run the one it would have.
        change: how the new version stands to the entities; `reasons` say why, at most the most serious ones.
        entities: what became of trying it; None when nothing had to be tried.
        migration: None when no entity has to change.
    """

    project_name: str
    schema_name: str
    version: int
    change: VersionChange
    reasons: list[Reason]
    dry_run: bool
    entities: CheckedEntities | None = None
    migration: Migration | None = None


class MigratedType(Value):
    """The answer to finishing a migration; without one there was nothing to do."""

    project_name: str
    schema_name: str
    migration: Migration | None


class TypeVersion(Value):
    """One version of a type.

    Attributes:
        reasons: what changed against the version before, at most the most serious ones.
        migrated: so many entities were brought to it; None without a migration.
        steps: as JSON; whoever lists them does not pay for the schema of each kind.
        schema_definition: of a version that was asked for alone.
        rules: of it as well, as JSON.
    """

    version: int
    change: VersionChange
    reasons: list[Reason]
    created_at: datetime
    created_by: str
    steps: list[dict[str, Any]]
    migration_state: MigrationState | None
    migrated: int | None
    schema_definition: dict[str, Any] | None = None
    rules: dict[str, Any] | None = None


class TypeHistory(Value):
    """The versions of a type, newest first.

    Attributes:
        truncated: there are older ones.
    """

    project_name: str
    schema_name: str
    versions: list[TypeVersion]
    truncated: bool = False


@dataclass(frozen=True)
class StoredData:
    """What is read of an entity to try a version with it."""

    id: UUID
    key: str
    schema_version: int
    data: dict[str, Any]


@dataclass(frozen=True)
class StoredVersion:
    """One row of `entity_schema_versions`, with that of its migration beside it."""

    version: int
    schema_definition: dict[str, Any]
    rules: TypeRules
    change: VersionChange
    created_at: datetime
    created_by: str
    steps: list[Step]
    state: MigrationState | None
    migrated: int | None
