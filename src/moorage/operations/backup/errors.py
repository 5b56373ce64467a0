"""What can go wrong with backups."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import BrokenState, InvalidInput, NotFound, Unavailable


class BackupNotFound(NotFound):
    """There is no backup in this folder."""

    code: ClassVar[str] = "backup.not_found"


class ManifestUnreadable(BrokenState):
    """The manifest of a backup is damaged."""

    code: ClassVar[str] = "backup.manifest_unreadable"


class ManifestNewer(BrokenState):
    """A newer Moorage wrote the backup."""

    code: ClassVar[str] = "backup.manifest_newer"


class BackupFolderUnfit(InvalidInput):
    """Backups cannot be kept in this folder."""

    code: ClassVar[str] = "backup.folder_unfit"


class BackupFolderFull(Unavailable):
    """The disk with the backups is full; nothing of the unfinished backup is left."""

    code: ClassVar[str] = "backup.folder_full"


class ProjectNotBackedUp(Unavailable):
    """The project could not be backed up, so nothing was done that a backup should come before."""

    code: ClassVar[str] = "backup.project_failed"
