"""The life of a project as an agent and a person at the shell lead it."""

from __future__ import annotations

from pathlib import Path

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from moorage.projects.service import ProjectService
from tests.support.programs import MOORAGE, environment, run
from tests.unit.codebase.repositories import make_folder

FILES = {"tide.py": "def next_tide(port):\n    return port.tides[0]\n"}


async def test_an_archived_project_is_searched_through_every_door_and_written_through_none(
    home: Path, projects: ProjectService, tmp_path: Path, name: str
):
    folder = make_folder(tmp_path / "port", FILES)
    serve = [*MOORAGE[1:], "serve", "--transport", "stdio"]
    async with Client(
        StdioTransport(MOORAGE[0], serve, cwd=str(folder), env=environment(home), keep_alive=False)
    ) as agent:
        await agent.call_tool("create_project", {"name": name})
        await agent.call_tool("index_repository", {"project_name": name, "repo_path": str(folder), "wait_seconds": 60})
        changed = await agent.call_tool_mcp(
            "update_project", {"project_name": name, "title": "Tides", "archived": True}
        )
        assert (changed.structured_content["title"], changed.structured_content["state"]) == ("Tides", "archived")

        found = await agent.call_tool_mcp("search_code", {"project_name": name, "query": "next_tide"})
        assert found.structured_content["results"][0]["file_path"] == "tide.py"
        refused = await agent.call_tool_mcp("index_repository", {"project_name": name, "repo_path": str(folder)})
        assert refused.is_error
        assert refused.content[0].text.startswith("projects.archived")

        copied = await agent.call_tool_mcp("clone_project", {"source": name, "new_name": f"{name}_b"})
        assert copied.structured_content["state"] == "ready"

    searched = await run(home, folder, "search", "next_tide", "--project", name, "--json")
    assert "archived" in searched.json["message"]
    indexed = await run(home, folder, "index", ".", "--project", name)
    assert indexed.status == 1
    assert "projects.archived" in indexed.stderr
    for each in (name, f"{name}_b"):
        await projects.delete(each, confirm=each, force=True)
