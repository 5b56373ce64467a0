"""What the program says about itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg
import pytest
from typer.main import get_command

from moorage.cli import app
from moorage.core.postgres.errors import translate
from moorage.core.shape import Tool
from moorage.reference import error_classes, examples, pages, walk_commands
from moorage.settings import load_settings, setting_rows

COMMAND: Any = get_command(app)


def test_pages_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch):
    before = pages(COMMAND)
    monkeypatch.setenv("MOORAGE_HOME", "/somewhere/else")
    monkeypatch.setenv("MOORAGE_PROJECT", "website")
    monkeypatch.setenv("POSTGRES_HOST", "db.example.org")
    assert pages(COMMAND) == before


def test_secrets_are_shown_as_stars(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POSTGRES_PASSWORD", "hunter2")
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@db/registry")
    shown = {row.name: row.value for row in setting_rows(load_settings())}
    assert {shown[name] for name in ("postgres.password", "postgres.url", "embedding.api_key")} == {"**********"}


def test_a_setting_names_every_variable_that_sets_it():
    rows = {row.name: row.variables for row in setting_rows(load_settings())}
    assert rows["postgres.host"] == ("MOORAGE_POSTGRES__HOST", "POSTGRES_HOST")
    assert rows["server.sse"] == ("MOORAGE_SERVER__SSE",)


def test_a_list_is_shown_without_its_python_types():
    settings = load_settings({"codebase": {"allowed_roots": ["/srv/code", "/srv/docs"]}})
    rows = {row.name: row.value for row in setting_rows(settings)}
    assert rows["codebase.allowed_roots"] == "/srv/code, /srv/docs"


def test_every_setting_has_a_description():
    assert [row.name for row in setting_rows(load_settings()) if not row.description] == []


def test_every_error_code_belongs_to_one_class_and_says_what_it_means():
    classes = error_classes()
    counted = Counter(each.code for each in classes)
    assert [code for code, count in counted.items() if count > 1] == []
    assert [each.__name__ for each in classes if not (each.__doc__ or "").strip()] == []


def test_error_codes_have_a_family_and_a_word():
    assert [each.code for each in error_classes() if each.code.replace("_", "").count(".") != 1] == []


def test_every_command_says_what_it_does_and_shows_an_example():
    commands = [(name, each) for name, each in walk_commands(COMMAND) if not hasattr(each, "commands")]
    assert len(commands) > 10
    assert [name for name, each in commands if not each.help or not examples(each)] == []


def test_the_setting_that_a_full_server_points_to_exists():
    hint = translate(asyncpg.TooManyConnectionsError("sorry, too many clients"), doing="connecting").hint
    assert "connections.budget" in hint
    assert "connections.budget" in {row.name for row in setting_rows(load_settings())}


def test_pages_hold_tools_commands_settings_and_codes():
    texts = pages(COMMAND)
    assert "### search_code" in texts["tools.md"]
    assert "## moorage project create" in texts["commands.md"]
    assert "`POSTGRES_HOST`" in texts["settings.md"]
    assert "`projects.not_found`" in texts["errors.md"]


def test_the_price_and_all_four_hints_of_a_tool_are_shown():
    section = pages(COMMAND)["tools.md"].partition("### delete_project")[2].partition("###")[0]
    assert "*Delete a project: writes, destructive, safe to repeat, stays inside; about" in section
    assert {"read_only", "destructive", "idempotent", "open_world"} <= set(Tool.__dataclass_fields__)
