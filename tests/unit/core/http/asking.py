"""Asking an app without a network."""

from __future__ import annotations

import httpx2
from starlette.types import ASGIApp


def client_of(app: ASGIApp, *, base_url: str = "http://127.0.0.1:8000") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base_url)
