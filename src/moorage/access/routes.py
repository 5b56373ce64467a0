"""The HTTP door of access: metadata of the protected endpoints, which is open to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from moorage.access.resources import Resources

MAX_AGE_SECONDS = 3600


def routes(resources: Resources) -> list[Route]:
    """Return the routes of the metadata, which who has no token yet asks for."""
    return [_route(path, document) for path, document in resources.documents().items()]


def _route(path: str, document: Mapping[str, Any]) -> Route:
    headers = {"cache-control": f"public, max-age={MAX_AGE_SECONDS}"}

    async def metadata(_request: Request) -> JSONResponse:
        return JSONResponse(document, headers=headers)

    return Route(path, metadata)
