"""A few tools small enough to be read at a glance, and a server of them on any transport.

    python -m tests.support.tiny_tools stdio [GRACE_SECONDS]
    python -m tests.support.tiny_tools http [GRACE_SECONDS]

Over HTTP the first line on stdout is the address. On stderr: log lines, and what the tools print.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from moorage.core.errors import Conflict
from moorage.core.http.app import HttpDoor, build_app
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.serving import serve_http, serve_stdio
from moorage.core.shape import Call, Tool
from moorage.core.telemetry.logs import configure_logging

INSTRUCTIONS = "Adds, waits and fails; for tests."


class Sum(BaseModel):
    model_config = ConfigDict(frozen=True)

    total: Annotated[int, Field(description="The sum.")]
    note: str | None = None


class Point(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    x: int
    y: int = 0


class StaleSum(Conflict):
    code = "tiny.stale_sum"


async def add(
    left: Annotated[int, Field(description="A term.", ge=0, le=1000)],
    right: Annotated[int, Field(description="Another term.")] = 1,
    more: Annotated[list[int] | None, Field(description="Further terms.")] = None,
    at: Annotated[Point | None, Field(description="A point whose coordinates are added.")] = None,
    rounding: Annotated[Literal["none", "tens"], Field(description="How to round.")] = "none",
    project_name: Annotated[str | None, Field(description="Whose sum it is.")] = None,
) -> Sum:
    """Add numbers."""
    total = left + right + sum(more or ()) + (at.x + at.y if at else 0)
    return Sum(total=round(total, -1) if rounding == "tens" else total, note=project_name)


async def wait(
    call: Call,
    seconds: Annotated[float, Field(description="How long to wait.")],
    steps: Annotated[int, Field(description="How often to say so.")] = 1,
) -> str:
    """Wait, and say how far it is."""
    try:
        for step in range(steps):
            print(f"waiting {step}", file=sys.stderr, flush=True)
            await asyncio.sleep(seconds / steps)
            await call.progress(step + 1, steps, "waiting")
    except asyncio.CancelledError:
        print("cancelled", file=sys.stderr, flush=True)
        raise
    return "waited"


async def chatter() -> str:
    """Print to standard output, which belongs to the protocol."""
    print("this must not reach the client")
    return "printed"


async def refuse() -> Sum:
    """Fail the way the program means to fail."""
    raise StaleSum("The sum has moved on.", hint="Read it again.", expected=1, found=2)


async def crash() -> Sum:
    """Fail the way no program means to."""
    raise ZeroDivisionError("secret inner detail")


def tiny(function: object, *, structured: bool = True) -> Tool:
    return Tool(
        function,  # ty: ignore[invalid-argument-type]
        title="Tiny",
        read_only=True,
        destructive=False,
        idempotent=True,
        open_world=False,
        structured=structured,
    )


TOOLS = [tiny(add), tiny(wait, structured=False), tiny(chatter, structured=False), tiny(refuse), tiny(crash)]


def tiny_server() -> McpServer:
    return build_server(name="tiny", version="7", instructions=INSTRUCTIONS, tools=TOOLS)


def tiny_door(**options: object) -> HttpDoor:
    server = tiny_server()
    doors = {"/mcp": server, "/tiny/mcp": server}
    return build_app(doors=doors, page=Page("Tiny <7>", {"/mcp": "everything & more"}), sse=True, **options)  # ty: ignore[invalid-argument-type]


def main(transport: str, grace_seconds: float = 10) -> None:
    configure_logging(log_format="json")
    if transport == "stdio":
        asyncio.run(serve_stdio(tiny_server(), grace_seconds=grace_seconds))
        return

    def announce(url: str) -> None:
        print(url, flush=True)

    asyncio.run(serve_http(tiny_door(), port=0, grace_seconds=grace_seconds, on_listening=announce))


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
