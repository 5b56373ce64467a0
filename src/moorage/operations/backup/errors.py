"""What can go wrong with backups."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import BrokenState, NotFound


class BackupNotFound(NotFound):
    """There is no backup in this folder."""

    code: ClassVar[str] = "backup.not_found"


class ManifestUnreadable(BrokenState):
    """The manifest of a backup is damaged."""

    code: ClassVar[str] = "backup.manifest_unreadable"


class ManifestNewer(BrokenState):
    """A newer Moorage wrote the backup."""

    code: ClassVar[str] = "backup.manifest_newer"
