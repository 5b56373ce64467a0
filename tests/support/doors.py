"""An HTTP door served on a port of its own inside the test, and clients that show a token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from fastmcp import Client
from fastmcp.client.transports import SSETransport, StreamableHttpTransport

from moorage.core.http.app import HttpDoor
from moorage.core.serving import serve_http

Era = Literal["2026-07-28", "2025-11-25", "sse"]
ERAS: tuple[Era, ...] = ("2026-07-28", "2025-11-25", "sse")


@asynccontextmanager
async def served_door(door: HttpDoor, *, port: int = 0) -> AsyncGenerator[str]:
    """Serve the door, on any free port by default; yield its address."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_http(door, port=port, grace_seconds=1, on_listening=listening.set_result))
    try:
        await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        yield listening.result()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def client_with(token: str, url: str, era: Era) -> Client:
    """Return a client that speaks one era of the protocol and shows a token."""
    headers = {"authorization": f"Bearer {token}"}
    if era == "sse":
        return Client(SSETransport(url.replace("/mcp", "/sse"), headers=headers), mode="legacy")
    transport = StreamableHttpTransport(url, headers=headers)
    return Client(transport, mode="auto" if era == "2026-07-28" else "legacy")
