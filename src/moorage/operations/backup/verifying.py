"""Checking a backup without restoring it: every file as it was written, and readable by pg_restore."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from moorage.core.postgres.programs import ProgramFailed, find_programs, major_version, run_program
from moorage.core.values import Value
from moorage.operations.backup.dumping import measured
from moorage.operations.backup.manifest import (
    MANIFEST_FILE,
    BackedUpProject,
    DumpedFile,
    Manifest,
    path_of,
    read_manifest,
)


class Problem(Value):
    """What is wrong with one file of a backup.

    Attributes:
        project: whose file it is; None for the registry's, and for files that the manifest does not name.
    """

    file: str
    project: str | None
    problem: str


class Verification(Value):
    """What a look at every byte of a backup has shown.

    Attributes:
        missing: projects that could not be backed up at the time; their absence is no damage.
    """

    backup: Path
    files: int
    bytes: int
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.problems


async def verify_backup(backup: Path, *, programs: Path | None = None) -> Verification:
    """Compare a backup with its manifest.

    Raises:
        BackupNotFound, ManifestUnreadable, ManifestNewer.
        ProgramMissing: no pg_restore here is new enough to read the dumps.
    """
    manifest = read_manifest(backup)
    problems = [*_unnamed(backup, manifest)]
    for dumped in manifest.files:
        problem = await problem_of(backup, dumped, programs)
        if problem is not None:
            project = dumped.name if isinstance(dumped, BackedUpProject) else None
            problems.append(Problem(file=dumped.file, project=project, problem=problem))
    return Verification(
        backup=backup,
        files=len(manifest.files),
        bytes=manifest.bytes,
        problems=tuple(problems),
        missing=tuple(each.name for each in manifest.failed),
    )


def _unnamed(backup: Path, manifest: Manifest) -> Iterator[Problem]:
    """Yield files that nobody wrote into the backup when it was taken."""
    named = {MANIFEST_FILE, *(each.file for each in manifest.files)}
    for path in sorted(backup.rglob("*")):
        file = path.relative_to(backup).as_posix()
        if file not in named and (path.is_symlink() or not path.is_dir()):
            yield Problem(file=file, project=None, problem="the manifest does not name it")


async def problem_of(backup: Path, dumped: DumpedFile, programs: Path | None) -> str | None:
    """Return what is wrong with a dump; None when nothing is."""
    path = path_of(backup, dumped)
    if not path.exists():
        return "it is missing"
    if not path.is_file() or path.resolve() != backup.resolve() / dumped.file:  # a link may lead anywhere
        return "it is not a plain file"
    try:
        size, digest = await asyncio.to_thread(measured, path)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    if size != dumped.bytes:
        return f"it has {size} bytes instead of {dumped.bytes}"
    if digest != dumped.sha256:
        return "its content is not what was written (SHA-256 differs)"
    return await _problem_of_contents(path, dumped, programs)


async def _problem_of_contents(path: Path, dumped: DumpedFile, programs: Path | None) -> str | None:
    major = major_version(dumped.dumped_with)
    try:
        listing = await run_program(find_programs(major, folder=programs), "pg_restore", ["--list", str(path)])
    except ProgramFailed as error:
        return error.message
    return _difference(listing, dumped)


def _difference(listing: str, dumped: DumpedFile) -> str | None:
    """Compare the tables of a dump with those of the manifest.

    A line of the listing is `3456; 0 16385 TABLE DATA schema table owner`; names may hold spaces, so it is searched
    for what is expected instead of being taken apart.
    """
    lines = [line for line in listing.splitlines() if " TABLE DATA " in line and not line.startswith(";")]
    expected = [f" TABLE DATA {table.replace('.', ' ', 1)} " for table in dumped.tables]
    absent = [text for text in expected if not any(text in line for line in lines)]
    if absent:
        return f"it lacks the rows of {', '.join(text.split(maxsplit=2)[2].strip() for text in absent)}"
    if len(lines) != len(expected):
        return f"it has {len(lines)} tables, the manifest {len(expected)}"
    return None
