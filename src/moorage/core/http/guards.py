"""What every request passes first: its Host and Origin headers are checked, and the size of its body.

A server on loopback is reachable for any web page in the browser beside it. A page that bends its own name to
127.0.0.1 is betrayed by the Host header, one that just asks by the Origin header.
Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.core.http.errors import BodyTooLarge, ForeignHost, ForeignOrigin, response_to

DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024
"""As much as the MCP SDK takes: mcp.server.transport_security, DEFAULT_MAX_REQUEST_BODY_SIZE."""


def is_loopback(host: str) -> bool:
    """Say whether the host can only mean this machine; it comes without port, IPv6 without brackets."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class HostGuard:
    """Refuses requests for another host (421) and from pages of another site (403).

    Loopback names are always accepted, on any port; other hosts only when they are named.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = ()) -> None:
        self._app = app
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await response_to(refused)(scope, receive, send)

    def _refusal(self, headers: Headers) -> ForeignHost | ForeignOrigin | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_allowed(f"//{host}"):
            hint = "Use 127.0.0.1 or localhost, or name the host in the server's allowed hosts."
            return ForeignHost(f"The host {host!r} is not served here.", hint=hint)
        if origin is not None and not self._is_allowed(origin):
            hint = "Ask from a page of this server, or from outside a browser."
            return ForeignOrigin(f"Requests from pages of {origin!r} are refused.", hint=hint)
        return None

    def _is_allowed(self, url: str) -> bool:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        return is_loopback(host) or host in self._allowed


class BodyLimit:
    """Refuses bodies above a limit (413), announced or not, before anything of them is parsed."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._limit = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = headers.get("content-length")
        if announced is not None:
            is_too_large = not announced.isdecimal() or int(announced) > self._limit
        else:
            receive, is_too_large = await self._read_ahead(receive, headers)
        if is_too_large:
            await response_to(self._refusal())(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is larger than {self._limit} bytes.", hint="Send less in one request.")

    async def _read_ahead(self, receive: Receive, headers: Headers) -> tuple[Receive, bool]:
        """Read a body of unannounced size up to the limit; returns it as if it had not been read."""
        if "transfer-encoding" not in headers:
            return receive, False
        messages: list[Message] = []
        size = 0
        while not messages or messages[-1].get("more_body", False):
            messages.append(await receive())
            size += len(messages[-1].get("body", b""))
            if size > self._limit:
                return receive, True
        return _replaying(messages, receive), False


def _replaying(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replay() -> Message:
        message = next(waiting, None)
        return message if message is not None else await receive()

    return replay
