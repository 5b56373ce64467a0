"""The backups of a folder, and which of them go when there are enough."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from moorage.core.errors import MoorageError
from moorage.core.values import Value
from moorage.operations.backup.errors import BackupNotFound
from moorage.operations.backup.folders import discard, told_of
from moorage.operations.backup.manifest import Manifest, is_folder_name, path_of, read_manifest


class ListedBackup(Value):
    """One backup as a look at its manifest and the sizes of its files tells; `moorage verify` reads the files.

    Attributes:
        detail: what keeps it from being whole: damage, projects that failed, or that only some were chosen.
    """

    folder: Path
    is_whole: bool
    detail: str = ""
    started_at: datetime | None = None
    program_version: str | None = None
    projects: int = 0
    bytes: int = 0


def list_backups(target: Path) -> list[ListedBackup]:
    """Return the backups in a folder, oldest first; none when there is no such folder.

    Raises:
        BackupFolderUnfit: this user may not look into it.
    """
    if not target.is_dir():
        return []
    with told_of(target):
        folders = [each for each in target.iterdir() if is_folder_name(each.name)]
    return [_listed(folder) for folder in sorted(folders) if folder.is_dir() and not folder.is_symlink()]


def find_backup(wanted: str | None, target: Path) -> Path:
    """Return the backup that is meant: a folder, the name of one in `target`, or None for the newest whole one there.

    Raises:
        BackupNotFound.
    """
    if wanted is not None:
        named = Path(wanted).expanduser()
        return target / wanted if not named.exists() and (target / wanted).exists() else named
    whole = [each.folder for each in list_backups(target) if each.is_whole]
    if not whole:
        raise BackupNotFound(f"there is no whole backup in {target}", hint="Take one: moorage backup.")
    return whole[-1]


def remove_oldest(target: Path, *, keep: int) -> list[Path]:
    """Remove whole backups until `keep` are left, the oldest first; return those removed.

    What is not whole neither counts nor goes: one project that fails every night must not push out the last backup
    that has it.
    """
    whole = [each.folder for each in list_backups(target) if each.is_whole]
    doomed = whole[:-keep]
    for folder in doomed:
        discard(folder)
    return doomed


def _listed(folder: Path) -> ListedBackup:
    try:
        manifest = read_manifest(folder)
    except MoorageError as error:
        return ListedBackup(folder=folder, is_whole=False, detail=error.message)
    detail = _flaw(folder, manifest)
    return ListedBackup(
        folder=folder,
        is_whole=not detail,
        detail=detail,
        started_at=manifest.started_at,
        program_version=manifest.program_version,
        projects=len(manifest.projects),
        bytes=manifest.bytes,
    )


def _flaw(folder: Path, manifest: Manifest) -> str:
    for each in manifest.files:
        path = path_of(folder, each)
        if not path.is_file():
            return f"{each.file} is missing"
        if path.stat().st_size != each.bytes:
            return f"{each.file} has another size"
    if manifest.failed:
        return f"without {', '.join(each.name for each in manifest.failed)}"
    return "" if manifest.registry else "chosen projects only"
