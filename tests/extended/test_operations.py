"""What operators do, as commands, on servers that are not Moorage's own: copies, backups, the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.extended.test_own_postgresql import FILES
from tests.support.programs import Done, run
from tests.unit.codebase.repositories import make_folder


@pytest.fixture
def moorage(own_variables: Path, tmp_path: Path):
    """Run a command at the site: `await moorage("project", "list")`; one that fails fails the test."""

    async def called(*arguments: str) -> Done:
        done = await run(own_variables, tmp_path, *arguments)
        assert done.status == 0, done.stderr
        return done

    return called


@pytest.fixture
async def indexed(moorage, name: str, tmp_path: Path):
    """The name of a project with a small index."""
    await moorage("project", "create", name)
    folder = make_folder(tmp_path / "port", FILES)
    await moorage("index", str(folder), "--project", name)
    yield name
    await moorage("project", "delete", name, "--yes", "--force")


async def found_in(moorage, project: str) -> list[str]:
    done = await moorage("search", "schedule_retry", "--project", project, "--json")
    return [hit["file_path"] for hit in done.json["results"]]


async def test_a_clone_holds_what_the_project_held(moorage, indexed):
    copy = f"{indexed}_copy"
    await moorage("project", "clone", indexed, copy, "--force")
    assert (await found_in(moorage, copy))[0] == "retry.py"
    await moorage("project", "delete", copy, "--yes", "--force")


async def test_a_backup_is_whole_and_comes_back_under_another_name(moorage, indexed, tmp_path: Path):
    back = f"{indexed}_back"
    await moorage("backup", "--to", str(tmp_path / "copies"), "--project", indexed)
    (backup,) = (tmp_path / "copies").glob("moorage-*")
    await moorage("verify", str(backup))
    await moorage("restore", str(backup), "--project", indexed, "--as", back)
    assert (await found_in(moorage, back))[0] == "retry.py"
    await moorage("project", "delete", back, "--yes", "--force")


async def test_a_restore_in_place_is_what_calls_reach_next(moorage, indexed, tmp_path: Path):
    await moorage("backup", "--to", str(tmp_path / "copies"), "--project", indexed)
    (backup,) = (tmp_path / "copies").glob("moorage-*")
    await moorage("repo", "remove", "port", "--project", indexed)
    assert await found_in(moorage, indexed) == []
    await moorage("restore", str(backup), "--project", indexed, "--replace", "--force", "--yes")
    assert (await found_in(moorage, indexed))[0] == "retry.py"


async def test_the_doctor_finds_nothing_wrong(moorage, indexed):
    await moorage("doctor", "--project", indexed)
