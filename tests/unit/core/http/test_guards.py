"""Who is let in, and with how much."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from moorage.core.http.guards import is_loopback
from tests.support.tiny_tools import tiny_door
from tests.unit.core.http.asking import client_of

EVERY_ROUTE = pytest.mark.parametrize(
    "path", ["/", "/mcp", "/tiny/mcp", "/sse", "/messages/", "/metrics", "/health/live", "/health/ready", "/nothing"]
)


@EVERY_ROUTE
async def test_a_foreign_host_is_refused_on_every_route(path: str) -> None:
    """A page that bends its own name to 127.0.0.1 still sends its own name as Host."""
    async with client_of(tiny_door().app, base_url="http://evil.example") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "http.foreign_host")


@EVERY_ROUTE
async def test_a_foreign_page_is_refused_on_every_route(path: str) -> None:
    """MCP specification, streamable HTTP: servers MUST validate the Origin header, and answer 403."""
    async with client_of(tiny_door().app) as client:
        answer = await client.get(path, headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "http.foreign_origin")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:9", "LOCALHOST", "[::1]:8000", "127.8.9.1"])
async def test_every_name_of_this_machine_is_let_in(host: str) -> None:
    async with client_of(tiny_door().app) as client:
        answer = await client.get("/health/live", headers={"host": host, "origin": f"http://{host}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", "user@evil"])
async def test_what_only_looks_like_this_machine_is_refused(host: str) -> None:
    async with client_of(tiny_door().app) as client:
        assert (await client.get("/health/live", headers={"host": host})).status_code == 421


@pytest.mark.parametrize("origin", ["null", "file://", "", "http://127.0.0.1.evil.example"])
async def test_an_origin_that_is_no_page_of_this_machine_is_refused(origin: str) -> None:
    async with client_of(tiny_door().app) as client:
        assert (await client.get("/health/live", headers={"origin": origin})).status_code == 403


async def test_a_named_host_is_let_in() -> None:
    app = tiny_door(allowed_hosts=["Moorage.Internal"]).app
    async with client_of(app, base_url="http://moorage.internal") as client:
        assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.1.2.3", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("example", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: object) -> None:
    assert is_loopback(host) is expected


async def test_a_body_above_the_limit_is_refused_when_it_is_announced() -> None:
    async with client_of(tiny_door(max_body_bytes=10).app) as client:
        answer = await client.post("/mcp", content=b"x" * 11)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "http.body_too_large")


async def test_a_body_above_the_limit_is_refused_when_it_is_not_announced() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 6

    async with client_of(tiny_door(max_body_bytes=10).app) as client:
        assert (await client.post("/mcp", content=endless())).status_code == 413


async def test_a_body_within_the_limit_arrives_whole_though_unannounced() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"12", b"34", b"5"):
            yield part

    async with client_of(tiny_door(max_body_bytes=5, routes=[ECHO]).app) as client:
        assert (await client.post("/echo", content=parts())).content == b"12345"


async def _echo(request: Request) -> Response:
    return Response(await request.body())


ECHO = Route("/echo", _echo, methods=["POST"])
