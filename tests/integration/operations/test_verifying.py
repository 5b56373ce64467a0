"""A backup that was harmed is found out without being restored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.operations.backup.manifest import MANIFEST_FILE
from moorage.operations.backup.taking import take_backup
from moorage.operations.backup.verifying import verify_backup


@pytest.fixture
async def backup(connections, project, tmp_path: Path) -> Path:
    """A backup of one project; its dump is `projects/<name>.dump`."""
    return (await take_backup(connections, tmp_path, names=[project.name])).folder


def dump_in(backup: Path) -> Path:
    return next((backup / "projects").iterdir())


def flip_a_bit(dump: Path) -> None:
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


def truncate(dump: Path) -> None:
    dump.write_bytes(dump.read_bytes()[:-100])


def replace_by_link(dump: Path) -> None:
    copy = dump.parents[2] / "copy.dump"
    shutil.move(dump, copy)
    dump.symlink_to(copy)


def replace_its_folder_by_link(dump: Path) -> None:
    copy = dump.parents[2] / "copies"
    shutil.move(dump.parent, copy)
    dump.parent.symlink_to(copy)


def replace_by_folder(dump: Path) -> None:
    dump.unlink()
    dump.mkdir()


def forge(backup: Path, **changes: object) -> None:
    """Let the manifest say something else of the project's dump."""
    file = backup / MANIFEST_FILE
    manifest = json.loads(file.read_text())
    manifest["projects"][0] |= changes
    file.write_text(json.dumps(manifest))


async def problems(backup: Path) -> list[tuple[str, str | None, str]]:
    return [(each.file, each.project, each.problem) for each in (await verify_backup(backup)).problems]


async def test_an_unharmed_backup_is_good(backup: Path, project):
    verification = await verify_backup(backup)
    assert (verification.is_good, verification.files) == (True, 1)
    assert verification.bytes == dump_in(backup).stat().st_size


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (flip_a_bit, "SHA-256 differs"),
        (truncate, "bytes instead of"),
        (Path.unlink, "it is missing"),
        (replace_by_link, "it is not a plain file"),
        (replace_by_folder, "it is not a plain file"),
    ],
)
async def test_a_harmed_dump_is_told_with_its_project(backup: Path, project, harm: Callable[[Path], None], said: str):
    harm(dump_in(backup))
    [(file, of_project, problem)] = await problems(backup)
    assert (file, of_project) == (f"projects/{project.name}.dump", project.name)
    assert said in problem


async def test_a_folder_that_leads_elsewhere_is_told(backup: Path):
    replace_its_folder_by_link(dump_in(backup))
    assert "it is not a plain file" in [problem for _, _, problem in await problems(backup)]


async def test_files_that_were_put_in_are_told(backup: Path):
    (backup / "projects" / "more.dump").touch()
    (backup / "link").symlink_to("/")
    assert await problems(backup) == [
        ("link", None, "the manifest does not name it"),
        ("projects/more.dump", None, "the manifest does not name it"),
    ]


async def test_a_dump_with_other_tables_than_the_manifest_says_is_told(backup: Path):
    forge(backup, tables={"moorage.identity": 1, "public.lost": 7})
    [(_, _, problem)] = await problems(backup)
    assert problem == "it lacks the rows of public lost"


async def test_a_dump_with_more_tables_than_the_manifest_says_is_told(backup: Path):
    forge(backup, tables={"moorage.identity": 1})
    [(_, _, problem)] = await problems(backup)
    assert problem.endswith("tables, the manifest 1")


async def test_a_file_that_is_no_dump_is_told_though_its_checksum_fits(connections, backup: Path):
    """Whoever forges the manifest with the file is found out by pg_restore."""
    dump_in(backup).write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    forge(backup, bytes=0, sha256=empty)
    [(_, _, problem)] = await problems(backup)
    assert problem.startswith("pg_restore failed: ")
