"""Entries that connect MCP clients to Moorage, as each client wants them."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from moorage.access.models import TOKEN_VARIABLE
from moorage.core.errors import Conflict
from moorage.core.http.guards import is_loopback

NAME = "moorage"

# How each client writes the value of an environment variable in a header; the file itself holds no token.
# https://code.claude.com/docs/en/mcp, https://cursor.com/docs/mcp,
# https://code.visualstudio.com/docs/reference/variables-reference
VARIABLE_FORMS = {"claude-code": "${%s}", "cursor": "${env:%s}", "vscode": "${env:%s}"}


class EntryNotWritten(Conflict):
    """The client's file is not what is expected there, so nothing was written."""

    code: ClassVar[str] = "install.not_written"


@dataclass(frozen=True)
class Entry:
    """What a client needs to connect.

    Attributes:
        text: what is pasted: a command, or the content of `file`.
        file: where it is written; relative to the folder of the repository, or below the user's home.
        section: the key under which a JSON file keeps its servers; None for a file that is not JSON.
        server: the entry itself.
    """

    text: str
    file: Path
    section: str | None
    server: dict[str, Any]

    def write(self) -> None:
        """Add the entry to the client's file; entries of other servers stay as they are.

        Raises:
            EntryNotWritten: the file is there and not readable as what it should be, or has the entry already.
        """
        if self.section is None:
            self._append()
            return
        document = self._read()
        document.setdefault(self.section, {})[NAME] = self.server
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    def _read(self) -> dict[str, Any]:
        if not self.file.exists():
            return {}
        try:
            document = json.loads(self.file.read_text(encoding="utf-8"))
        except ValueError:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get(self.section, {}), dict):
            raise EntryNotWritten(
                f"{self.file} is not a JSON object with {self.section!r}", hint="Add this by hand:\n" + self.text
            )
        return document

    def _append(self) -> None:
        known = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        if f"[mcp_servers.{NAME}]" in known:
            raise EntryNotWritten(f"{self.file} has the entry already", hint="Change it by hand:\n" + self.text)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(f"{known.rstrip()}\n\n{self.text}\n".lstrip(), encoding="utf-8")


def token_variable_for(url: str | None) -> str | None:
    """Return the variable that an entry names by default: a server elsewhere wants a token, a local one seldom."""
    is_elsewhere = url is not None and not is_loopback(urlsplit(url).hostname or "")
    return TOKEN_VARIABLE if is_elsewhere else None


def entry_for(
    client: str,
    *,
    project: str | None = None,
    url: str | None = None,
    home: Path | None = None,
    token_variable: str | None = None,
) -> Entry:
    """Return the entry for claude-code, codex, cursor or vscode.

    Args:
        url: of a running server (`http://127.0.0.1:8000/mcp`); None starts a process over stdio.
        token_variable: the environment variable with the token that is shown to that server; None shows none.
        home: the data folder when it is not the default one: clients start processes without our environment.
    """
    arguments = ["serve", "--transport", "stdio", *(["--project", project] if project else [])]
    if home is not None:
        arguments = ["--home", str(home), *arguments]
    if client == "codex":
        return _codex(arguments, url, token_variable)
    server: dict[str, Any] = {"url": url} if url else {"command": program(), "args": arguments}
    if url and token_variable:
        server["headers"] = {"Authorization": "Bearer " + VARIABLE_FORMS[client] % token_variable}
    if client != "cursor":
        server = {"type": "http" if url else "stdio"} | server
    section = "servers" if client == "vscode" else "mcpServers"
    files = {"claude-code": ".mcp.json", "cursor": ".cursor/mcp.json", "vscode": ".vscode/mcp.json"}
    text = json.dumps({section: {NAME: server}}, indent=2)
    return Entry(text, Path(files[client]), section, server)


def program() -> str:
    """Return the path of this program, so that clients start the very same one."""
    return shutil.which(NAME) or str(Path(sys.executable).parent / NAME)


def _codex(arguments: list[str], url: str | None, token_variable: str | None) -> Entry:
    """Return the entry in TOML: https://developers.openai.com/codex/mcp."""
    fields: dict[str, Any] = {"url": url} if url else {"command": program(), "args": arguments}
    if url and token_variable:
        fields["bearer_token_env_var"] = token_variable
    lines = [f"[mcp_servers.{NAME}]", *(f"{name} = {json.dumps(value)}" for name, value in fields.items())]
    return Entry("\n".join(lines), Path.home() / ".codex" / "config.toml", None, {})
