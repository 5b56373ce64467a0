"""Who calls: every request says it by its token, and acts in that caller's name until it is answered.

What each route needs is decided here, in `need_of`, and nowhere else; a path that is not named needs a caller, so
that a new route cannot be left open by mistake. What a tool needs, its own door decides, because the model that calls
it reads a result and not a status.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from moorage.core.access import (
    NOBODY,
    Caller,
    Gate,
    NotAllowed,
    Scope,
    Unauthenticated,
    acting_as,
    allow,
    count_call,
)
from moorage.core.errors import MoorageError
from moorage.core.http.errors import response_to
from moorage.core.mcp.calls import introduce

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

NOBODY_IS_ASKED = frozenset({"/health/live"})
WITHOUT_TOKEN_LESS = frozenset({"/", "/health/ready"})
"""A probe and a browser have no token: they see neither a project's name nor what is wrong."""

OVER_EVERYTHING = frozenset({"/metrics"})
"""What tells of every project and every database by its name."""


@dataclass(frozen=True)
class Need:
    """What a route asks of its caller.

    Attributes:
        scope: None where the route does not ask who calls.
        everything: it tells of every project and database.
        token: False where callers without one are let in as nobody.
        counted: it is a call; the endpoints of MCP are not, but every tool is.
    """

    scope: Scope | None
    everything: bool = False
    token: bool = True
    counted: bool = True


def need_of(path: str, method: str, *, mcp_paths: Collection[str] = (), open_paths: Collection[str] = ()) -> Need:
    """Return what a request needs.

    Args:
        mcp_paths: endpoints of MCP, whose tools have needs of their own.
        open_paths: what strangers may read in full, as the metadata that tells where tokens come from.
    """
    if path in NOBODY_IS_ASKED or path in open_paths:
        return Need(None, token=False, counted=False)
    if path in WITHOUT_TOKEN_LESS:
        return Need(Scope.READ, token=False)
    if path in OVER_EVERYTHING:
        return Need(Scope.READ, everything=True)
    if path in mcp_paths:
        return Need(Scope.READ, counted=False)
    return Need(Scope.READ if method in READING_METHODS else Scope.WRITE)


class CallerGuard:
    """Refuses requests whose caller is unknown (401), may not (403), or calls too often (429)."""

    def __init__(
        self, app: ASGIApp, gate: Gate, mcp_paths: Collection[str] = (), open_paths: Collection[str] = ()
    ) -> None:
        self._app = app
        self._gate = gate
        self._mcp_paths = frozenset(mcp_paths)
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        need = need_of(path, scope["method"], mcp_paths=self._mcp_paths, open_paths=self._open_paths)
        token = bearer_token(Headers(scope=scope))
        try:
            caller = await self._caller(need, token, path)
            _admit(caller, need, path)
        except MoorageError as error:
            await self._refusal(error, path, has_token=token is not None)(scope, receive, send)
            return
        introduce(scope, caller)
        with acting_as(caller):
            await self._app(scope, receive, send)

    async def _caller(self, need: Need, token: str | None, path: str) -> Caller:
        if need.scope is None:
            return NOBODY
        try:
            return await self._gate.caller_of(token, path=path)
        except MoorageError:
            if token is None and not need.token:
                return NOBODY
            raise

    def _refusal(self, error: MoorageError, path: str, *, has_token: bool) -> Response:
        response = response_to(error)
        challenge = self._challenge(error, path, has_token=has_token)
        if challenge is not None:
            response.headers["www-authenticate"] = challenge
        return response

    def _challenge(self, error: MoorageError, path: str, *, has_token: bool) -> str | None:
        """Return what a client can do about the refusal; None when another token would not help."""
        if isinstance(error, Unauthenticated):
            return self._gate.challenge(path, error="invalid_token" if has_token else None)
        if isinstance(error, NotAllowed) and "needed" in error.details:
            return self._gate.challenge(path, error="insufficient_scope", needed=Scope(error.details["needed"]))
        return None


def bearer_token(headers: Headers) -> str | None:
    """Return what stands behind `Authorization: Bearer`; another scheme, or no header, is no token.

    Several headers are as good as a wrong token: nobody can say which of them was meant.
    """
    given = headers.getlist("authorization")
    if len(given) > 1:
        return ""
    scheme, _, token = given[0].partition(" ") if given else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" else None


def _admit(caller: Caller, need: Need, path: str) -> None:
    if need.counted:
        count_call(caller)
    if need.scope is not None:
        with acting_as(caller):
            allow(need.scope, path)
    if need.everything and caller.is_limited:
        raise NotAllowed(
            f"{path} tells of all projects and databases; {caller.name!r} may see some of them",
            hint="Use a token without projects and databases; moorage token create NAME --scope read makes one.",
        )
