"""The past of work items as a person at the shell looks at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from moorage import cli
from moorage.core.postgres.address import Address

PROJECT = "commands_of_the_past"
LATER, BEFORE = "2100-01-01T00:00", "2000-01-01T00:00Z"
Workflow = Callable[..., str]


@pytest.fixture
def workflow(home: Path, address: Address, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflow]:
    """Call `moorage workflow ...` in a project with one task of two versions; return what it prints."""
    monkeypatch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
    runner = CliRunner(env={"MOORAGE_HOME": str(home), "COLUMNS": "160"})
    assert runner.invoke(cli.app, ["project", "create", PROJECT]).exit_code == 0

    def call(*words: str, status: int = 0) -> str:
        with capture_logs():  # without its configuration the log goes to stdout
            result = runner.invoke(cli.app, ["workflow", *words, "--project", PROJECT])
        assert result.exit_code == status, result.output
        return result.stderr if status else result.stdout

    call("new", "task", "Mend the roof")
    call("move", "T-1", "in_progress")
    yield call
    assert runner.invoke(cli.app, ["project", "delete", PROJECT, "--yes"]).exit_code == 0


def test_an_item_shows_its_versions_what_changed_and_goes_back(workflow: Workflow):
    newest, oldest = workflow("history", "T-1").splitlines()
    assert (newest.split()[:2], newest.split()[-1], oldest.split()[:2]) == (
        ["v2", "update"],
        "/status",
        ["v1", "create"],
    )
    assert workflow("history", "T-1", "--limit", "1").splitlines()[-1] == "and 1 older versions"
    diff = workflow("history", "T-1", "--diff", "1", "2").split("\n")
    assert diff[:4] == ["T-1 from v1 to v2", "/status", "  - pending", "  + in_progress"]
    assert workflow("revert", "T-1", "1").split() == ["T-1", "pending", "Mend", "the", "roof", "v3"]
    assert json.loads(workflow("history", "T-1", "--json"))["versions"][0]["version"] == 3


def test_items_are_shown_as_they_were(workflow: Workflow):
    assert workflow("as-of", LATER).startswith('T-1  v2  {"title": "Mend the roof", "status": "in_progress"}')
    assert workflow("as-of", BEFORE) == "no task was there\n"
    assert "status  in_progress" in workflow("as-of", LATER, "T-1")
    assert "workflow.version_not_found" in workflow("as-of", BEFORE, "T-1", status=1)
    assert "'yesterday' is no time" in workflow("as-of", "yesterday", status=2)


def test_changes_go_on_from_the_cursor_that_was_printed(workflow: Workflow):
    shown = [line.split()[3:] for line in workflow("changes").splitlines()]
    assert shown == [
        ["type", "create", "task", "v1"],
        ["entity", "create", "T-1", "v1"],
        ["entity", "update", "T-1", "v2"],
    ]
    first = workflow("changes", "--limit", "2").splitlines()
    assert first[2].startswith("and more: --cursor ")
    cursor = first[2].rpartition(" ")[2]
    rest = json.loads(workflow("changes", "--cursor", cursor, "--json"))
    assert ([each["version"] for each in rest["changes"]], rest["has_more"]) == ([2], False)
    assert workflow("changes", "--since", LATER) == ""
    assert len(workflow("changes", "--subject", "entity").splitlines()) == 2
