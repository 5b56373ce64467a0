"""Settings of backups."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class BackupSettings(BaseModel):
    """Where backups go and how they are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = Field(None, description="Folder of the backups; default `backups` in the home folder.")
    keep: int | None = Field(
        None, ge=1, description="How many whole backups stay; older ones are removed. Default: none is ever removed."
    )
    jobs: int = Field(2, ge=1, le=32, description="How many databases are dumped at once; each takes two connections.")
    programs: Path | None = Field(
        None,
        description="Folder of pg_dump and pg_restore; default: those of the server's version that this machine has.",
    )

    def folder_in(self, home: Path) -> Path:
        """Return the folder of the backups of a Moorage whose home is `home`."""
        return (self.folder or home / "backups").expanduser().absolute()
