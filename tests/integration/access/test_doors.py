"""Every tool and every route with every kind of token: drawn from what is served, so that none is forgotten."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from moorage.access.models import new_secret
from moorage.access.service import TokenService
from moorage.core.access import Scope
from moorage.core.errors import Unavailable
from moorage.core.http.app import HttpDoor
from moorage.core.mcp.server import McpServer
from moorage.core.shape import Tool
from moorage.projects import store as project_store
from moorage.projects.models import Project
from moorage.serving import http_door, open_gate
from moorage.systems import open_house
from tests.support.doors import served_door
from tests.support.processes import MODERN_META

LESSER = {Scope.WRITE: Scope.READ, Scope.ADMIN: Scope.WRITE}
UNKNOWN_KINDS = ("none", "garbage", "unknown", "expired", "revoked")

# Arguments that name a project there is, and those that are given its name besides.
PROJECT_ARGUMENTS = {"project_name", "source"}
NAME_ARGUMENTS = {"name", "confirm"}
DATABASE_ARGUMENT = "database_id"
# Tools without such an argument, and what a caller gets that may see other projects only.
WITHOUT_PROJECT = {"list_projects": "ok", "create_project": "access.not_allowed", "list_databases": "ok"}
# Arguments that are more than their schema says.
SPECIAL: dict[str, Any] = {"chunk_ids": [str(uuid.uuid4())], "data": {"title": "x"}}
# Arguments that tools want although their schema lets them be left out.
WANTED: dict[str, Any] = {"expected_version": 1}
# Routes, and what they answer: a caller nobody knows, one with read, one with read for some projects.
ROUTES = {
    "/": (200, 200, 200),
    "/health/live": (200, 200, 200),
    "/health/ready": (200, 200, 200),
    "/metrics": (401, 200, 403),
}


@dataclass
class Served:
    """The whole program as an app, with a project of somebody else's in it."""

    door: HttpDoor
    client: httpx2.AsyncClient
    tokens: TokenService
    project: Project

    @property
    def server(self) -> McpServer:
        return self.door.servers[0]

    async def secret(self, kind: str | Scope, *, projects: list[str] | None = None) -> str | None:
        """Return a token of this kind; None for none."""
        match kind:
            case "none":
                return None
            case "garbage":
                return "garbage"
            case "unknown":
                return new_secret()
        scope = kind if isinstance(kind, Scope) else Scope.ADMIN
        made = await self.tokens.create(f"t{uuid.uuid4().hex[:8]}", scope=scope, projects=projects)
        if kind == "revoked":
            await self.tokens.revoke(made.name)
        if kind == "expired":
            with self.tokens._connections.registry() as registry:
                await registry.execute("UPDATE public.tokens SET expires_at = now() WHERE name = $1", made.name)
        return made.secret

    async def ask(self, method: str, path: str, secret: str | None) -> httpx2.Response:
        return await self.client.request(method, path, headers=bearer(secret))

    async def call(self, tool: Tool, arguments: dict[str, Any], secret: str | None) -> httpx2.Response:
        params = {"name": tool.name, "arguments": arguments, "_meta": MODERN_META}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/call",
            "mcp-name": tool.name,
        }
        return await self.client.post("/mcp", json=message, headers=headers | bearer(secret))

    async def outcome(self, tool: Tool, arguments: dict[str, Any], secret: str | None) -> str:
        """Return the code that a call fails with; "ok" when it does not."""
        result = (await self.call(tool, arguments, secret)).json()["result"]
        return result["content"][0]["text"].partition(":")[0] if result.get("isError") else "ok"

    def arguments(self, tool: Tool) -> dict[str, Any]:
        """Return the least that the tool's schema asks for, with the project's name wherever it takes one."""
        schema = self.server.fastmcp.served[tool.name].parameters
        wanted = {name: SPECIAL.get(name) or plain(schema["properties"][name]) for name in schema.get("required", ())}
        names = (PROJECT_ARGUMENTS | NAME_ARGUMENTS) & names_of(schema)
        also = {name: value for name, value in WANTED.items() if name in schema["properties"]}
        database = {DATABASE_ARGUMENT: f"project:{self.project.name}"} if DATABASE_ARGUMENT in names_of(schema) else {}
        return wanted | also | database | dict.fromkeys(names, self.project.name)


def names_of(schema: dict[str, Any]) -> set[str]:
    return set(schema["properties"])


def plain(schema: dict[str, Any]) -> Any:
    """Return a value of the schema's type."""
    kind = schema.get("type", "string")
    return {"string": "x", "integer": 1, "number": 1, "boolean": False, "array": ["x"], "object": {}}[kind]


