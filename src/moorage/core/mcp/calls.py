"""One running call: what the tool may know of it, what is written down about it, and how many there are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import uuid4

from moorage.core.access import Caller, current_caller
from moorage.core.mcp.confirming import ask, can_ask
from moorage.core.mcp.sdk import AccessToken, AuthenticatedUser, Context, fastmcp_request_ctx, get_context
from moorage.core.telemetry.traces import current_trace_id

Transport = Literal["stdio", "http", "sse", "memory"]

TRANSPORT_NAMES: Mapping[str | None, Transport] = {
    "stdio": "stdio",
    "streamable-http": "http",
    "sse": "sse",
    None: "memory",
}

ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""Of ids that callers give; others could break a log, or fill it."""

REQUEST_ID_SCOPE_KEY = "moorage.request_id"
"""Where the HTTP door leaves the id it gave a request, in the ASGI scope."""


CALLER_SCOPE_KEY = "moorage.caller"
"""Where the HTTP door leaves who makes the request. The task of a session is older than the request it serves, and
knows only who began the session, so a context variable would name the wrong one."""

REMEMBERED_OWNERS = 1024


@dataclass(frozen=True)
class RunningCall:
    """The `Call` of a tool, for as long as it runs.

    Attributes:
        caller: in whose name it runs.
        client: name the caller gives itself, None when it does not say.
        rpc_id: the caller's own number of the call, as JSON-RPC has it; over stdio what both sides' logs share.
        trace_id: of the caller's trace (W3C), None when the call is not part of one.
    """

    request_id: str
    caller: Caller
    transport: Transport
    protocol_version: str | None
    client: str | None
    trace_id: str | None
    rpc_id: str | None
    context: Context

    async def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        await self.context.report_progress(done, total, message)

    @property
    def can_confirm(self) -> bool:
        return can_ask(self.context)

    async def confirm(self, message: str) -> bool:
        return await ask(self.context, message)


def current_call() -> RunningCall:
    """Return the call that the protocol library is serving in this task."""
    context = get_context()
    request = context.request_context
    if request is None:
        return RunningCall(_new_request_id(), current_caller(), "memory", None, None, None, None, context)
    return RunningCall(
        request_id=_request_id_of(request.request),
        caller=caller_of(request.request),
        transport=TRANSPORT_NAMES[context.transport],
        protocol_version=request.protocol_version,
        client=_client_of(request.session.client_params),
        trace_id=current_trace_id(),
        rpc_id=_fit_for_a_log(str(request.request_id)),
        context=context,
    )


def introduce(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Leave in an ASGI scope who makes the request: for tools, and for sessions, which belong to who began them."""
    scope[CALLER_SCOPE_KEY] = caller
    scope["user"] = _session_owner(caller.name)


@lru_cache(REMEMBERED_OWNERS)
def _session_owner(name: str) -> AuthenticatedUser:
    """Return the caller as the protocol library compares it with the owner of a session; no token is in it."""
    return AuthenticatedUser(AccessToken(token="", client_id=name, scopes=[]))


def requesting_caller() -> Caller:
    """Return who makes the request that the protocol library is serving in this task."""
    request = fastmcp_request_ctx.get()
    return caller_of(request.request) if request is not None else current_caller()


def caller_of(request: Any) -> Caller:
    """Return who makes an HTTP request; on other transports the caller of this task.

    Raises:
        KeyError: an endpoint is served past the guard that asks who calls.
    """
    return request.scope[CALLER_SCOPE_KEY] if request is not None else current_caller()


def _request_id_of(request: Any) -> str:
    """The HTTP request's own id, so that its log lines and the call's are found together."""
    given = request.scope.get(REQUEST_ID_SCOPE_KEY) if request is not None else None
    return given or _new_request_id()


def _new_request_id() -> str:
    return uuid4().hex


def _client_of(params: Any) -> str | None:
    return params.client_info.name if params is not None else None


def _fit_for_a_log(given_id: str) -> str | None:
    return given_id if ACCEPTED_ID.fullmatch(given_id) else None


class CallsInFlight:
    """The number of calls that are running, and the moment when there are none."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self) -> Generator[None]:
        self._count += 1
        self._none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()

    async def wait_for_none(self) -> None:
        await self._none.wait()
