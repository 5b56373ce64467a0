"""The app: MCP endpoints, the routes of systems, health, metrics and the page, behind the same guards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from moorage.core.access import Gate, OpenGate
from moorage.core.errors import MoorageError
from moorage.core.http.callers import CallerGuard
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
        draining: set when no further call is taken and none runs: streams end, and it is no longer ready.
    """

    app: Starlette
    servers: Sequence[McpServer]
    draining: asyncio.Event

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
    gate: Gate | None = None,
    open_paths: Collection[str] = (),
) -> HttpDoor:
    """Build the app.

    Args:
        doors: path (`/mcp`, `/codebase/mcp`) and the server behind it. A server may stand behind several.
        page: what is shown to people at `/`.
        routes: of the systems, with their full paths.
        checks: asked by `/health/ready`.
        project_checks: asked by `/health/ready?project=name` besides.
        sse: serve the deprecated HTTP+SSE transport as well, at `/sse` beside each `/mcp`.
        allowed_hosts: names this server answers to besides those of loopback.
        max_body_bytes: of a request; MCP endpoints take 4 MiB at most, whatever is said here.
        gate: finds out who calls; without one everybody is the operating system's user, as fits loopback.
        open_paths: of `routes`, those that are answered to strangers.
    """
    draining = asyncio.Event()
    mounted = {path: server.http_app(path) for path, server in doors.items()}
    for path, server in doors.items() if sse else ():
        mounted |= _deprecated_sse(path, server)
    health = Health(checks, project_checks, draining)
    app = Starlette(
        routes=[*_endpoints(mounted), *health.routes(), Route("/metrics", _metrics), *page.routes(), *routes],
        middleware=[
            Middleware(RequestRecords),
            Middleware(HostGuard, allowed_hosts=allowed_hosts),
            Middleware(CallerGuard, gate=gate or OpenGate(), mcp_paths=mounted, open_paths=open_paths),
            Middleware(BodyLimit, max_body_bytes=max_body_bytes),
            Middleware(EndableStreams, paths=mounted, draining=draining),
        ],
        exception_handlers={MoorageError: answer_failure, HTTPException: answer_refusal},
        lifespan=lambda _app: _lifespans(mounted.values()),
    )
    return HttpDoor(app, list(doors.values()), draining)


def _deprecated_sse(path: str, server: McpServer) -> dict[str, Starlette]:
    """Return both ends of the transport: the stream, and where its client posts to."""
    prefix = path.removesuffix(MCP_PATH)
    stream, messages = f"{prefix}/sse", f"{prefix}/messages/"
    app = server.sse_app(stream, messages)
    return {stream: app, messages: app}


def _endpoints(mounted: Mapping[str, Starlette]) -> list[Route]:
    """Route to each app with the path as it is; a mount would take it away, and the apps route by it too."""
    return [Route(path, endpoint=app) for path, app in mounted.items()]


@asynccontextmanager
async def _lifespans(apps: Iterable[Starlette]) -> AsyncGenerator[None]:
    """Run what every mounted app needs; each once, though two routes may lead to it."""
    async with AsyncExitStack() as stack:
        for app in {id(app): app for app in apps}.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield


async def _metrics(_request: Request) -> Response:
    return Response(exposition(), media_type=CONTENT_TYPE)
