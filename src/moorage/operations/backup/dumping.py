"""Dumping one database: pg_dump and the count of the rows look at the same moment of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moorage.core.postgres.address import Address
from moorage.core.postgres.programs import ProgramFailed, find_programs, login_to, run_program
from moorage.operations.backup.folders import FULL_ERRORS, folder_full, own_file, told_of
from moorage.operations.backup.manifest import REGISTRY_FILE, BackedUpProject, BackedUpRegistry, file_of_project
from moorage.operations.backup.snapshots import LOCK_TIMEOUT_SECONDS, Snapshot, snapshot_of
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.provisioning import REGISTRY_LINE, Provisioner
from moorage.projects.staging import refuse_foreign_on
from moorage.projects.store import database_settings


@dataclass(frozen=True)
class Place:
    """Where dumps are written.

    Attributes:
        folder: of the unfinished backup.
        target: the folder people know, for messages.
        lock: descriptor that pg_dump keeps open while it writes here.
        programs: folder of pg_dump, where it is not the one that fits the server.
    """

    folder: Path
    target: Path
    lock: int
    programs: Path | None = None


async def dump_registry(provisioner: Provisioner, snapshot: Snapshot, place: Place) -> BackedUpRegistry:
    """Dump the registry as it stood at `snapshot`."""
    name = provisioner.registry_database
    revisions = await snapshot.revisions([REGISTRY_LINE])
    facts = await _dump(snapshot, provisioner.address, name, place, REGISTRY_FILE)
    revision = revisions[REGISTRY_LINE.name]
    return BackedUpRegistry(database_name=name, revision=revision, **facts, **await _measured_in(place, REGISTRY_FILE))


async def backup_project(connections: ProjectConnectionManager, project: Project, place: Place) -> BackedUpProject:
    """Dump a project's database as it stands now.

    Raises:
        DatabaseMissing, DatabaseTaken: the project is gone, or another has its name.
        ServerUnavailable, ProgramFailed: its server does not answer, or ended the dump.
        BackupFolderFull.
    """
    address, file = connections.provisioner_of(project).address, file_of_project(project.name)
    async with snapshot_of(address, project.database_name) as snapshot:
        await refuse_foreign_on(snapshot.connection, project)
        facts: dict[str, Any] = {
            "lines": await snapshot.revisions(connections.provisioner.lines),
            "settings": await database_settings(snapshot.connection, project.database_name),
            "extensions": await snapshot.extensions(),
            **await _dump(snapshot, address, project.database_name, place, file),
        }
    return BackedUpProject(project=project, **facts, **await _measured_in(place, file))


async def _dump(snapshot: Snapshot, address: Address, database: str, place: Place, file: str) -> dict[str, Any]:
    """Count the rows, write the dump, and return what the manifest says of both."""
    tables = await snapshot.count_rows()
    programs = find_programs(snapshot.server_major, folder=place.programs)
    path = place.folder / file
    with told_of(place.target), own_file(path):
        pass  # pg_dump writes into a file that is there without changing who may read it
    arguments = [
        "--format=custom",
        f"--snapshot={snapshot.exported}",
        f"--lock-wait-timeout={LOCK_TIMEOUT_SECONDS}s",
        f"--file={path}",
    ]
    try:
        await run_program(programs, "pg_dump", arguments, login=login_to(address, database), inherited=[place.lock])
    except ProgramFailed as error:
        if _met_full_disk(error):
            raise folder_full(place.target, error.message) from error
        raise
    return {"tables": tables, "server_version": snapshot.server_version, "dumped_with": programs.version}


async def _measured_in(place: Place, file: str) -> dict[str, Any]:
    with told_of(place.target):
        size, digest = await asyncio.to_thread(measured, place.folder / file)
    return {"file": file, "bytes": size, "sha256": digest}


def _met_full_disk(error: ProgramFailed) -> bool:
    """Tell whether pg_dump ended because it could not write; SIGXFSZ ends it at the limit of a file's size.

    The server may have no room either; what it says of its own disk is passed on as a message from it.
    """
    said = any(os.strerror(number) in error.message for number in FULL_ERRORS)
    return (said and "from server" not in error.message) or error.details["status"] == -signal.SIGXFSZ


def measured(path: Path) -> tuple[int, str]:
    """Return the size of a file in bytes, and its SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
