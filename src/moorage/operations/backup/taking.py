"""Taking a backup: the registry first, then its projects, several at once; one that fails does not stop the others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import moorage
from moorage.core.errors import MoorageError
from moorage.core.values import Value
from moorage.operations.backup.dumping import Place, backup_project, dump_registry
from moorage.operations.backup.errors import BackupFolderFull, ProjectNotBackedUp
from moorage.operations.backup.folders import discard, unfinished
from moorage.operations.backup.manifest import (
    BackedUpProject,
    BackedUpRegistry,
    LeftOut,
    Manifest,
    file_of_project,
)
from moorage.operations.backup.snapshots import snapshot_of
from moorage.operations.settings import BackupSettings
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import RegistryUnavailable
from moorage.projects.models import READABLE_STATES, Project


class Backup(Value):
    """A backup that was taken: where it lies and what is in it."""

    folder: Path
    manifest: Manifest


@dataclass
class Progress:
    """How far a backup is; read by whoever shows it.

    Attributes:
        databases: how many there are to dump; None as long as that is not known.
    """

    databases: int | None = None
    done: int = 0
    folder: Path | None = None

    @property
    def bytes(self) -> int:
        """How much is written already; asked from another thread, while files come and go."""
        with contextlib.suppress(FileNotFoundError):
            return 0 if self.folder is None else sum(each.stat().st_size for each in self.folder.rglob("*.dump"))
        return 0


async def take_backup(
    connections: ProjectConnectionManager,
    target: Path,
    *,
    names: Sequence[str] = (),
    settings: BackupSettings | None = None,
    progress: Progress | None = None,
) -> Backup:
    """Back up the registry and every project, or the named projects alone, into a new folder in `target`.

    The backup is there wholly, under its name, or not at all. Its manifest names projects that are missing in it.
    Cancelled, it ends what it started and leaves nothing.

    Raises:
        ProjectNotFound: there is no project of one of `names`.
        RegistryUnavailable, ProgramMissing, ProgramFailed: the registry could not be read.
        BackupFolderUnfit, BackupFolderFull.
    """
    taking = _Taking(connections, settings or BackupSettings(), progress or Progress())
    started_at = datetime.now(UTC)
    chosen = [await connections.find_project(name) for name in dict.fromkeys(names)]
    with unfinished(target, started_at) as folder:
        place = Place(folder.path, target, folder.lock, taking.settings.programs)
        taking.progress.folder = folder.path
        registry, projects = (None, chosen) if chosen else await taking.registry(place)
        results = await taking.projects(projects, place)
        manifest = Manifest(
            program_version=moorage.__version__,
            started_at=started_at,
            finished_at=datetime.now(UTC),
            registry=registry,
            projects=tuple(each for each in results if isinstance(each, BackedUpProject)),
            skipped=() if chosen else _unreadable(projects),
            failed=tuple(each for each in results if isinstance(each, LeftOut)) + _unreadable(chosen),
        )
        return Backup(folder=folder.finish(manifest), manifest=manifest)


async def take_project_backup(
    connections: ProjectConnectionManager, name: str, target: Path, settings: BackupSettings | None = None
) -> Backup:
    """Back up one project before something is done to it that cannot be undone.

    Raises:
        ProjectNotBackedUp: with the reason; what take_backup raises.
    """
    backup = await take_backup(connections, target, names=[name], settings=settings)
    if not backup.manifest.failed:
        return backup
    discard(backup.folder)
    raise ProjectNotBackedUp(
        f"project {name!r} could not be backed up: {backup.manifest.failed[0].reason}",
        hint="Mend that, or go on without a backup.",
        project_name=name,
    )


@dataclass(frozen=True)
class _Taking:
    """The steps of one backup, with what they share."""

    connections: ProjectConnectionManager
    settings: BackupSettings
    progress: Progress

    async def registry(self, place: Place) -> tuple[BackedUpRegistry, list[Project]]:
        """Dump the registry; return the projects that it had at that moment."""
        provisioner = self.connections.provisioner
        async with snapshot_of(provisioner.address, provisioner.registry_database) as snapshot:
            projects = await store.project_list(snapshot.connection)
            self.progress.databases = len(projects) + 1
            dumped = await dump_registry(provisioner, snapshot, place)
        self.progress.done += 1
        return dumped, projects

    async def projects(self, projects: Sequence[Project], place: Place) -> list[BackedUpProject | LeftOut]:
        """Dump those that can be read, in the order given; a full disk ends all."""
        gate = asyncio.Semaphore(self.settings.jobs)
        readable = [project for project in projects if project.state in READABLE_STATES]
        self.progress.databases = self.progress.done + len(readable)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._project(project, place, gate)) for project in readable]
        except BaseExceptionGroup as failures:
            full = failures.subgroup(BackupFolderFull)
            if full is None:
                raise
            raise full.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _project(self, project: Project, place: Place, gate: asyncio.Semaphore) -> BackedUpProject | LeftOut:
        async with gate:
            try:
                return await backup_project(self.connections, project, place)
            except BackupFolderFull:
                raise
            except MoorageError as error:
                (place.folder / file_of_project(project.name)).unlink(missing_ok=True)
                return LeftOut(name=project.name, reason=await self._why(project, error))
            finally:
                self.progress.done += 1

    async def _why(self, project: Project, error: MoorageError) -> str:
        """Return why a project could not be dumped; what it failed with means little once it is gone."""
        with contextlib.suppress(RegistryUnavailable), self.connections.registry() as registry:
            now = await store.project_by_name(registry, project.name)
            if now is None or now.id != project.id:
                return "it was deleted meanwhile"
        return error.message


def _unreadable(projects: Sequence[Project]) -> tuple[LeftOut, ...]:
    """Return the projects that have no database worth keeping: half-made, or being deleted."""
    return tuple(
        LeftOut(name=project.name, reason=f"it is {project.state.value}")
        for project in projects
        if project.state not in READABLE_STATES
    )
