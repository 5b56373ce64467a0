"""What can go wrong with projects."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import BrokenState, Conflict, Exhausted, InvalidInput, NotFound, Unavailable


class InvalidProjectName(InvalidInput):
    """A project's name breaks the rule."""

    code: ClassVar[str] = "projects.invalid_name"


class ProjectNotFound(NotFound):
    """No project has this name."""

    code: ClassVar[str] = "projects.not_found"


class ProjectRequired(InvalidInput):
    """The call names no project, and the process has none of its own."""

    code: ClassVar[str] = "projects.required"


class ProjectNotReady(Conflict):
    """The project is being created, deleted, or is archived."""

    code: ClassVar[str] = "projects.not_ready"


class ProjectArchived(Conflict):
    """The project is archived: it can be read and searched, not written to."""

    code: ClassVar[str] = "projects.archived"


class QuotaExceeded(Conflict):
    """The project is as large as it may be; it can be read, and made smaller."""

    code: ClassVar[str] = "projects.quota_exceeded"


class ProjectInUse(Conflict):
    """Somebody works in the project, or another process makes, copies, moves or deletes it just now."""

    code: ClassVar[str] = "projects.in_use"


class NotConfirmed(Conflict):
    """A destructive call did not repeat the name of what it destroys."""

    code: ClassVar[str] = "projects.not_confirmed"


class NameTaken(Conflict):
    """A project, or a database, of this name exists already."""

    code: ClassVar[str] = "projects.name_taken"


class NotASnapshot(InvalidInput):
    """The project to roll back to is no snapshot of the one that is rolled back."""

    code: ClassVar[str] = "projects.not_a_snapshot"


class FolderTaken(Conflict):
    """Another project already belongs to this folder."""

    code: ClassVar[str] = "projects.folder_taken"


class DatabaseTaken(BrokenState):
    """A database has the project's name but does not belong to it."""

    code: ClassVar[str] = "projects.database_taken"


class DatabaseGone(BrokenState):
    """The registry knows the project, but its database does not exist."""

    code: ClassVar[str] = "projects.database_gone"


class SchemaMissing(BrokenState):
    """The project's database lacks tables of this program."""

    code: ClassVar[str] = "projects.schema_missing"


class NeedsMigration(BrokenState):
    """The project's tables are older than this program."""

    code: ClassVar[str] = "projects.needs_migration"


class RegistryUnavailable(Unavailable):
    """The registry database does not answer."""

    code: ClassVar[str] = "projects.registry_unavailable"


class ServerUnknown(InvalidInput):
    """No PostgreSQL server of this name stands in the settings."""

    code: ClassVar[str] = "projects.server_unknown"


class ServerDown(Unavailable):
    """The PostgreSQL server a project is on does not answer; projects on other servers work."""

    code: ClassVar[str] = "projects.server_down"


class PoolExhausted(Exhausted):
    """All connections of the budget are in use."""

    code: ClassVar[str] = "projects.pool_exhausted"


class RoleTaken(Conflict):
    """A role has the name that a project's role would have, and was not made for it."""

    code: ClassVar[str] = "projects.role_taken"
