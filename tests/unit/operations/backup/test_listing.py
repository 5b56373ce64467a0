"""The backups of a folder: which are whole, which are meant, which go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from moorage.operations.backup.errors import BackupNotFound
from moorage.operations.backup.listing import find_backup, list_backups, remove_oldest
from moorage.operations.backup.manifest import LeftOut
from tests.support.backups import STARTED_AT, make_manifest, write_backup

FAILED = (LeftOut(name="docs", reason="its server is down"),)


def write_of_day(target: Path, day: int, **changes: object) -> Path:
    return write_backup(target, make_manifest(started_at=STARTED_AT + timedelta(days=day), **changes))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_backups_are_listed_oldest_first_with_what_keeps_them_from_being_whole(tmp_path: Path):
    write_of_day(tmp_path, 5)
    write_of_day(tmp_path, 4, failed=FAILED)
    write_of_day(tmp_path, 3, registry=None)
    (write_of_day(tmp_path, 2) / "projects" / "website.dump").unlink()
    (write_of_day(tmp_path, 1) / "registry.dump").write_bytes(b"")
    (write_of_day(tmp_path, 0) / "manifest.json").write_text("{")
    (tmp_path / "photos").mkdir()
    listed = list_backups(tmp_path)
    assert [each.is_whole for each in listed] == [False] * 5 + [True]
    assert [each.detail for each in listed[1:]] == [
        "registry.dump has another size",
        "projects/website.dump is missing",
        "chosen projects only",
        "without docs",
        "",
    ]
    assert "manifest.json cannot be read" in listed[0].detail
    assert (listed[-1].started_at, listed[-1].projects) == (STARTED_AT + timedelta(days=5), 1)


def test_a_folder_that_is_not_there_has_no_backups(tmp_path: Path):
    assert list_backups(tmp_path / "missing") == []


def test_the_oldest_whole_backups_go_and_nothing_else(tmp_path: Path):
    whole = [write_of_day(tmp_path, day) for day in (1, 3, 4)]
    others = [write_of_day(tmp_path, 0, failed=FAILED), write_of_day(tmp_path, 2, registry=None)]
    (tmp_path / "moorage-notes").mkdir()
    assert remove_oldest(tmp_path, keep=2) == whole[:1]
    assert names(tmp_path) == sorted([*(each.name for each in [*whole[1:], *others]), "moorage-notes"])
    assert remove_oldest(tmp_path, keep=2) == []


def test_a_link_to_a_backup_is_not_one(tmp_path: Path):
    elsewhere = write_of_day(tmp_path / "elsewhere", 0)
    target = tmp_path / "backups"
    target.mkdir()
    (target / elsewhere.name).symlink_to(elsewhere)
    assert list_backups(target) == []


def test_a_backup_is_found_by_path_by_name_and_as_the_newest(tmp_path: Path):
    first, second = write_of_day(tmp_path, 0), write_of_day(tmp_path, 1)
    write_of_day(tmp_path, 2, failed=FAILED)
    assert find_backup(str(first), tmp_path / "other") == first
    assert find_backup(first.name, tmp_path) == first
    assert find_backup(None, tmp_path) == second
    with pytest.raises(BackupNotFound, match="no whole backup"):
        find_backup(None, tmp_path / "other")
