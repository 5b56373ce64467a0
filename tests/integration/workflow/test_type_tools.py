"""Agents change types over MCP, and are told how far it is."""

from __future__ import annotations

from fastmcp import Client

from moorage.core.mcp.server import build_server
from moorage.workflow.evolution.tools import EvolutionTools
from tests.support.notes import ASSIGNED, make_notes, workflow_with_notes

STEPS = [
    {"step": "rename", "field": "owner", "to": "assignee"},
    {"step": "set_default", "field": "assignee", "value": "nobody"},
]


async def test_an_agent_tries_a_change_makes_it_and_looks_back(connections, project):
    service = await workflow_with_notes(connections, project.name)
    await make_notes(connections, service, project.name, 3)
    told = []

    async def tell(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    async def resolve(name: str | None) -> str:
        return name or project.name

    tools = EvolutionTools(service.evolution, resolve).types()
    server = build_server(name="moorage", version="0", instructions="For a test.", tools=tools)
    change = {"schema_name": "note", "schema_definition": ASSIGNED, "steps": STEPS}
    async with Client(server.fastmcp) as client:
        bare = {**change, "steps": []}
        tried = (await client.call_tool("evolve_entity_type", {**bare, "dry_run": True})).structured_content
        assert (tried["change"], tried["entities"]["failing"]) == ("needs_migration", 3)
        refused = await client.call_tool_mcp("evolve_entity_type", {**bare, "expected_version": 1})
        assert refused.is_error
        wrong = {**change, "rules": {"stat": {}}, "expected_version": 1}
        misspelt = await client.call_tool_mcp("evolve_entity_type", wrong)
        assert "/rules/stat" in misspelt.content[0].text
        made = await client.call_tool("evolve_entity_type", {**change, "expected_version": 1}, progress_handler=tell)
        assert made.structured_content["project_name"] == project.name
        assert made.structured_content["migration"]["migrated"] == 3
        again = (await client.call_tool("migrate_entities", {"schema_name": "note"})).structured_content
        assert again["migration"]["state"] == "done"
        looked = (await client.call_tool("entity_type_history", {"schema_name": "note"})).structured_content
        assert [each["version"] for each in looked["versions"]] == [2, 1]
    assert told == [(3, 3, "entities brought forward")]
