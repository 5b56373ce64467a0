"""Writing entities as a client over MCP does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.exceptions import ToolError

from moorage.core.mcp.server import build_server
from moorage.core.shape import chosen_tools
from moorage.workflow.tools import tools_by_profile
from tests.support.work_items import workflow_with_tasks


@pytest.fixture
async def client(connections, project):
    service = await workflow_with_tasks(connections, project.name)

    async def resolve(name: str | None) -> str:
        return name or project.name

    tools = chosen_tools(tools_by_profile(service, resolve), ["core", "exchange"])
    server = build_server(name="workflow", version="0", instructions="For a test.", tools=tools)
    async with Client(server.fastmcp) as client:
        yield client


async def call(client: Client, tool: str, **arguments) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def test_a_write_is_answered_with_what_the_next_one_needs(client, project):
    made = await call(client, "create_entity", schema_name="task", data={"title": "Mend"}, idempotency_key="k")
    assert made == {
        "project_name": project.name, "repeated": False, "id": made["id"], "key": "T-1", "version": 1,
        "title": "Mend", "state": "pending", "unchanged": False, "children": [],
    }  # fmt: skip
    again = await call(client, "create_entity", schema_name="task", data={"title": "Mend"}, idempotency_key="k")
    assert again == {**made, "repeated": True}
    patch = [{"op": "replace", "path": "/status", "value": "completed"}]
    changed = await call(client, "update_entity", entity_id="T-1", data=patch, mode="patch", expected_version=1)
    assert (changed["version"], changed["state"]) == (2, "completed")
    assert (await call(client, "delete_entity", entity_id="T-1", expected_version=2))["version"] == 3
    assert (await call(client, "restore_entity", entity_id="T-1", expected_version=3))["version"] == 4


async def test_a_stale_write_is_told_its_conflict_in_the_text_that_models_read(client):
    await call(client, "create_entity", schema_name="task", data={"title": "Mend"})
    merge = {"entity_id": "T-1", "mode": "merge", "expected_version": 1}
    await call(client, "update_entity", **merge, data={"title": "Mended"})
    with pytest.raises(ToolError) as refused:
        await call(client, "update_entity", **merge, data={"title": "Broken"})
    first, hint, details = str(refused.value).splitlines()
    assert first.startswith("workflow.stale_version: T-1 is at version 2, not 1: written meanwhile by ")
    assert "decide, and repeat the call with expected_version 2" in hint
    conflict = {"pointer": "/title", "seen": "Mend", "current": "Mended", "yours": "Broken"}
    assert json.loads(details.removeprefix("Details: "))["conflicts"] == [conflict]


async def test_a_batch_comes_as_plain_operations(client):
    create = {"op": "create", "schema_name": "task"}
    operations = [
        {**create, "ref": "roof", "data": {"title": "Roof"}},
        {**create, "ref": "tiles", "data": {"title": "Tiles"}},
        {"op": "link", "entity_id": "$tiles", "kind": "parent", "target": "$roof"},
    ]
    done = await call(client, "apply_batch", operations=operations)
    assert (done["made"], done["versions"]) == ({"roof": "T-1", "tiles": "T-2"}, {"T-1": 1, "T-2": 1})
    with pytest.raises(ToolError, match=r"workflow\.has_children"):
        await call(client, "delete_entity", entity_id="T-1", expected_version=1)
    deleted = await call(client, "delete_entity", entity_id="T-1", expected_version=1, with_children=True)
    assert deleted["children"] == ["T-2"]
