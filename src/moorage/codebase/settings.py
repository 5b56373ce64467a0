"""Settings of code search."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from moorage.codebase.scanning import ScanLimits


class CodebaseSettings(BaseModel):
    """What may be indexed, and with how much effort."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_roots: tuple[Path, ...] | None = Field(
        None,
        description="Folders below which repositories may lie; default everything for the user of this machine, and"
        " the folder of the project for callers with a token.",
    )
    git_hosts: tuple[str, ...] | None = Field(
        None,
        description="Hosts that repositories may be cloned from; default any for the user of this machine, and those"
        " with public addresses for callers with a token.",
    )
    max_file_bytes: int = Field(ScanLimits().max_file_bytes, ge=1, description="Larger files are left out, in bytes.")
    max_files: int = Field(
        ScanLimits().max_files, ge=1, description="Files of one repository after this many are left out."
    )
    workers: int | None = Field(
        None, ge=1, le=64, description="Worker processes for indexing; default one a core, at most eight."
    )
    clone_timeout_seconds: float = Field(
        600.0, gt=0, description="Time limit of cloning or updating a git URL, in seconds."
    )
    watch: bool = Field(False, description="Re-index repositories of the served project when their files change.")

    @property
    def scan_limits(self) -> ScanLimits:
        return ScanLimits(max_file_bytes=self.max_file_bytes, max_files=self.max_files)
