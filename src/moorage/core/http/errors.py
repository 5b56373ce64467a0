"""What can go wrong at the HTTP door, and how every failure is answered.

MoorageError
├── InvalidInput
│   └── BodyTooLarge       413
├── NotFound
│   └── UnknownRoute       404
└── Forbidden              (of them Unauthenticated, in core/access.py: 401)
    ├── ForeignHost        421  the Host header names another server
    ├── ForeignOrigin      403  a page of another site asks
    └── MethodRefused      405
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from moorage.core.access import TooManyCalls, Unauthenticated
from moorage.core.errors import (
    BrokenState,
    Conflict,
    Exhausted,
    Forbidden,
    Internal,
    InvalidInput,
    MoorageError,
    NotFound,
    Unavailable,
)

RETRY_AFTER_SECONDS = 1


class BodyTooLarge(InvalidInput):
    """The request body is larger than this server accepts."""

    code = "http.body_too_large"


class UnknownRoute(NotFound):
    """Nothing is served at this path."""

    code = "http.unknown_route"


class ForeignHost(Forbidden):
    """The Host header does not name this server, as when a foreign name was bent to this address."""

    code = "http.foreign_host"


class ForeignOrigin(Forbidden):
    """The request comes from a web page of another site."""

    code = "http.foreign_origin"


class MethodRefused(Forbidden):
    """The path exists, but not for this method."""

    code = "http.method_refused"


STATUS: Mapping[type, int] = {
    BodyTooLarge: 413,
    ForeignHost: 421,
    MethodRefused: 405,
    Unauthenticated: 401,
    TooManyCalls: 429,
    InvalidInput: 400,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unavailable: 503,
    Exhausted: 503,
    BrokenState: 500,
    Internal: 500,
}


def status_of(error: MoorageError) -> int:
    """Return the status of the nearest ancestor in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def response_to(error: MoorageError) -> JSONResponse:
    """Return the failure as JSON, with Retry-After where trying again makes sense."""
    wait = error.details.get("retry_after_seconds", RETRY_AFTER_SECONDS)
    headers = {"retry-after": str(wait)} if error.retryable else None
    return JSONResponse({"error": error.as_dict()}, status_code=status_of(error), headers=headers)


async def answer_failure(_request: Request, error: Exception) -> JSONResponse:
    """Answer a failure that a route raised."""
    assert isinstance(error, MoorageError)
    return response_to(error)


async def answer_refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses: an unknown path, a method the path does not take, a broken form."""
    assert isinstance(error, HTTPException)
    body = {"error": _refusal(request, error).as_dict()}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


def _refusal(request: Request, error: HTTPException) -> MoorageError:
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return UnknownRoute(f"Nothing is served at {path}.", hint="GET / shows what is served here.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodRefused(f"{path} does not take {request.method}.", hint="The Allow header lists what it takes.")
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return InvalidInput(error.detail)
    return internal_error()


def internal_error() -> Internal:
    """Return the failure that says nothing of what happened inside."""
    return Internal("The request failed for a reason of ours.", hint="Look for its x-request-id in the log.")
