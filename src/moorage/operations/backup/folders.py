"""The folder of a backup: written under a passing name, and renamed once everything in it is on the disk.

Who writes holds a lock on a file in the folder, and so do the programs that write for it. A folder with a passing
name that nobody holds was left by a process that was killed; the next backup removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from moorage.core.errors import MoorageError
from moorage.operations.backup.errors import BackupFolderFull, BackupFolderUnfit
from moorage.operations.backup.manifest import MANIFEST_FILE, PROJECTS_FOLDER, Manifest, folder_name

FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PARTIAL_SUFFIX = ".partial"
# Held for the moments in which a folder is made or gets its name: then nobody takes it for one left behind.
_NAMES_LOCK = ".moorage.lock"
_LOCK = "lock"
_OWN_FOLDER, _OWN_FILE = 0o700, 0o600


@dataclass(frozen=True)
class Unfinished:
    """A backup that is being written.

    Attributes:
        path: where it is written.
        finished_path: where it will lie.
        lock: descriptor of the lock that says somebody writes here.
    """

    path: Path
    finished_path: Path
    lock: int

    def finish(self, manifest: Manifest) -> Path:
        """Write the manifest, see everything onto the disk, and give the folder its name; return that."""
        target = self.finished_path.parent
        with told_of(target):
            with own_file(self.path / MANIFEST_FILE) as file:
                file.write((manifest.model_dump_json(indent=2) + "\n").encode())
                file.flush()
                os.fsync(file.fileno())
            _sync_folder(self.path / PROJECTS_FOLDER)
            with _locked(target / _NAMES_LOCK):  # without its own lock, it looks like a folder left behind
                (self.path / _LOCK).unlink()
                _sync_folder(self.path)
                self.path.rename(self.finished_path)
            _sync_folder(target)
        return self.finished_path


@contextmanager
def unfinished(target: Path, started_at: datetime) -> Generator[Unfinished]:
    """Make a folder in `target` for a new backup; unless it is finished, nothing of it is left at the end.

    Raises:
        BackupFolderUnfit: `target` lies inside a PostgreSQL data folder, or cannot be written to.
        BackupFolderFull: there is no room.
    """
    _refuse_data_folder(target)
    with told_of(target):
        _make_folder(target)
        with _locked(target / _NAMES_LOCK):
            _remove_abandoned(target)
            made = _begin(target, started_at)
    try:
        yield made
    finally:
        shutil.rmtree(made.path, ignore_errors=True)
        os.close(made.lock)


@contextmanager
def told_of(target: Path) -> Generator[None]:
    """Say of a failure of the file system that it concerns the folder of backups."""
    try:
        yield
    except MoorageError:  # many of ours are OSErrors too
        raise
    except OSError as error:
        if error.errno in FULL_ERRORS:
            raise folder_full(target, error.strerror or str(error)) from error
        raise BackupFolderUnfit(
            f"the folder of backups {target} cannot be used: {error.strerror or error}",
            hint="Choose another folder with --to, or in the setting backup.folder.",
        ) from error


def folder_full(target: Path, reason: str) -> BackupFolderFull:
    return BackupFolderFull(
        f"there is no room for the backup in {target}: {reason}",
        hint="Free space there, keep fewer backups (--keep), or choose another folder with --to.",
        folder=str(target),
    )


def own_file(path: Path) -> BinaryIO:
    """Make a file that only its owner reads, whatever the umask, and open it for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN_FILE), "wb")


def discard(backup: Path) -> None:
    """Remove a backup; killed half-way, it leaves nothing that has a backup's name."""
    doomed = backup.with_name(f".{backup.name}{PARTIAL_SUFFIX}")
    with told_of(backup.parent), contextlib.suppress(FileNotFoundError):  # another process removes it just now
        backup.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _refuse_data_folder(target: Path) -> None:
    resolved = target.resolve()
    for folder in (resolved, *resolved.parents):
        if (folder / "PG_VERSION").exists():
            raise BackupFolderUnfit(
                f"{target} lies inside the PostgreSQL data folder {folder}",
                hint="Choose another folder with --to, best on another disk.",
            )


def _make_folder(target: Path) -> None:
    for folder in reversed((target, *target.parents)):
        if not folder.exists():
            folder.mkdir(_OWN_FOLDER)


def _begin(target: Path, started_at: datetime) -> Unfinished:
    for number in count(1):
        name = folder_name(started_at, number=number)
        path = target / f".{name}{PARTIAL_SUFFIX}"
        if not path.exists() and not (target / name).exists():
            break
    path.mkdir(_OWN_FOLDER)
    (path / PROJECTS_FOLDER).mkdir(_OWN_FOLDER)
    lock = os.open(path / _LOCK, os.O_WRONLY | os.O_CREAT, _OWN_FILE)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return Unfinished(path, target / name, lock)


def _remove_abandoned(target: Path) -> None:
    for path in target.glob(f".moorage-*{PARTIAL_SUFFIX}"):
        if not _is_held(path / _LOCK):
            shutil.rmtree(path, ignore_errors=True)


def _is_held(lock: Path) -> bool:
    """Tell whether a process, or a program of one that was killed, still writes here."""
    try:
        with lock.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):  # the latter: another user's, who removes it
        return True
    return False


@contextmanager
def _locked(path: Path) -> Generator[None]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT, _OWN_FILE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
