"""Restoring one project: built beside whatever is there, compared with the manifest, and put in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moorage.core.errors import MoorageError
from moorage.operations.backup.manifest import path_of
from moorage.operations.restore.filling import Dump, Filled, fill_database, template_for_dumps
from moorage.operations.restore.finishing import finish_database
from moorage.operations.restore.models import Outcome, PlannedProject, RestoredProject
from moorage.operations.restore.placing import place_database
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.staging import staged, write_identity


@dataclass(frozen=True)
class Builder:
    """Restores projects of one backup.

    Attributes:
        jobs: how many tables of one project are restored at once.
        force: replace projects also while somebody works in them.
    """

    connections: ProjectConnectionManager
    backup: Path
    jobs: int
    force: bool
    programs_folder: Path | None = None

    async def restore(self, planned: PlannedProject, row: Project) -> RestoredProject:
        """Restore a project; a failure is told in what is returned, and leaves nothing behind.

        Args:
            row: as the registry has it meanwhile.
        """
        started = time.monotonic()
        try:
            restored = await self._restore(planned, row)
        except MoorageError as error:
            restored = described(planned, "failed").model_copy(update={"error": error.as_dict()})
        return restored.model_copy(update={"seconds": round(time.monotonic() - started, 3)})

    async def _restore(self, planned: PlannedProject, row: Project) -> RestoredProject:
        project, source = planned.project, planned.source
        provisioner = self.connections.provisioner_of(project)
        dump = Dump(path_of(self.backup, source), source.dumped_with)
        async with staged(provisioner, template=await template_for_dumps(provisioner)) as staging:
            filled = await fill_database(
                provisioner, staging, dump, jobs=self.jobs, programs_folder=self.programs_folder
            )
            built = await finish_database(
                provisioner, staging, filled, rows=source.tables, settings=source.settings, lines=source.lines
            )
            migrated = await provisioner.migrate_database(project.model_copy(update={"database_name": staging}))
            await write_identity(provisioner, staging, project)
            placed = await place_database(self.connections, staging, planned, force=self.force)
        return described(planned, "restored" if planned.living is None else "replaced").model_copy(
            update={
                "state": placed.state,
                "rows": sum(rows for table, rows in source.tables.items() if table not in filled.tables_left_out),
                "indexes_built": tuple(built),
                "migrated": migrated,
                "notes": tuple(_notes(planned, row, filled)),
            }
        )


def described(planned: PlannedProject, outcome: Outcome) -> RestoredProject:
    """Return what is known of a project before anything is done."""
    return RestoredProject(
        name=planned.name,
        source=planned.source.name,
        outcome=outcome,
        server=planned.project.server,
        bytes=planned.source.bytes,
        state=planned.project.state,
    )


def _notes(planned: PlannedProject, row: Project, filled: Filled) -> Iterator[str]:
    """Say what is not as it was."""
    if filled.tables_left_out:
        yield "the server has no pgvector: search is by words until it has, and the repositories are indexed again"
    if planned.project.folder != row.folder:
        yield f"the folder {planned.project.folder} belongs to another project now"
    if planned.project.snapshot_of != row.snapshot_of:
        yield "the project it is a snapshot of is not there"