def refusal_of_strangers(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Return what a tool answers who may not see the project that the arguments name, in whatever way."""
    if not PROJECT_ARGUMENTS.isdisjoint(arguments):
        return "projects.not_found"
    return "databases.not_found" if DATABASE_ARGUMENT in arguments else WITHOUT_PROJECT[tool.name]


def bearer(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"authorization": f"Bearer {secret}"}


def kinds_of_routes(door: HttpDoor) -> list[Route]:
    return [route for route in door.app.routes if isinstance(route, Route)]


@pytest.fixture
async def served(settings, projects, tokens, name: str) -> AsyncIterator[Served]:
    project = await projects.create(name, created_by="test")
    await tokens.create("first", scope=Scope.ADMIN)
    async with open_house(settings) as house, open_gate(house, settings) as gate:
        door = http_door(house, settings, gate)
        async with served_door(door) as url, httpx2.AsyncClient(base_url=url) as client:
            yield Served(door, client, tokens, project)
    await projects.delete(name, confirm=name, force=True)


@pytest.mark.parametrize("kind", UNKNOWN_KINDS)
async def test_no_tool_answers_a_caller_nobody_knows(served: Served, kind: str):
    secret = await served.secret(kind)
    for tool in served.server.tools:
        answer = await served.call(tool, {}, secret)
        assert answer.status_code == 401, tool.name
        assert answer.headers["www-authenticate"] == ("Bearer" if kind == "none" else 'Bearer error="invalid_token"')
        assert secret is None or secret not in answer.text


async def test_no_tool_answers_a_scope_below_its_own(served: Served):
    secrets = {scope: await served.secret(scope) for scope in Scope}
    for tool in served.server.tools:
        if tool.scope in LESSER:
            assert await served.outcome(tool, {}, secrets[LESSER[tool.scope]]) == "access.not_allowed", tool.name


async def test_every_tool_answers_its_own_scope(served: Served):
    """Without arguments: what they are is looked at after the scope."""
    secrets = {scope: await served.secret(scope) for scope in Scope}
    for tool in served.server.tools:
        assert await served.outcome(tool, {}, secrets[tool.scope]) != "access.not_allowed", tool.name


async def test_no_tool_tells_that_somebody_else_s_project_exists(served: Served, projects):
    mine = f"{served.project.name}_mine"
    await projects.create(mine, created_by="test")
    secret = await served.secret(Scope.ADMIN, projects=[mine])
    found = {tool.name: await served.outcome(tool, served.arguments(tool), secret) for tool in served.server.tools}
    expected = {tool.name: refusal_of_strangers(tool, served.arguments(tool)) for tool in served.server.tools}
    assert found == expected
    await projects.delete(mine, confirm=mine)


async def test_a_caller_lists_the_projects_it_may_see(served: Served, projects):
    mine = f"{served.project.name}_mine"
    await projects.create(mine, created_by="test")
    secret = await served.secret(Scope.READ, projects=[mine])
    (listing,) = [tool for tool in served.server.tools if tool.name == "list_projects"]
    result = (await served.call(listing, {"limit": 1}, secret)).json()["result"]["structuredContent"]
    assert [each["name"] for each in result["projects"]] == [mine]
    assert result["next_after"] is None
    await projects.delete(mine, confirm=mine)


async def test_a_project_and_its_row_bear_the_name_of_who_made_it(served: Served, name: str):
    made = await served.tokens.create("maker", scope=Scope.ADMIN)
    tools = {tool.name: tool for tool in served.server.tools}
    result = (await served.call(tools["create_project"], {"name": f"{name}_new"}, made.secret)).json()["result"]
    assert result["structuredContent"]["created_by"] == "maker"
    gone = {"project_name": f"{name}_new", "confirm": f"{name}_new"}
    assert await served.outcome(tools["delete_project"], gone, made.secret) == "ok"


@pytest.mark.parametrize("kind", UNKNOWN_KINDS)
async def test_no_route_answers_a_caller_nobody_knows_but_those_that_say_so(served: Served, kind: str):
    secret = await served.secret(kind)
    for route in kinds_of_routes(served.door):
        expected = ROUTES[route.path][0] if route.path in ROUTES else 401
        if secret is not None and route.path != "/health/live":
            expected = 401
        answer = await served.ask("GET", route.path, secret)
        assert answer.status_code == expected, route.path
        assert served.project.name not in answer.text, route.path
    assert (await served.ask("GET", "/nothing/here", secret)).status_code == 401


async def test_every_route_but_the_endpoints_of_mcp_is_answered_as_it_is_written_here(served: Served):
    paths = {route.path for route in kinds_of_routes(served.door)} - {"/mcp"}
    assert {path for path in paths if not path.endswith("/mcp")} == set(ROUTES)
    everything = await served.secret(Scope.READ)
    some = await served.secret(Scope.READ, projects=[served.project.name])
    for path, (_, whole, part) in ROUTES.items():
        assert (await served.ask("GET", path, everything)).status_code == whole, path
        assert (await served.ask("GET", path, some)).status_code == part, path


async def test_what_is_written_needs_the_scope_write(served: Served):
    secret = await served.secret(Scope.READ)
    answer = await served.ask("POST", "/api/v1/anything", secret)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.not_allowed")


async def test_health_tells_details_and_the_page_names_only_to_whom_may_see_them(served: Served, projects):
    other = f"{served.project.name}_other"
    await projects.create(other, created_by="test")
    whole, part = await served.secret(Scope.READ), await served.secret(Scope.READ, projects=[other])
    health = [(await served.ask("GET", "/health/ready", each)).json() for each in (None, part, whole)]
    assert ["checks" in each for each in health] == [False, False, True]
    pages = [(await served.ask("GET", "/", each)).text for each in (None, part, whole)]
    assert [(served.project.name + "<" in page, other + "<" in page) for page in pages] == [
        (False, False),
        (False, True),
        (True, True),
    ]
    await projects.delete(other, confirm=other)


async def test_the_page_asks_nothing_of_the_registry_for_a_stranger(served: Served, monkeypatch):
    async def away(*_, **__):
        raise Unavailable("db.internal:5432 does not answer")

    monkeypatch.setattr(project_store, "project_list", away)
    assert (await served.ask("GET", "/", None)).status_code == 200


async def test_a_route_refuses_more_calls_than_the_token_says(served: Served):
    made = await served.tokens.create("fast", scope=Scope.READ, calls_per_minute=2)
    answers = [await served.ask("GET", "/metrics", made.secret) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) in range(1, 61)
    assert answers[-1].json()["error"]["code"] == "access.too_many_calls"
