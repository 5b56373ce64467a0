"""`moorage restore` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moorage.projects.models import Project
from tests.support.programs import run

pytestmark = pytest.mark.usefixtures("address")


@pytest.fixture
async def backup(home: Path, project: Project, tmp_path: Path) -> str:
    """A backup of the project."""
    taken = await run(home, tmp_path, "backup", "--to", "copies", "--project", project.name, "--json")
    return taken.json["folder"]


async def test_a_restore_is_rehearsed_then_done_beside_the_living_project(
    home: Path, project: Project, backup: str, projects, tmp_path: Path
):
    wanted = ("restore", backup, "--project", project.name, "--as", f"{project.name}_then")
    rehearsed = await run(home, tmp_path, *wanted, "--dry-run", "--json")
    assert [each["outcome"] for each in rehearsed.json["projects"]] == ["to restore"]
    restored = await run(home, tmp_path, *wanted)
    assert restored.status == 0
    assert f"{project.name}_then (was" in restored.stdout
    await projects.delete(f"{project.name}_then", confirm=f"{project.name}_then", force=True)


async def test_what_is_there_is_replaced_only_with_consent(home: Path, project: Project, backup: str, tmp_path: Path):
    refused = await run(home, tmp_path, "restore", backup)
    assert (refused.status, "restore.names_taken" in refused.stderr) == (1, True)
    unasked = await run(home, tmp_path, "restore", backup, "--replace")
    assert (unasked.status, f"Replace {project.name}?" in unasked.stderr) == (1, True)
    replaced = await run(home, tmp_path, "restore", backup, "--replace", "--yes", "--json")
    assert [each["outcome"] for each in replaced.json["projects"]] == ["replaced"]


async def test_a_project_that_fails_ends_with_a_status_and_a_reason(
    home: Path, project: Project, backup: str, tmp_path: Path
):
    manifest = Path(backup, "manifest.json")
    content = json.loads(manifest.read_text())
    content["projects"][0]["tables"] |= {"workflow.entities": 9}
    manifest.write_text(json.dumps(content))
    failed = await run(home, tmp_path, "restore", backup, "--replace", "--yes")
    assert (failed.status, "operations.copy_differs" in failed.stderr) == (1, True)
