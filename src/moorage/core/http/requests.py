"""Around every request: its id, its metrics, an answer to its crash, and the end of streams at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from time import perf_counter
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.core.http.errors import internal_error, response_to
from moorage.core.mcp.calls import ACCEPTED_ID, REQUEST_ID_SCOPE_KEY
from moorage.core.telemetry.metrics import HTTP_REQUEST_SECONDS, HTTP_REQUESTS
from moorage.core.telemetry.subjects import about

log = structlog.get_logger()

REQUEST_ID_HEADER = "x-request-id"
UNMATCHED = "unmatched"

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestRecords:
    """Gives every request an id (the caller's own when well-formed), counts it, and answers its crash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, _request_id(scope))
        scope[REQUEST_ID_SCOPE_KEY] = answer.request_id
        started = perf_counter()
        try:
            with about(request_id=answer.request_id):
                await self._app(scope, receive, answer.send)
        except Exception:  # the border: the client gets an answer, the log the traceback
            log.exception("request.crashed", path=scope["path"], request_id=answer.request_id)
            if answer.status is None:
                await response_to(internal_error())(scope, receive, answer.send)
        finally:
            _count(scope, answer.status, perf_counter() - started)


class _Answer:
    """The response on its way out: its status, and the request id among its headers."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self.request_id
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if ACCEPTED_ID.fullmatch(given) else uuid4().hex


def _count(scope: Scope, status: int | None, seconds: float) -> None:
    route = _route(scope)
    method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
    HTTP_REQUESTS.labels(route, method, str(status or "none")).inc()
    HTTP_REQUEST_SECONDS.labels(route).observe(seconds)


def _route(scope: Scope) -> str:
    """Return the route as it is written, so that paths made up by callers do not become labels."""
    route = scope.get("route")
    return route.path if isinstance(route, Route) else UNMATCHED


class EndableStreams:
    """Ends the streams of these paths when the server drains, as if their clients had left.

    A GET on an MCP endpoint stays open for as long as its client likes, and would use up every grace period.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str], draining: asyncio.Event) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in self._paths:
            receive = self._until_draining(receive)
        await self._app(scope, receive, send)

    def _until_draining(self, receive: Receive) -> Receive:
        async def receive_or_end() -> Message:
            draining = asyncio.ensure_future(self._draining.wait())
            message = asyncio.ensure_future(receive())
            try:
                await asyncio.wait({draining, message}, return_when=asyncio.FIRST_COMPLETED)
                return await message if message.done() else {"type": "http.disconnect"}
            finally:
                draining.cancel()
                message.cancel()

        return receive_or_end
