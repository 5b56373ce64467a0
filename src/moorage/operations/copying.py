"""Copying a database to another server through a dump: what pg_dump saw is what the copy holds, or it is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moorage.core.postgres.programs import find_programs, login_to, run_program
from moorage.operations.backup.snapshots import snapshot_of
from moorage.operations.restore.filling import Dump, fill_database
from moorage.operations.restore.finishing import finish_database
from moorage.projects.provisioning import Provisioner
from moorage.projects.store import database_settings


@dataclass(frozen=True)
class Copied:
    """What a copy holds.

    Attributes:
        tables: rows by "schema.table".
        tables_left_out: those with vectors, where the target has no pgvector.
    """

    tables: Mapping[str, int]
    tables_left_out: frozenset[str]


async def copy_database(
    source: Provisioner,
    source_name: str,
    target: Provisioner,
    target_name: str,
    *,
    jobs: int = 1,
    programs_folder: Path | None = None,
) -> Copied:
    """Copy a database into an empty one, which should be a staged one: tables, indexes and the database's settings.

    What is written to the source meanwhile is not in the copy; make it read-only first where that matters.

    Raises:
        ProgramMissing, ProgramFailed, CopyDiffers: the target is useless then; drop it.
    """
    with tempfile.TemporaryDirectory(prefix="moorage-copy-") as folder:
        file = Path(folder, "copy.dump")
        dump, rows, settings = await _dump(source, source_name, file, programs_folder)
        filled = await fill_database(target, target_name, dump, jobs=jobs, programs_folder=programs_folder)
    await finish_database(target, target_name, filled, rows=rows, settings=settings)
    return Copied({table: rows[table] for table in rows if table not in filled.tables_left_out}, filled.tables_left_out)


async def _dump(
    source: Provisioner, name: str, file: Path, folder: Path | None
) -> tuple[Dump, dict[str, int], list[str]]:
    """Dump a database and count its rows at the same moment; return its settings as well."""
    async with snapshot_of(source.address, name) as snapshot:
        programs = find_programs(snapshot.server_major, folder=folder)
        # Not compressed: the file is read once, right away, and deleted.
        arguments = ["--format=custom", "--compress=0", f"--snapshot={snapshot.exported}", f"--file={file}"]
        await run_program(programs, "pg_dump", arguments, login=login_to(source.address, name))
        rows = await snapshot.count_rows()
        settings = await database_settings(snapshot.connection, name)
    return Dump(file, programs.version), rows, settings
