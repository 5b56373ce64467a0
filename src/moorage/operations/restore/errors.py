"""What can go wrong when a backup is put back."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import BrokenState, Conflict, InvalidInput, NotFound


class NotInBackup(NotFound):
    """The backup does not have this project, or nothing of what was asked for."""

    code: ClassVar[str] = "restore.not_in_backup"


class UnfitRequest(InvalidInput):
    """What was asked for does not go together."""

    code: ClassVar[str] = "restore.unfit_request"


class NamesTaken(Conflict):
    """Projects of these names, or databases of theirs, are there already."""

    code: ClassVar[str] = "restore.names_taken"


class BackupNewer(BrokenState):
    """A newer Moorage wrote the backup; its tables are not known here."""

    code: ClassVar[str] = "restore.backup_newer"


class BackupHarmed(BrokenState):
    """A file of the backup is missing, cut, or not the one that was written."""

    code: ClassVar[str] = "restore.backup_harmed"
