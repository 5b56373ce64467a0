"""What can go wrong when somebody decides about a database without a project."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import Conflict, NotFound


class NoSuchDatabase(NotFound):
    """The server has no database of this name that could be Moorage's."""

    code: ClassVar[str] = "doctor.no_such_database"


class DatabaseOfProject(Conflict):
    """The database is that of a living project, so it is neither adopted nor dropped."""

    code: ClassVar[str] = "doctor.database_of_project"


class NotAdoptable(Conflict):
    """The database does not say whose it is, or it is a copy of a project that lives."""

    code: ClassVar[str] = "doctor.not_adoptable"
