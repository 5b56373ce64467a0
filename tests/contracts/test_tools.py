"""What clients see of each tool is a promise: a change shows here as a change of a file, to be looked at."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client

from moorage.core.mcp.server import build_server
from moorage.core.shape import Tool
from moorage.systems import SYSTEMS
from tests.contracts.test_database_tools import tools_of

FOLDER = Path(__file__).parent / "tools"
# Set this to write the files anew: WRITE_CONTRACTS=1 pytest tests/contracts/test_tools.py
WRITE = "WRITE_CONTRACTS"
# They return text for models to read, and no data.
PROSE = {"prime", *(each.name for each in tools_of("all"))}


def every_tool() -> list[Tool]:
    """Return the tools of every system, without opening anything: listing them needs no service."""
    from moorage.codebase.tools import CodebaseTools
    from moorage.core.shape import chosen_tools
    from moorage.projects.tools import ProjectTools
    from moorage.workflow.service import make_service
    from moorage.workflow.settings import WorkflowSettings
    from moorage.workflow.tools import tools_by_profile

    nothing: Any = None
    workflow = tools_by_profile(make_service(nothing, WorkflowSettings()), nothing)
    return [
        *ProjectTools(nothing).tools(),
        *CodebaseTools(nothing, nothing).tools(),
        *chosen_tools(workflow, ["all"]),
        *tools_of("all"),
    ]


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, Any]]:
    """Every tool as a client lists it, by name; asked once, because building all of them takes a second."""
    return asyncio.run(_listed())


async def _listed() -> dict[str, dict[str, Any]]:
    server = build_server(name="moorage", version="0", instructions="For a test.", tools=every_tool())
    async with Client(server.fastmcp) as client:
        tools = await client.list_tools()
    return {each.name: each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in tools}


@pytest.mark.parametrize("name", [each.name for each in every_tool()])
def test_a_tool_is_what_was_promised(name: str, listed: dict[str, dict[str, Any]]):
    text = json.dumps(listed[name], indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    file = FOLDER / f"{name}.json"
    if WRITE in os.environ:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def test_there_is_a_promise_for_each_tool_and_no_other():
    assert {file.stem for file in FOLDER.glob("*.json")} == {each.name for each in every_tool()}


def test_every_tool_says_all_four_hints_and_describes_every_argument(listed: dict[str, dict[str, Any]]):
    for name, tool in listed.items():
        hints = tool["annotations"]
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(hints), name
        assert all("description" in each or "$ref" in each for each in tool["inputSchema"]["properties"].values()), name
        assert "outputSchema" in tool or name in PROSE, name


def test_no_system_is_forgotten_here():
    assert {each.name for each in SYSTEMS} == {"projects", "codebase", "workflow", "databases"}
