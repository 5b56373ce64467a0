"""The root of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_group
from typer.testing import CliRunner

import moorage
from moorage import cli, installing
from moorage.cli import COMMANDS, app


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell of the usual 80 columns."""
    monkeypatch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
    return CliRunner(env={"COLUMNS": "80"})


def test_the_version_is_printed_without_a_command(runner: CliRunner):
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"moorage {moorage.__version__}\n")


def test_an_entry_is_not_broken_where_the_terminal_ends(runner: CliRunner, monkeypatch: pytest.MonkeyPatch):
    program = f"/srv/{'long/' * 20}moorage"
    monkeypatch.setattr(installing, "program", lambda: program)
    result = runner.invoke(app, ["install", "cursor"])
    assert json.loads(result.output)["mcpServers"]["moorage"]["command"] == program


def test_an_entry_names_the_data_folder_that_is_set(runner: CliRunner, monkeypatch: pytest.MonkeyPatch):
    """Clients start processes with little of their user's environment."""
    monkeypatch.setenv("MOORAGE_HOME", "/srv/moorage")
    result = runner.invoke(app, ["install", "cursor"])
    arguments = json.loads(result.output)["mcpServers"]["moorage"]["args"]
    assert arguments == ["--home", "/srv/moorage", "serve", "--transport", "stdio"]


def test_a_wrong_setting_ends_with_its_code_and_a_status_for_usage(runner: CliRunner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOORAGE_SERVER__PORT", "eighty")
    result = runner.invoke(app, ["settings"])
    assert result.exit_code == 2
    assert "settings.invalid" in result.stderr
    assert result.stdout == ""


def test_down_says_nothing_but_its_answer_where_no_server_ever_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("MOORAGE_HOME", str(tmp_path))
    command = [sys.executable, "-m", "moorage", "down"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the embedded PostgreSQL is not running\n", "")


@pytest.mark.parametrize("module", sorted(set(COMMANDS.values())))
def test_the_table_names_every_command_of_a_module(module: str):
    listed = {name for name, place in COMMANDS.items() if place == module}
    group = get_group(import_module(module).commands)
    assert listed == ({group.name} if group.name in COMMANDS else set(group.commands))
