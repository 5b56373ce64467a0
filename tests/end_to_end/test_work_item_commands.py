"""Work items as a person at the shell makes, moves and looks at them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from moorage import cli
from moorage.core.postgres.address import Address

Workflow = Callable[..., Result]
PROJECT = "commands_of_work"


@pytest.fixture(scope="module")
def runner(home: Path, address: Address) -> Iterator[CliRunner]:
    """Runs commands in this process, which spares starting one for each."""
    with pytest.MonkeyPatch.context() as patch, capture_logs():
        patch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
        yield CliRunner(env={"MOORAGE_HOME": str(home), "COLUMNS": "120"})


@pytest.fixture
def workflow(runner: CliRunner) -> Iterator[Workflow]:
    """Call `moorage workflow ...` in a fresh project; what fails fails the test unless a status is expected."""
    assert runner.invoke(cli.app, ["project", "create", PROJECT]).exit_code == 0

    def call(*words: str, status: int = 0, typed: str | None = None) -> Result:
        result = runner.invoke(cli.app, ["workflow", *words, "--project", PROJECT], input=typed)
        assert result.exit_code == status, result.output
        return result

    yield call
    assert runner.invoke(cli.app, ["project", "delete", PROJECT, "--yes"]).exit_code == 0


def read(result: Result) -> Any:
    return json.loads(result.stdout)


def test_the_first_item_of_a_ready_made_kind_registers_it_and_says_so(workflow: Workflow):
    first = workflow("new", "task", "Mend the roof", "--field", "priority=high", "--field", 'tags=["roof"]')
    second = workflow("new", "task", "Paint the door", "--json")
    assert "no type 'task': the ready-made one is registered" in first.stderr
    assert first.stdout.split() == ["T-1", "pending", "Mend", "the", "roof", "v1", "made"]
    assert second.stderr == ""
    assert read(second)["data"] == {"title": "Paint the door", "status": "pending"}
    assert read(workflow("show", "T-1", "--json"))["entity"]["data"]["tags"] == ["roof"]


def test_an_item_of_a_kind_that_nobody_has_is_refused_with_those_there_are(workflow: Workflow):
    workflow("new", "task", "Mend the roof")
    refused = workflow("new", "tusk", "Mend the roof", status=1)
    assert "workflow.type_not_found: the project has no type 'tusk'" in refused.stderr
    assert "Types: task." in refused.stderr


def test_fields_come_from_a_file_and_flags_win(workflow: Workflow):
    made = workflow(
        "new", "task", "--data", "-", "--field", "priority=low", "--json",
        typed='{"title": "Mend", "priority": "high", "assignee": "ada"}',
    )  # fmt: skip
    assert read(made)["data"] == {"title": "Mend", "priority": "low", "assignee": "ada", "status": "pending"}


def test_an_item_is_made_with_its_links_or_not_at_all(workflow: Workflow):
    workflow("new", "task", "House")
    workflow("new", "task", "Party")
    workflow("new", "task", "Roof", "--parent", "T-1", "--blocks", "T-2")
    workflow("new", "task", "Orphan", "--parent", "T-99", status=1)
    tree = read(workflow("tree", "T-1", "--json"))
    assert [each["title"] for each in tree["nodes"]] == ["Roof"]
    columns = read(workflow("board", "--json"))["columns"]
    assert [column["number"] for column in columns if column["number"]] == [3]
    assert read(workflow("why", "T-2", "--json"))["blockers"][0]["title"] == "Roof"


def test_moving_to_a_state_that_is_not_there_names_those_that_are(workflow: Workflow):
    workflow("new", "task", "Mend")
    refused = workflow("move", "T-1", "started", status=2)
    assert "STATE: 'task' has no 'started'" in refused.stderr
    assert "States: pending, in_progress, blocked, completed, cancelled." in refused.stderr
    assert workflow("move", "T-1", "in_progress").stdout.split()[:2] == ["T-1", "in_progress"]
    assert "is so already" in workflow("move", "T-1", "in_progress").stdout


def test_a_change_of_a_claimed_item_needs_the_token_that_claim_printed(workflow: Workflow):
    workflow("new", "task", "Mend")
    claimed = workflow("claim")
    token = claimed.stdout.rpartition("--token ")[2].strip()
    assert "workflow.claimed" in workflow("move", "T-1", "in_progress", status=1).stderr
    workflow("move", "T-1", "in_progress", "--token", token)
    workflow("renew", token, "--minutes", "5")
    workflow("release", token)
    assert "workflow.claim_lost" in workflow("release", token, status=1).stderr


def test_editing_sets_and_takes_away_fields_and_leaves_the_others(workflow: Workflow):
    workflow("new", "task", "Mend", "--field", "priority=high", "--field", "assignee=ada")
    workflow("edit", "T-1", "--field", "title=Mend the roof", "--unset", "assignee")
    assert read(workflow("show", "T-1", "--json"))["entity"]["data"] == {
        "title": "Mend the roof",
        "priority": "high",
        "status": "pending",
    }


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("edit", "T-1", "--field", "priority=urgent"), 2, "workflow.invalid_entity"),
        (("edit", "T-1", "--field", "tags=a,b"), 2, """Write --field tags='["a", "b"]'."""),
        (("edit", "T-1", "--field", "nothing"), 2, "Write --field NAME=VALUE."),
        (("edit", "T-1", "--data", "no-such.json"), 2, "--data no-such.json cannot be read"),
        (("show", "T-99"), 1, "workflow.entity_not_found"),
        (("show", "roof"), 2, "Keys are like T-123"),
        (("link", "T-1", "beside", "T-1"), 2, "Kinds: parent, child, blocks"),
        (("link", "T-1", "blocks", "T-1"), 1, "workflow.link_refused"),
        (("board", "--type", "tusk"), 1, "workflow.type_not_found"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_told_with_the_value_and_a_way_out(
    workflow: Workflow, words: tuple[str, ...], status: int, said: str
):
    workflow("new", "task", "Mend")
    refused = workflow(*words, status=status)
    assert said in refused.stderr
    assert refused.stdout == ""


def test_why_and_path_name_what_must_come_first(workflow: Workflow):
    workflow("new", "task", "Mend")
    workflow("new", "task", "Paint")
    workflow("link", "T-1", "blocks", "T-2")
    assert "T-1 pending Mend" in workflow("why", "T-2").stdout
    assert [each["key"] for each in read(workflow("path", "--json"))["items"]] == ["T-1", "T-2"]
    workflow("unlink", "T-1", "blocks", "T-2")
    assert [each["key"] for each in read(workflow("ready", "--json"))["items"]] == ["T-1", "T-2"]


def test_a_deleted_item_leaves_the_board_until_it_is_restored(workflow: Workflow):
    workflow("new", "task", "Mend")
    workflow("comment", "T-1", "The tiles come on Monday.")
    workflow("refer", "T-1", "src/roof.py:10-20")
    workflow("delete", "T-1")
    assert "Mend" not in workflow("board").stdout
    workflow("restore", "T-1")
    assert "Mend" in workflow("board").stdout
    shown = workflow("show", "T-1").stdout
    assert "The tiles come on Monday." in shown
    assert "src/roof.py:10-20" in shown


def test_a_title_moves_no_cursor_and_colours_nothing(workflow: Workflow):
    workflow("new", "task", "--data", "-", typed=json.dumps({"title": "\x1b[2J\x1b]0;mine\x07[red]roof"}))
    for words in (("board",), ("ready",), ("show", "T-1"), ("tree", "T-1"), ("prime",)):
        shown = workflow(*words).stdout
        assert "[red]roof" in shown
        assert "\x1b[2J" not in shown
        assert "\x07" not in shown


@pytest.mark.parametrize("width", [20, 60, 120, 300])
def test_a_board_fits_the_width_it_is_given(workflow: Workflow, width: int):
    workflow("new", "task", "Mend the roof before winter comes, and the gutters too")
    lines = workflow("board", "--width", str(width)).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert any("cancelled (0)" in line for line in lines)
