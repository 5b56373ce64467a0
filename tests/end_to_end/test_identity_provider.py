"""A team's server with an identity provider: clients find it by themselves, and what they may do is in their token.

Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from starlette.responses import PlainTextResponse

from moorage.access.settings import AccessSettings, IssuerSettings
from moorage.core.postgres.address import Address
from moorage.projects.models import Project
from moorage.serving import http_door, open_gate
from moorage.settings import ServerSettings, Settings
from moorage.systems import open_house
from tests.support.doors import ERAS, client_with, served_door
from tests.support.issuers import IssuerPeer, running_issuer

eras = pytest.mark.parametrize("era", ERAS[:2])


@dataclass(frozen=True)
class Team:
    """A running server, and the issuer it trusts."""

    url: str
    peer: IssuerPeer

    @property
    def door(self) -> str:
        return f"{self.url}/mcp"

    async def get(self, path: str, token: str | None = None) -> httpx2.Response:
        async with httpx2.AsyncClient() as client:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return await client.get(f"{self.url}{path}", headers=headers)


class Kept:
    """Where a client keeps its tokens."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError(f"this client is registered already: {client_info}")


@pytest.fixture
async def team(home: Path, address: Address) -> AsyncIterator[Team]:
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(running_issuer())
        port = free_port()
        settings = Settings(
            home=home,
            server=ServerSettings.model_validate({"public_url": f"http://127.0.0.1:{port}", "port": port}),
            access=AccessSettings(issuer=IssuerSettings(url=peer.url)),
        )
        house = await stack.enter_async_context(open_house(settings, ["projects"]))
        gate = await stack.enter_async_context(open_gate(house, settings))
        url = await stack.enter_async_context(served_door(http_door(house, settings, gate), port=port))
        yield Team(url, peer)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


async def names_of(client: Client) -> set[str]:
    listed = await client.call_tool_mcp("list_projects", {})
    return {project["name"] for project in listed.structured_content["projects"]}


@eras
async def test_a_client_finds_the_issuer_gets_a_token_and_calls_a_tool(team: Team, project: Project, era: str) -> None:
    provider = ClientCredentialsOAuthProvider(
        team.door, Kept(), client_id="agent", client_secret="secret", issuer=team.peer.url
    )
    transport = StreamableHttpTransport(team.door, auth=provider)
    async with Client(transport, mode="auto" if era == "2026-07-28" else "legacy") as client:
        assert project.name in await names_of(client)
    (asked,) = team.peer.granted
    assert (asked["resource"], asked["scope"]) == (team.door, "moorage:read moorage:write")


async def test_a_stranger_is_led_to_the_issuer(team: Team) -> None:
    refused = await team.get("/projects/mcp")
    assert refused.status_code == 401
    metadata_path = "/.well-known/oauth-protected-resource/projects/mcp"
    assert refused.headers["www-authenticate"] == (
        f'Bearer resource_metadata="{team.url}{metadata_path}", scope="moorage:read moorage:write"'
    )
    metadata = (await team.get(metadata_path)).json()
    assert (metadata["resource"], metadata["authorization_servers"]) == (f"{team.url}/projects/mcp", [team.peer.url])


async def test_a_wrong_token_is_refused_as_such(team: Team) -> None:
    refused = await team.get("/mcp", team.peer.token("https://elsewhere.example/mcp"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "access.invalid_token")
    assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token", resource_metadata=')


async def test_a_token_that_allows_nothing_here_is_told_what_would(team: Team) -> None:
    refused = await team.get("/metrics", team.peer.token(team.door, scope="openid"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "access.no_scope")
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope", resource_metadata=')
    assert challenge.endswith('scope="moorage:read"')


async def test_while_the_issuer_is_down_nobody_new_comes_in(team: Team) -> None:
    team.peer.fails_with = PlainTextResponse("down", status_code=500)
    refused = await team.get("/metrics", team.peer.token(team.door))
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "access.issuer_unavailable")
    assert "retry-after" in refused.headers


@eras
async def test_a_tool_does_what_the_scopes_of_the_token_allow(team: Team, era: Any) -> None:
    name = f"t_{uuid.uuid4().hex[:16]}"
    async with client_with(team.peer.token(team.door, scope="moorage:read"), team.door, era) as reader:
        refused = await reader.call_tool_mcp("create_project", {"name": name})
        assert refused.is_error
        assert "access.not_allowed" in refused.content[0].text
    async with client_with(team.peer.token(team.door, scope="moorage:admin"), team.door, era) as admin:
        assert not (await admin.call_tool_mcp("create_project", {"name": name})).is_error
        deleted = await admin.call_tool_mcp("delete_project", {"project_name": name, "confirm": name})
        assert not deleted.is_error


@eras
async def test_a_token_sees_the_projects_it_lists(team: Team, project: Project, era: Any) -> None:
    other = team.peer.token(team.door, moorage_projects=["another_project"])
    async with client_with(other, team.door, era) as client:
        assert await names_of(client) == set()
    mine = team.peer.token(team.door, moorage_projects=[project.name])
    async with client_with(mine, team.door, era) as client:
        assert await names_of(client) == {project.name}


async def test_a_token_for_one_system_opens_that_system_only(team: Team) -> None:
    token = team.peer.token(f"{team.url}/projects/mcp")
    async with client_with(token, f"{team.url}/projects/mcp", "2026-07-28") as client:
        await names_of(client)
    assert (await team.get("/mcp", token)).status_code == 401
