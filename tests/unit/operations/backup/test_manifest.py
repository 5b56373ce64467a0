"""The manifest of a backup is read as it was written, or refused for a reason."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from moorage.operations.backup.errors import BackupNotFound, ManifestNewer, ManifestUnreadable
from moorage.operations.backup.manifest import (
    MANIFEST_FILE,
    LeftOut,
    folder_name,
    is_folder_name,
    path_of,
    read_manifest,
)
from tests.support.backups import STARTED_AT, make_manifest, write_backup


def rewritten(folder: Path, **changes: object) -> Path:
    """Change what the manifest of a backup says at its top."""
    file = folder / MANIFEST_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return folder


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return write_backup(tmp_path, make_manifest())


def test_a_manifest_is_read_as_it_was_written(backup: Path):
    manifest = read_manifest(backup)
    assert manifest == make_manifest()
    assert [path_of(backup, each) for each in manifest.files] == [
        backup / "registry.dump",
        backup / "projects" / "website.dump",
    ]


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BackupNotFound, match="is no backup"):
            read_manifest(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": "new"}', "\xff"])
def test_a_manifest_that_is_not_one_is_refused(backup: Path, text: str):
    (backup / MANIFEST_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ManifestUnreadable, match=MANIFEST_FILE):
        read_manifest(backup)


def test_a_manifest_of_a_newer_format_is_refused_whatever_else_it_says(backup: Path):
    with pytest.raises(ManifestNewer, match="format 2, this program reads up to 1"):
        read_manifest(rewritten(backup, format=2, novelty={}))


@pytest.mark.parametrize("file", ["../website.dump", "/etc/passwd", "projects/../../x.dump", "projects/other.dump"])
def test_a_path_that_leads_elsewhere_is_refused(backup: Path, file: str):
    project = json.loads((backup / MANIFEST_FILE).read_text())["projects"][0]
    with pytest.raises(ManifestUnreadable, match=r"not the (name of a file|file of project)"):
        read_manifest(rewritten(backup, projects=[project | {"file": file}]))


def test_a_project_whose_name_is_not_one_is_refused(backup: Path):
    project = json.loads((backup / MANIFEST_FILE).read_text())["projects"][0]
    project["project"]["name"] = 'x"; DROP DATABASE postgres; --'
    with pytest.raises(ManifestUnreadable, match="is not a project's name"):
        read_manifest(rewritten(backup, projects=[project]))


def test_a_backup_is_full_with_the_registry_and_every_project():
    assert make_manifest().is_full
    assert not make_manifest(registry=None).is_full
    assert not make_manifest(failed=(LeftOut(name="docs", reason="it was deleted meanwhile"),)).is_full


def test_names_of_backups_sort_by_time_also_those_of_one_second():
    later = STARTED_AT + timedelta(seconds=1)
    names = [folder_name(STARTED_AT), folder_name(STARTED_AT, number=2), folder_name(later)]
    assert names == ["moorage-20261121T020000Z", "moorage-20261121T020000Z-2", "moorage-20261121T020001Z"]
    assert sorted(names) == names
    assert all(map(is_folder_name, names))
    assert not is_folder_name(".moorage-20261121T020000Z.partial")
