"""Backups made by hand: folders that look as if they had been taken."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from moorage.operations.backup.manifest import (
    MANIFEST_FILE,
    BackedUpProject,
    BackedUpRegistry,
    Manifest,
    file_of_project,
    folder_name,
    path_of,
)
from moorage.projects.models import Project, ProjectState

STARTED_AT = datetime(2026, 11, 21, 2, 0, 0, tzinfo=UTC)
DUMP = b"what pg_dump wrote"


def make_project(name: str = "website") -> Project:
    return Project(
        id=UUID(int=1),
        name=name,
        database_name=f"project_{name}",
        description=None,
        folder=None,
        state=ProjectState.READY,
        generation=1,
        created_by="test",
        created_at=STARTED_AT,
        updated_at=STARTED_AT,
    )


def make_manifest(**changes: Any) -> Manifest:
    """A manifest of a registry and one project, both of the bytes `DUMP`."""
    dumped: dict[str, Any] = {
        "bytes": len(DUMP),
        "sha256": hashlib.sha256(DUMP).hexdigest(),
        "server_version": "18.4",
        "dumped_with": "18.4",
    }
    project = BackedUpProject(
        file=file_of_project("website"), project=make_project(), tables={"moorage.identity": 1}, lines={}, **dumped
    )
    registry = BackedUpRegistry(
        file="registry.dump", database_name="mcp_registry", revision="20261121_02_operating", tables={}, **dumped
    )
    plain: dict[str, Any] = {
        "program_version": "0.1.0",
        "started_at": STARTED_AT,
        "finished_at": STARTED_AT,
        "registry": registry,
        "projects": (project,),
    }
    return Manifest(**{**plain, **changes})


def write_backup(target: Path, manifest: Manifest) -> Path:
    """Write a backup with this manifest into `target` and return its folder."""
    folder = target / folder_name(manifest.started_at)
    (folder / "projects").mkdir(parents=True)
    for each in manifest.files:
        path_of(folder, each).write_bytes(DUMP)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json())
    return folder
