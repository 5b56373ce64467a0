"""Projects as values."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from pydantic import ByteSize

from moorage.core.values import Value
from moorage.projects.errors import InvalidProjectName

ProjectName = NewType("ProjectName", str)

# 55 characters after "project_" are PostgreSQL's 63 bytes: no database name is ever cut, none is ever shared.
DATABASE_PREFIX = "project_"
MAX_NAME_LENGTH = 55
# The server that holds the registry, and projects placed nowhere else.
MAIN_SERVER = "main"
# Health and statistics list the registry's own pool beside those of projects.
RESERVED_NAME = "registry"
_NAME = re.compile(rf"[a-z0-9_]{{1,{MAX_NAME_LENGTH}}}")
_SHOWN_CHARACTERS = 80


class ProjectState(StrEnum):
    """Where a project is in its life.

    creating → ready → deleting → (gone); copying → ready, where the database comes from a backup or another
    project; ready ⇄ archived, which is read-only; ready → moving → ready, read-only meanwhile. A crash leaves
    `creating`, `copying`, `moving` or `deleting`; repeating the call goes on from there.
    """

    CREATING = "creating"
    COPYING = "copying"
    READY = "ready"
    ARCHIVED = "archived"
    MOVING = "moving"
    DELETING = "deleting"


READABLE_STATES = frozenset({ProjectState.READY, ProjectState.ARCHIVED, ProjectState.MOVING})


class Project(Value):
    """One row of the registry.

    Attributes:
        server: the PostgreSQL server its database is on, as the settings name it.
        generation: counts the databases this name has had and the ways to reach them; older connections are closed.
        snapshot_of: the project this one is a snapshot of.
        database_bytes: as last measured, None before the first time.
        max_bytes: no write is begun above this size; None is no limit.
        max_connections: of one process; None is the limit of the settings.
    """

    id: UUID
    name: str
    database_name: str
    description: str | None
    folder: str | None
    state: ProjectState
    generation: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    title: str | None = None
    server: str = MAIN_SERVER
    snapshot_of: UUID | None = None
    last_used_at: datetime | None = None
    database_bytes: int | None = None
    max_bytes: int | None = None
    max_connections: int | None = None

    @property
    def is_read_only(self) -> bool:
        return self.state is not ProjectState.READY


class MeasuredProject(Value):
    """What of a project concerns its size."""

    id: UUID
    name: str
    database_name: str
    state: ProjectState
    server: str
    database_bytes: int | None

    def with_bytes(self, measured: int | None) -> MeasuredProject:
        """Return it with a new size; None keeps the one it has."""
        return self if measured is None else self.model_copy(update={"database_bytes": measured})


class DatabaseUser(Value):
    """Sessions of one program in a database."""

    application_name: str
    state: str | None
    sessions: int


class StoredIndex(Value):
    """An index of a database; one that is not valid costs with every write and is of no use to any query."""

    schema_name: str
    index_name: str
    is_valid: bool

    @property
    def name(self) -> str:
        """Its name for people: schema.index."""
        return f"{self.schema_name}.{self.index_name}"


class TableSize(Value):
    """A table of a project's database; bytes with indexes, rows as the planner estimates them (-1: unknown)."""

    schema_name: str
    table_name: str
    bytes: int
    estimated_rows: int


class ProjectPage(Value):
    """Projects in the order of their names; `next_after` asks for the rest, None at the end."""

    projects: tuple[Project, ...]
    next_after: str | None = None


class CreatedProject(Project):
    """A project, and whether this call made it."""

    created: bool


class DeletedProject(Value):
    """What was deleted, and where the backup lies that was taken of it first."""

    name: str
    database_name: str
    deleted: bool = True
    backup: str | None = None


class Tombstone(Value):
    """What is left of a deleted project."""

    id: UUID
    name: str
    server: str
    title: str | None
    description: str | None
    created_at: datetime
    created_by: str
    deleted_at: datetime
    deleted_by: str
    backup: str | None


class ProjectOrder(StrEnum):
    """What the foremost projects have most of: bytes, or the latest use."""

    SIZE = "size"
    LAST_USE = "last-use"


class ProjectStats(Value):
    """How large a project is and who uses it now."""

    project_name: str
    database_name: str
    database_bytes: int
    tables: tuple[TableSize, ...]
    pool: dict[str, int]


def parse_project_name(text: str) -> ProjectName:
    """Return `text` as a project's name.

    Raises:
        InvalidProjectName: it is not 1 to 55 of a-z, 0-9 and underscore; the hint offers a name that is.
    """
    if _NAME.fullmatch(text) and text != RESERVED_NAME:
        return ProjectName(text)
    raise InvalidProjectName(
        f"project_name {_shown(text)} is not a project's name",
        hint=f"Use 1 to {MAX_NAME_LENGTH} of a-z, 0-9 and _, for instance {name_from_folder(text)!r}.",
        field="project_name",
    )


def name_from_folder(folder_name: str, *, number: int = 1) -> ProjectName:
    """Turn the name of a folder into a project's name.

    The rule: letters are lower-cased and lose their accents, each run of other characters becomes one underscore,
    the ends are trimmed, the rest is cut to 55. Nothing left (a name without Latin letters or digits) gives "project".
    "registry" is taken and gives "registry_project". The second and further folders that come to the same name get
    `_2`, `_3`, ...
    """
    plain = unicodedata.normalize("NFKD", folder_name).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_]+", "_", plain).strip("_") or "project"
    name = f"{name}_project" if name == RESERVED_NAME else name
    suffix = "" if number == 1 else f"_{number}"
    return ProjectName(name[: MAX_NAME_LENGTH - len(suffix)] + suffix)


def snapshot_name(project_name: str, label: str) -> ProjectName:
    """Return the name of a snapshot: the project's, cut where both do not fit into 55, an underscore and the label.

    Raises:
        InvalidProjectName: the label is not of a-z, 0-9 and underscore, or leaves no room for the project's name.
    """
    suffix = f"_{label}"
    parse_project_name(suffix)
    return parse_project_name(project_name[: MAX_NAME_LENGTH - len(suffix)] + suffix)


def shown_size(size: int | None) -> str:
    """Return bytes as people read them; nothing when they were never measured."""
    return "" if size is None else ByteSize(size).human_readable(decimal=True)


def database_name_of(project_name: str) -> str:
    """Return the name of the project's database."""
    return DATABASE_PREFIX + project_name


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
