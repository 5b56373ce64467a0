"""Moorage's server, all systems, with one trivial tool more: `python -m benchmarks.server http|stdio`.

Over HTTP the first line on stdout is the address.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, Field

from moorage.core.serving import serve_http, serve_stdio
from moorage.core.shape import Opened, Tool
from moorage.core.telemetry.logs import configure_logging
from moorage.serving import http_door, mcp_server
from moorage.settings import Settings, load_settings
from moorage.systems import House, open_house


class Sum(BaseModel):
    """What the trivial tool returns."""

    total: int


async def add(
    left: Annotated[int, Field(description="A term.")], right: Annotated[int, Field(description="Another.")]
) -> Sum:
    """Add two numbers."""
    return Sum(total=left + right)


TRIVIAL = Tool(add, title="Add", read_only=True, destructive=False, idempotent=True, open_world=False)


async def serve(settings: Settings, transport: str) -> None:
    async with open_house(settings) as house:
        with_trivial: House = replace(house, opened={**house.opened, "trivial": Opened(None, tools=[TRIVIAL])})
        if transport == "stdio":
            await serve_stdio(mcp_server(with_trivial))
        else:
            await serve_http(http_door(with_trivial, settings), port=0, on_listening=_say_address)


def _say_address(url: str) -> None:
    print(url, flush=True)


if __name__ == "__main__":
    from_environment = load_settings()
    configure_logging(level=from_environment.logging.level)
    asyncio.run(serve(from_environment, sys.argv[1]))
