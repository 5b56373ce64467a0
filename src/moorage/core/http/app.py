"""The app: MCP endpoints, the routes of systems, health, metrics and the page, behind the same guards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from moorage.core.errors import MoorageError
from moorage.core.http.errors import answer_failure, answer_refusal
from moorage.core.http.guards import DEFAULT_MAX_BODY_BYTES, BodyLimit, HostGuard
from moorage.core.http.health import Checks, Health, ProjectChecks
from moorage.core.http.page import Page
from moorage.core.http.requests import EndableStreams, RequestRecords
from moorage.core.mcp.server import McpServer
from moorage.core.telemetry.metrics import CONTENT_TYPE, exposition

MCP_PATH = "/mcp"


@dataclass(frozen=True)
class HttpDoor:
    """An app that can be served, and what is needed to stop it well.

    Attributes:
        draining: set by whoever serves the app when it stops taking work: readiness turns bad, streams end.
    """

    app: Starlette
    servers: Sequence[McpServer]
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    async def drain(self, *, flush_seconds: float) -> None:
        """Wait for running calls, then end the streams that would never end by themselves.

        Args:
            flush_seconds: what the last answers get on their way into their streams.
        """
        await asyncio.gather(*(server.wait_for_calls() for server in self.servers))
        await asyncio.sleep(flush_seconds)
        for server in self.servers:
            server.end_subscriptions()
        self.draining.set()


def build_app(
    *,
    doors: Mapping[str, McpServer],
    page: Page,
    routes: Sequence[BaseRoute] = (),
    checks: Sequence[Checks] = (),
    project_checks: Sequence[ProjectChecks] = (),
    sse: bool = False,
    allowed_hosts: Collection[str] = (),
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
) -> HttpDoor:
    """Build the app.

    Args:
        doors: path (`/mcp`, `/codebase/mcp`) and the server behind it. A server may stand behind several.
        routes: of the systems, with their full paths.
        sse: serve the deprecated HTTP+SSE transport as well, at `/sse` beside each `/mcp`.
        allowed_hosts: names this server answers to besides those of loopback.
        max_body_bytes: of a request; MCP endpoints take 4 MiB at most, whatever is said here.
    """
    draining = asyncio.Event()
    endpoints = [_streamable(path, server) for path, server in doors.items()]
    endpoints += [each for path, server in doors.items() if sse for each in _deprecated_sse(path, server)]
    health = Health(checks, project_checks, draining)
    app = Starlette(
        routes=[*endpoints, *health.routes(), Route("/metrics", _metrics), *page.routes(), *routes],
        middleware=[
            Middleware(RequestRecords),
            Middleware(HostGuard, allowed_hosts=allowed_hosts),
            Middleware(BodyLimit, max_body_bytes=max_body_bytes),
            Middleware(EndableStreams, paths=[each.path for each in endpoints], draining=draining),
        ],
        exception_handlers={MoorageError: answer_failure, HTTPException: answer_refusal},
        lifespan=lambda _app: _lifespans(endpoints),
    )
    return HttpDoor(app, list(doors.values()), draining)


def _streamable(path: str, server: McpServer) -> Route:
    return Route(path, endpoint=server.http_app(path), methods=None)


def _deprecated_sse(path: str, server: McpServer) -> list[Route]:
    """Both ends of the transport: the stream, and where its client posts to."""
    prefix = path.removesuffix(MCP_PATH)
    stream, messages = f"{prefix}/sse", f"{prefix}/messages/"
    app = server.sse_app(stream, messages)
    return [Route(stream, endpoint=app), Route(messages, endpoint=app)]


@asynccontextmanager
async def _lifespans(endpoints: Sequence[Route]) -> AsyncIterator[None]:
    """Run what every mounted app needs; each once, though two routes may lead to it."""
    apps = {id(route.endpoint): route.endpoint for route in endpoints}
    async with AsyncExitStack() as stack:
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield


async def _metrics(_request: Request) -> Response:
    return Response(exposition(), media_type=CONTENT_TYPE)
