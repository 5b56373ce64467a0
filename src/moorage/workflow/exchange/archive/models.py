"""What stands in the files; names are those of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from moorage.core.values import GivenValue
from moorage.workflow.deployments.models import Status
from moorage.workflow.entities.models import Operation
from moorage.workflow.work.models import LinkKind, ReferenceKind

FORMAT = "moorage workflow"
FORMAT_VERSION = 1

TypeName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*-[1-9][0-9]{0,17}$", max_length=100)]
Counter = Annotated[int, Field(ge=1, lt=2**31)]


class Archived(GivenValue):
    """What all of them share: nothing unknown is dropped in silence."""


class Manifest(Archived):
    """Says that a folder is an export, and in which format."""

    format: str = FORMAT
    version: int = FORMAT_VERSION


class ArchivedTypeVersion(Archived):
    """One row of `entity_schema_versions`."""

    version: Counter
    schema_definition: dict[str, Any]
    rules: dict[str, Any]
    change: str
    created_at: datetime
    created_by: str


class ArchivedMigration(Archived):
    """One row of `schema_migrations`: how entities came from one version of the type to the next."""

    id: UUID
    to_version: Counter
    steps: list[Any]
    state: Literal["running", "done", "failed"]
    migrated: int
    last_id: UUID | None
    error: Any
    created_at: datetime
    updated_at: datetime
    created_by: str


class ArchivedType(Archived):
    """A type with its versions."""

    id: UUID
    schema_name: TypeName
    version: Counter
    description: str | None
    schema_definition: dict[str, Any]
    rules: dict[str, Any]
    key_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    versions: list[ArchivedTypeVersion]
    migrations: list[ArchivedMigration]


class ArchivedVersion(Archived):
    """One row of `entity_versions`."""

    version: Counter
    operation: Operation
    schema_version: Counter
    data: dict[str, Any]
    patch: list[dict[str, Any]] | None
    created_at: datetime
    created_by: str


class ArchivedLink(Archived):
    """A link of the entity in whose file it stands, to another."""

    kind: LinkKind
    target: Key
    created_at: datetime
    created_by: str


class ArchivedReference(Archived):
    """One row of `code_references`."""

    id: UUID
    kind: ReferenceKind
    repository: str
    target: str
    start_line: int
    end_line: int
    note: str
    created_at: datetime
    created_by: str


class ArchivedComment(Archived):
    """One row of `comments`."""

    id: UUID
    body: str
    created_at: datetime
    created_by: str


class ArchivedOrigin(Archived):
    """One row of `origins`."""

    source: str
    external_id: str
    created_at: datetime
    created_by: str


class ArchivedEntity(Archived):
    """An entity with its history and all that hangs on it; columns that follow from its data are not here."""

    id: UUID
    key: Key
    schema_name: TypeName
    schema_version: Counter
    version: Counter
    data: dict[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
    versions: list[ArchivedVersion]
    links: list[ArchivedLink]
    references: list[ArchivedReference]
    comments: list[ArchivedComment]
    origins: list[ArchivedOrigin]


class ArchivedTransition(Archived):
    """One row of `deployment_transitions`."""

    version: Counter
    status: Status
    created_at: datetime
    created_by: str


class ArchivedDeployment(Archived):
    """A deployment with its transitions and the keys of its work items."""

    id: UUID
    environment: str
    commit_sha: str
    attempt: Counter
    branch: str | None
    status: Status
    version: Counter
    data: dict[str, Any]
    committed_at: datetime | None
    started_at: datetime
    deployed_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    transitions: list[ArchivedTransition]
    work_items: list[Key]
