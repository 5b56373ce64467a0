"""The floor under every call: the trivial tool on FastMCP as it comes.

`python -m benchmarks.bare_server http|stdio`. Over HTTP the first line on stdout is the address.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from fastmcp import FastMCP
from pydantic import BaseModel

bare = FastMCP("bare")


class Sum(BaseModel):
    """What the trivial tool returns."""

    total: int


@bare.tool
async def add(left: int, right: int) -> Sum:
    """Add two numbers."""
    return Sum(total=left + right)


async def serve_http() -> None:
    # With the protocol named asyncio turns Nagle's algorithm off, as Moorage's own server does.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        server = uvicorn.Server(uvicorn.Config(bare.http_app(), log_level="warning", access_log=False, ws="none"))
        await server.serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(bare.run_stdio_async(show_banner=False) if sys.argv[1] == "stdio" else serve_http())
