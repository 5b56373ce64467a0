"""A folder with the name of a backup is whole, belongs to its owner alone, and nothing else is left lying about."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.operations.backup.errors import BackupFolderFull, BackupFolderUnfit
from moorage.operations.backup.folders import discard, own_file, told_of, unfinished
from moorage.operations.backup.manifest import read_manifest
from tests.support.backups import STARTED_AT, make_manifest, write_backup

NAME = "moorage-20261121T020000Z"


@pytest.fixture
def loose_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.name != ".moorage.lock")


@pytest.mark.usefixtures("loose_umask")
def test_only_the_owner_reads_a_backup_whatever_the_umask(tmp_path: Path):
    with unfinished(tmp_path / "new" / "backups", STARTED_AT) as folder:
        with own_file(folder.path / "registry.dump"):
            pass
        folder.finish(make_manifest())
    assert modes(tmp_path) == {
        "new": 0o700,
        "new/backups": 0o700,
        "new/backups/.moorage.lock": 0o600,
        f"new/backups/{NAME}": 0o700,
        f"new/backups/{NAME}/manifest.json": 0o600,
        f"new/backups/{NAME}/projects": 0o700,
        f"new/backups/{NAME}/registry.dump": 0o600,
    }


def test_a_backup_has_its_name_only_once_it_is_finished(tmp_path: Path):
    with unfinished(tmp_path, STARTED_AT) as folder:
        assert names(tmp_path) == [f".{NAME}.partial"]
        assert folder.finish(make_manifest()) == tmp_path / NAME
    assert names(tmp_path) == [NAME]
    assert read_manifest(tmp_path / NAME) == make_manifest()


def test_nothing_is_left_of_a_backup_that_fails(tmp_path: Path):
    with contextlib.suppress(RuntimeError), unfinished(tmp_path, STARTED_AT) as folder:
        (folder.path / "registry.dump").write_bytes(b"half")
        raise RuntimeError
    assert names(tmp_path) == []


def test_two_backups_of_one_second_have_two_names(tmp_path: Path):
    with unfinished(tmp_path, STARTED_AT) as first, unfinished(tmp_path, STARTED_AT) as second:
        assert [first.finish(make_manifest()), second.finish(make_manifest())] == [
            tmp_path / NAME,
            tmp_path / f"{NAME}-2",
        ]


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(tmp_path: Path):
    abandoned = tmp_path / ".moorage-20261120T020000Z.partial"
    (abandoned / "projects").mkdir(parents=True)
    (abandoned / "lock").touch()
    with unfinished(tmp_path, STARTED_AT) as held, unfinished(tmp_path, STARTED_AT) as ours:
        assert names(tmp_path) == sorted([held.path.name, ours.path.name])


def test_a_folder_that_a_program_still_writes_to_is_not_removed(tmp_path: Path):
    """Its lock is its own too: the process that started it may be dead."""
    with unfinished(tmp_path, STARTED_AT) as folder:
        inherited = os.dup(folder.lock)
        orphaned = folder.path.rename(tmp_path / ".moorage-20261120T020000Z.partial")
    with unfinished(tmp_path, STARTED_AT):
        assert orphaned.exists()
    os.close(inherited)
    with unfinished(tmp_path, STARTED_AT):
        assert not orphaned.exists()


def test_a_finished_backup_is_never_taken_for_one_left_behind(tmp_path: Path):
    """Its own lock goes together with its passing name, while nobody clears up."""
    with unfinished(tmp_path, STARTED_AT) as folder:
        clearing = (tmp_path / ".moorage.lock").open("wb")
        fcntl.flock(clearing, fcntl.LOCK_EX)
        finishing = threading.Thread(target=folder.finish, args=(make_manifest(),))
        finishing.start()
        finishing.join(0.1)
        assert (finishing.is_alive(), (folder.path / "lock").exists()) == (True, True)
        clearing.close()
        finishing.join()
    assert names(tmp_path) == [NAME]


def test_a_folder_inside_the_data_of_postgresql_is_refused(tmp_path: Path):
    (tmp_path / "PG_VERSION").write_text("18\n")
    with (
        pytest.raises(BackupFolderUnfit, match="inside the PostgreSQL data folder"),
        unfinished(tmp_path / "base" / "backups", STARTED_AT),
    ):
        pass
    assert names(tmp_path) == ["PG_VERSION"]


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path):
    (tmp_path / "file").touch()
    refusal = pytest.raises(BackupFolderUnfit, match=r"file cannot be used: Not a directory")
    with refusal as refused, unfinished(tmp_path / "file", STARTED_AT):
        pass
    assert "--to" in refused.value.hint


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_the_folder(tmp_path: Path, number: int):
    with pytest.raises(BackupFolderFull) as told, told_of(tmp_path):
        raise OSError(number, os.strerror(number))
    assert told.value.message == f"there is no room for the backup in {tmp_path}: {os.strerror(number)}"


def test_a_backup_that_is_removed_loses_its_name_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A process that is killed half-way through leaves what the next backup clears away."""
    backup = write_backup(tmp_path, make_manifest())
    monkeypatch.setattr("shutil.rmtree", lambda path, **_: None)
    discard(backup)
    assert names(tmp_path) == [f".{NAME}.partial"]
    monkeypatch.undo()
    with unfinished(tmp_path, STARTED_AT) as folder:
        assert names(tmp_path) == [folder.path.name]
