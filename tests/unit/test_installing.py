"""Entries for clients: the format of each, and files that hold more than our entry."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from moorage.installing import EntryNotWritten, entry_for, program, token_variable_for

URL = "http://127.0.0.1:8000/mcp"
STDIO = {"command": program(), "args": ["serve", "--transport", "stdio"]}
JSON_CLIENTS = ["claude-code", "cursor", "vscode"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, where Codex keeps its file."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOME", str(folder))
    return folder


class TestEachClient:
    def test_claude_code_starts_a_process_or_asks_a_server(self):
        assert json.loads(entry_for("claude-code").text) == {"mcpServers": {"moorage": {"type": "stdio"} | STDIO}}
        asked = json.loads(entry_for("claude-code", url=URL).text)
        assert asked == {"mcpServers": {"moorage": {"type": "http", "url": URL}}}

    def test_cursor_tells_the_two_apart_by_their_fields(self):
        assert json.loads(entry_for("cursor").text) == {"mcpServers": {"moorage": STDIO}}
        assert json.loads(entry_for("cursor", url=URL).text) == {"mcpServers": {"moorage": {"url": URL}}}

    def test_vscode_calls_them_servers(self):
        assert json.loads(entry_for("vscode").text) == {"servers": {"moorage": {"type": "stdio"} | STDIO}}
        assert json.loads(entry_for("vscode", url=URL).text) == {"servers": {"moorage": {"type": "http", "url": URL}}}

    def test_codex_has_toml_below_the_home_folder(self, home: Path):
        assert tomllib.loads(entry_for("codex").text) == {"mcp_servers": {"moorage": STDIO}}
        assert tomllib.loads(entry_for("codex", url=URL).text) == {"mcp_servers": {"moorage": {"url": URL}}}
        assert entry_for("codex").file == home / ".codex" / "config.toml"

    @pytest.mark.parametrize(
        ("client", "header"),
        [("claude-code", "${TEAM}"), ("cursor", "${env:TEAM}"), ("vscode", "${env:TEAM}")],
    )
    def test_a_token_is_named_by_its_variable(self, client: str, header: str):
        server = entry_for(client, url=URL, token_variable="TEAM").server
        assert server["headers"] == {"Authorization": f"Bearer {header}"}
        assert "headers" not in entry_for(client, token_variable="TEAM").server

    def test_codex_takes_the_name_of_the_variable(self):
        entry = tomllib.loads(entry_for("codex", url=URL, token_variable="TEAM").text)
        assert entry["mcp_servers"]["moorage"] == {"url": URL, "bearer_token_env_var": "TEAM"}

    def test_a_server_elsewhere_is_shown_a_token(self):
        assert token_variable_for("https://moorage.example.com/mcp") == "MOORAGE_TOKEN"
        assert [token_variable_for(url) for url in (None, URL, "http://[::1]:8000/mcp")] == [None] * 3

    @pytest.mark.parametrize("client", [*JSON_CLIENTS, "codex"])
    def test_a_project_is_passed_to_the_process(self, client: str):
        flat = entry_for(client, project="website").text.replace("\n", "").replace(" ", "")
        assert '"--project","website"' in flat

    @pytest.mark.parametrize("client", [*JSON_CLIENTS, "codex"])
    def test_the_program_is_named_by_its_whole_path(self, client: str):
        assert Path(program()).is_absolute()
        assert json.dumps(program()) in entry_for(client).text


class TestWritingAnEntry:
    @pytest.mark.parametrize("client", JSON_CLIENTS)
    def test_makes_the_file(self, client: str):
        entry = entry_for(client)
        entry.write()
        assert json.loads(entry.file.read_text(encoding="utf-8")) == json.loads(entry.text)

    @pytest.mark.parametrize("client", JSON_CLIENTS)
    def test_keeps_what_else_is_in_the_file(self, client: str):
        entry = entry_for(client)
        entry.file.parent.mkdir(exist_ok=True)
        others = {entry.section: {"other": {"command": "other"}}, "inputs": []}
        entry.file.write_text(json.dumps(others), encoding="utf-8")
        entry.write()
        written = json.loads(entry.file.read_text(encoding="utf-8"))
        assert written == {entry.section: {"other": {"command": "other"}, "moorage": entry.server}, "inputs": []}

    def test_replaces_our_own_earlier_entry(self):
        entry_for("cursor").write()
        entry_for("cursor", url=URL).write()
        assert json.loads(Path(".cursor/mcp.json").read_text(encoding="utf-8"))["mcpServers"]["moorage"] == {"url": URL}

    @pytest.mark.parametrize("text", ["{ // a comment\n}", "[]", '{"servers": []}', ""])
    def test_leaves_a_file_alone_that_it_cannot_read(self, text: str):
        entry = entry_for("vscode")
        entry.file.parent.mkdir()
        entry.file.write_text(text, encoding="utf-8")
        with pytest.raises(EntryNotWritten) as refused:
            entry.write()
        assert entry.text in refused.value.hint
        assert entry.file.read_text(encoding="utf-8") == text

    def test_appends_to_the_file_of_codex(self, home: Path):
        file = home / ".codex" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text('model = "o5"\n\n[mcp_servers.other]\ncommand = "other"\n', encoding="utf-8")
        entry_for("codex").write()
        written = tomllib.loads(file.read_text(encoding="utf-8"))
        assert written == {"model": "o5", "mcp_servers": {"other": {"command": "other"}, "moorage": STDIO}}

    def test_of_codex_twice_is_refused(self, home: Path):
        entry_for("codex").write()
        before = (home / ".codex" / "config.toml").read_text(encoding="utf-8")
        with pytest.raises(EntryNotWritten):
            entry_for("codex", url=URL).write()
        assert (home / ".codex" / "config.toml").read_text(encoding="utf-8") == before
