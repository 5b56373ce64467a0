"""Serve what the suite is run against, through our own factory, guards and run loop.

python -m tests.conformance.serve --port 8765              with the names the suite asks for
python -m tests.conformance.serve --port 8765 --product    without them, as a product looks
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Annotated, Any

from fastmcp.tools import FunctionTool
from mcp.server.subscriptions import PromptsListChanged
from pydantic import BaseModel, ConfigDict, Field

from moorage.core.http.app import build_app
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.serving import serve_http
from moorage.core.shape import Call, Tool
from moorage.core.telemetry.logs import configure_logging
from tests.conformance.asking import add_asking_tools
from tests.conformance.content import add_content_tools
from tests.conformance.documents import add_prompts, add_resources


class Sum(BaseModel):
    model_config = ConfigDict(frozen=True)

    total: Annotated[int, Field(description="The sum.")]


Term = Annotated[int, Field(description="A term of the sum.")]


async def add_numbers(left: Term, right: Term = 0) -> Sum:
    """Add two numbers."""
    return Sum(total=left + right)


async def count_slowly(steps: Annotated[int, Field(description="How far to count.", ge=1, le=100)], call: Call) -> str:
    """Count, and say so at every step."""
    for step in range(steps):
        await call.progress(step + 1, steps)
        await asyncio.sleep(0.01)
    return f"Counted to {steps}."


PRODUCT_TOOLS = (
    Tool(add_numbers, "Add numbers", read_only=True, destructive=False, idempotent=True, open_world=False),
    Tool(
        count_slowly,
        "Count slowly",
        read_only=True,
        destructive=False,
        idempotent=True,
        open_world=False,
        structured=False,
    ),
)


def build() -> McpServer:
    """Build a server the way the product does, with tools like the product's."""
    return build_server(name="conformance", version="1", instructions="Adds and counts.", tools=PRODUCT_TOOLS)


def build_with_fixture() -> McpServer:
    """Build the same server with the names that the suite asks for added to it."""
    server = build()
    fastmcp = server.fastmcp
    mirrored = add_content_tools(fastmcp)
    add_asking_tools(fastmcp)
    add_resources(fastmcp)
    add_prompts(fastmcp)
    _add_change_triggers(server)
    low_level: Any = fastmcp._mcp_server
    low_level.get_tool_input_schema = lambda name: mirrored.get(name) or fastmcp.input_schema(name)
    return server


def _add_change_triggers(server: McpServer) -> None:
    async def test_trigger_tool_change() -> str:
        """Change the tools."""
        await server.replace_tools(server.tools)
        return "ok"

    async def test_trigger_prompt_change() -> str:
        """Change the prompts."""
        await server._bus.publish(PromptsListChanged())
        return "ok"

    for function in (test_trigger_tool_change, test_trigger_prompt_change):
        server.fastmcp.add_tool(FunctionTool.from_function(function, output_schema=None))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--product", action="store_true", help="without the names that the suite asks for")
    options = parser.parse_args()
    configure_logging(level="WARNING")
    server = build() if options.product else build_with_fixture()
    asyncio.run(serve_http(build_app(doors={"/mcp": server}, page=Page("Conformance")), port=options.port))


if __name__ == "__main__":
    main()
