"""Agents share work through every transport, each in its own name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from moorage.access.service import TokenService
from moorage.core.access import Scope, system_user
from moorage.core.postgres.address import Address
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.serving import http_door, open_gate
from moorage.settings import Settings
from moorage.systems import LINES, open_house
from tests.support.doors import client_with, served_door
from tests.support.programs import MOORAGE, environment

# Tokens of these tests would shut the servers of other tests, were they in the registry that those share.
REGISTRY = "registry_of_work_items"


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Call what succeeds, and return the data of its answer."""
    result: Any = await client.call_tool_mcp(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    """Call what is refused, and return the code."""
    result: Any = await client.call_tool_mcp(tool, arguments)
    assert result.is_error
    return result.content[0].text.partition(":")[0]


async def prime(client: Client, **arguments: Any) -> str:
    result: Any = await client.call_tool_mcp("prime", arguments)
    return result.content[0].text


async def share_work(client: Client, project_name: str) -> dict[str, Any]:
    """Lead two tasks through a day; return the first one as it is at the end."""
    here = {"project_name": project_name}
    assert 'register_entity_type(schema_name="task")' in await prime(client, **here)
    await call(client, "register_entity_type", schema_name="task", **here)
    roof = await call(client, "create_entity", schema_name="task", data={"title": "Mend the roof"}, **here)
    door = await call(client, "create_entity", schema_name="task", data={"title": "Paint the door"}, **here)
    await call(
        client, "link_entities", entity_id=door["key"], links=[{"kind": "blocked_by", "target": roof["key"]}], **here
    )

    claim = await call(client, "claim_work", **here)
    assert claim["work"]["entity"]["key"] == roof["key"]
    write = {"entity_id": roof["key"], "mode": "merge", "claim_token": claim["claim_token"], **here}
    await call(client, "update_entity", data={"status": "in_progress"}, expected_version=1, **write)
    stale = await refusal(client, "update_entity", data={"status": "blocked"}, expected_version=1, **write)
    assert stale == "workflow.stale_version"
    assert f'{roof["key"]} "Mend the roof" until ' in await prime(client, **here)
    assert (await call(client, "ready_work", **here))["items"] == []

    await call(client, "update_entity", data={"status": "completed"}, expected_version=2, **write)
    assert [each["key"] for each in (await call(client, "ready_work", **here))["items"]] == [door["key"]]
    return (await call(client, "get_entity", entity_id=roof["key"], **here))["entity"]


async def test_an_agent_over_stdio_works_in_the_name_of_the_system_s_user(
    home: Path, address: Address, projects: ProjectService, tmp_path: Path, name: str
):
    await projects.create(name, created_by="test")
    serve = [*MOORAGE[1:], "serve", "workflow", "--transport", "stdio"]
    transport = StdioTransport(MOORAGE[0], serve, cwd=str(tmp_path), env=environment(home), keep_alive=False)
    async with Client(transport) as agent:
        done = await share_work(agent, name)
    assert (done["state"], done["version"], done["updated_by"]) == ("completed", 3, system_user().name)
    await projects.delete(name, confirm=name, force=True)


@pytest.fixture
async def tokens(address: Address, admin) -> AsyncIterator[TokenService]:
    manager = ProjectConnectionManager(Provisioner(address, REGISTRY, LINES))
    await manager.initialize()
    yield TokenService(manager)
    await manager.close()
    await admin.execute(f"DROP DATABASE IF EXISTS {REGISTRY} WITH (FORCE)")


@pytest.fixture
async def url(home: Path, tokens: TokenService, name: str) -> AsyncIterator[str]:
    """The address of a server with a project."""
    settings = Settings(home=home, postgres={"database": REGISTRY})
    async with open_house(settings) as house, open_gate(house, settings) as gate:
        await house.ground.projects.create(name, created_by="test")
        async with served_door(http_door(house, settings, gate)) as address:
            yield f"{address}/mcp"
        await house.ground.projects.delete(name, confirm=name, force=True)


async def test_an_agent_over_http_works_in_the_name_of_its_token(url: str, tokens: TokenService, name: str):
    secret = (await tokens.create("ada", scope=Scope.WRITE)).secret
    async with client_with(secret, url, "2026-07-28") as ada:
        done = await share_work(ada, name)
    assert (done["state"], done["created_by"], done["updated_by"]) == ("completed", "ada", "ada")


async def test_a_token_that_may_only_read_asks_and_writes_nothing(url: str, tokens: TokenService, name: str):
    writer = (await tokens.create("ada", scope=Scope.WRITE)).secret
    reader = (await tokens.create("bob", scope=Scope.READ)).secret
    here = {"project_name": name}
    async with client_with(writer, url, "2026-07-28") as ada, client_with(reader, url, "2026-07-28") as bob:
        await call(ada, "register_entity_type", schema_name="task", **here)
        made = await call(ada, "create_entity", schema_name="task", data={"title": "Mend"}, **here)
        found = await call(bob, "query_entities", schema_name="task", **here)
        assert [each["key"] for each in found["entities"]] == [made["key"]]
        assert "Mend" in await prime(bob, **here)
        for tool, arguments in WRITES.items():
            assert await refusal(bob, tool, **arguments, **here) == "access.not_allowed", tool


WRITES: dict[str, dict[str, Any]] = {
    "create_entity": {"schema_name": "task", "data": {"title": "x"}},
    "update_entity": {"entity_id": "T-1", "data": {"title": "x"}, "force": True},
    "delete_entity": {"entity_id": "T-1", "force": True},
    "restore_entity": {"entity_id": "T-1", "force": True},
    "claim_work": {},
    "link_entities": {"entity_id": "T-1"},
    "register_entity_type": {"schema_name": "bug"},
    "record_deployment": {"data": {}},
}
