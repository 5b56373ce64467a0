"""Deployments, import and export as a person at the shell uses them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from moorage import cli
from moorage.core.postgres.address import Address

Workflow = Callable[..., Result]
PROJECT = "commands_of_exchange"


@pytest.fixture(scope="module")
def runner(home: Path, address: Address) -> Iterator[CliRunner]:
    with pytest.MonkeyPatch.context() as patch, capture_logs():
        patch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
        yield CliRunner(env={"MOORAGE_HOME": str(home), "COLUMNS": "160"})


@pytest.fixture
def workflow(runner: CliRunner) -> Iterator[Workflow]:
    assert runner.invoke(cli.app, ["project", "create", PROJECT]).exit_code == 0

    def call(*words: str, status: int = 0, typed: str | bytes | None = None) -> Result:
        result = runner.invoke(cli.app, ["workflow", *words, "--project", PROJECT], input=typed)
        assert result.exit_code == status, result.output
        return result

    yield call
    assert runner.invoke(cli.app, ["project", "delete", PROJECT, "--yes"]).exit_code == 0


def test_a_task_list_comes_in_and_goes_out_as_a_board_a_table_and_a_folder(workflow, tmp_path):
    file = tmp_path / "TODO.md"
    file.write_bytes("\ufeff- [ ] =Roof | wall\r\n  - [x] Door\r\n".encode())
    dry = workflow("import", str(file), "--format", "markdown", "--dry-run")
    assert "2 entities would be made from markdown:TODO.md" in dry.stdout
    assert "Types registered: task" in dry.stdout
    report = json.loads(workflow("import", str(file), "--format", "markdown", "--json").stdout)
    assert [each["key"] for each in report["entities"]] == ["T-1", "T-2"]
    board = workflow("export", "--board", "task").stdout
    assert "**T-1** =Roof \\| wall" in board
    assert "completed (1)" in board
    assert ",T-1,'=Roof | wall,pending," in workflow("export", "--csv", "task").stdout
    exported = workflow("export", str(tmp_path / "out"))
    assert "2 entities, 1 types, 0 deployments" in exported.stdout
    again = workflow("import", str(tmp_path / "out"), "--format", "moorage")
    assert "0 entities, 0 types and 0 deployments came back; 2 entities were there already" in again.stdout


def test_a_table_is_read_from_standard_input(workflow):
    workflow("import", "-", "--format", "csv", "--type", "task", typed="title,priority\nMend,high\n")
    assert "T-1,Mend,pending," in workflow("export", "--csv", "task").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nowhere.json", "--format", "github"), "cannot be read"),
        (("import", ".", "--format", "moorage"), "is no export"),
        (("export",), "export what?"),
        (("export", "a", "--csv", "task"), "export what?"),
        (("deploy", "record", "main"), "is no commit"),
        (("deploy", "record", "4f2a9c1", "--data", "[1]"), "no JSON object"),
        (("deploy", "record", "4f2a9c1", "--item", "T-9"), "there is no T-9"),
        (("deploy", "list", "--limit", "0"), "'--limit'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(workflow, words, said):
    assert said in workflow(*words, status=2).stderr


def test_a_file_that_is_no_utf_8_is_refused_by_its_line(workflow, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"title\nfine\n\xff\n")
    refused = workflow("import", str(tmp_path / "a.csv"), "--format", "csv", "--type", "task", status=2)
    assert "line 3" in refused.stderr


def test_deployments_are_recorded_listed_compared_and_measured(workflow):
    workflow("import", "-", "--format", "markdown", typed="- [x] Roof\n")
    recorded = workflow("deploy", "record", "4f2a9c1", "-e", "staging", "--item", "T-1", "--data", '{"build": 7}')
    assert recorded.stdout.strip() == "4f2a9c1 (attempt 1) is deployed in staging"
    workflow("deploy", "record", "4f2a9c0", "--status", "pending")
    workflow("deploy", "record", "4f2a9c0")
    assert "nothing was new" in workflow("deploy", "record", "4f2a9c0").stdout
    listed = json.loads(workflow("deploy", "list", "--json").stdout)
    assert [(each["environment"], each["status"]) for each in listed["deployments"]] == [
        ("production", "deployed"),
        ("staging", "deployed"),
    ]
    assert "4f2a9c0" in workflow("deploy", "live").stdout
    assert "T-1" in workflow("deploy", "compare", "staging", "production").stdout
    figures = workflow("deploy", "figures").stdout
    assert "0% (0)" in figures
    assert "https://dora.dev" in figures
