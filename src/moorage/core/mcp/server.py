"""The server: tools and resources under one name, with the gaps of FastMCP closed.

FastMCP 4 has no public name for four things this server needs, so they are reached through its low-level
server: `subscriptions/listen`, without which a 2026-07-28 client cannot hear of changes;
`resources/subscribe` and its opposite, which 2025-11-25 clients expect; the lookup of an input schema by
name, without which every call over HTTP lists all tools first
(https://github.com/modelcontextprotocol/python-sdk/issues/3565); and the way of a call to its tool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches
from typing import Any

from starlette.applications import Starlette

from moorage.core.mcp.arguments import read_arguments
from moorage.core.mcp.calls import CallsInFlight, requesting_caller
from moorage.core.mcp.doors import ServedTool, ToolDoor, served
from moorage.core.mcp.errors import SeamMissing, UnknownTool
from moorage.core.mcp.lint import defects_of, defects_of_all, refuse_defects
from moorage.core.mcp.records import announce
from moorage.core.mcp.resources import ServedResources
from moorage.core.mcp.results import as_sent, result_of_failure
from moorage.core.mcp.sdk import (
    VERSION,
    CallToolResult,
    Context,
    FastMCP,
    FastMCPResource,
    FastMCPTool,
    InMemorySubscriptionBus,
    InputRequiredResult,
    ListenHandler,
    ResourceResult,
    ResourceTemplate,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    ToolResult,
    ToolsListChanged,
    UnsubscribeRequestParams,
    VersionSpec,
    bind_request_context,
    create_sse_app,
    create_streamable_http_app,
)
from moorage.core.mcp.stdio import StandardStreams
from moorage.core.mcp.subscriptions import Subscriptions
from moorage.core.shape import Resource, Tool

LIST_CACHE_SECONDS = 60
"""How long a client may keep the list of tools; changes are announced anyway to those who listen."""

NEAREST_NAMES = 3

RequestHandler = Callable[[Any, Any], Awaitable[Any]]


class McpServer:
    """Tools and resources, served on any transport. Build it with `build_server`.

    Attributes:
        fastmcp: the library's server, for tests and for what has no place here yet.
        subscriptions: what clients follow.
    """

    def __init__(
        self,
        fastmcp: _Served,
        bus: InMemorySubscriptionBus,
        listeners: ListenHandler,
        subscriptions: Subscriptions,
    ) -> None:
        self.fastmcp = fastmcp
        self.subscriptions = subscriptions
        self._bus = bus
        self._listeners = listeners

    @property
    def name(self) -> str:
        return self.fastmcp.name

    @property
    def instructions(self) -> str:
        return self.fastmcp.instructions or ""

    @property
    def tools(self) -> list[Tool]:
        """The tools in the order clients see them."""
        return [each.door.tool for each in self.fastmcp.served.values()]

    async def replace_tools(self, tools: Sequence[Tool]) -> None:
        """Serve these tools from now on, and tell the clients that listen. Running calls end as they began.

        Clients of 2025-11-25 are not told; they see the change when they list the tools again.

        Raises:
            ToolDefects: nothing was replaced.
        """
        self.fastmcp.serve(tools)
        await self._bus.publish(ToolsListChanged())

    async def run_stdio(self, *, stop: asyncio.Event | None = None, grace_seconds: float = 10.0) -> None:
        """Serve one client on standard input and output until it closes its end or `stop` is set.

        Calls that run then may finish within the grace; afterwards they are cancelled.
        """
        streams = StandardStreams(stop or asyncio.Event(), grace_seconds, on_draining=self.end_subscriptions)
        await streams.serve(self.fastmcp._mcp_server)  # noqa: SLF001

    def http_app(self, path: str = "/mcp") -> Starlette:
        """Return streamable HTTP at `path`, without a guard of its own: `build_app` guards every route alike.

        A 2026-07-28 response is plain JSON unless the tool reports progress or takes over 15 s; then it is a
        stream of events, as every 2025-11-25 response is. All-JSON responses would be faster for the older
        clients, but could carry no progress, and a client that leaves would go unnoticed.
        """
        return create_streamable_http_app(self.fastmcp, streamable_http_path=path)

    def sse_app(self, path: str = "/sse", message_path: str = "/messages/") -> Starlette:
        """Return the deprecated HTTP+SSE transport, for clients from before 2025. Not guarded either."""
        return create_sse_app(self.fastmcp, message_path=message_path, sse_path=path)

    async def wait_for_calls(self) -> None:
        """Return once no call is running."""
        await self.fastmcp.in_flight.wait_for_none()

    def end_subscriptions(self) -> None:
        """End every stream that waits for news, the way the protocol calls graceful."""
        self._listeners.close()


def build_server(
    *, name: str, version: str, instructions: str, tools: Sequence[Tool], resources: Sequence[Resource] = ()
) -> McpServer:
    """Build a server of these tools and resources.

    Args:
        name: of the server, as clients show it.
        version: of the program, not of the library.
        instructions: what models read first: when to use which tool. Under 2,000 characters.
        tools: in the order clients see them.

    Raises:
        ToolDefects: a tool or the instructions break a rule of publishing; all are named at once.
        SeamMissing: the installed FastMCP is not one this adapter knows.
    """
    fastmcp = _Served(name, version=version, instructions=instructions, resources=resources)
    fastmcp.serve(tools)
    bus = InMemorySubscriptionBus()
    listeners = ListenHandler(bus)
    subscriptions = Subscriptions(fastmcp.resources, bus, listeners)
    _close_gaps(fastmcp, subscriptions)
    return McpServer(fastmcp, bus, listeners, subscriptions)


class _Served(FastMCP):
    """FastMCP with its tools in a table: found in one step, listed in a fixed order."""

    def __init__(self, name: str, *, version: str, instructions: str, resources: Sequence[Resource]) -> None:
        super().__init__(
            name,
            version=version,
            instructions=instructions,
            on_duplicate="replace",
            dereference_schemas=False,  # they are published ready; the middleware would walk them every time
            cache_ttl=LIST_CACHE_SECONDS,
            cache_scope="private",
        )
        self.in_flight = CallsInFlight()
        self.served: dict[str, ServedTool] = {}
        self.resources = ServedResources(resources, self.in_flight)

    def serve(self, tools: Sequence[Tool]) -> None:
        doors = [ToolDoor(tool, read_arguments(tool.function), self.in_flight) for tool in tools]
        found = [*defects_of_all(tools, self.instructions or "")]
        found += [defect for door in doors for defect in defects_of(door.tool, door.arguments.schema)]
        refuse_defects(found)
        for name in self.served:
            self.local_provider.remove_tool(name)
        self.served = {door.tool.name: served(door) for door in doors}
        for tool in tools:
            announce(tool)
        for tool in self.served.values():
            self.add_tool(tool)

    async def get_tool(self, name: str, version: VersionSpec | None = None) -> FastMCPTool:
        """Return the tool; for an unknown name one that says so, and names what may have been meant."""
        tool = await (self.shown(name) if name in self.served else super().get_tool(name, version))
        return tool or _unknown(name, [each.name for each in await self.list_tools()])

    async def shown(self, name: str) -> ServedTool | None:
        """Return the tool, where the caller may know of it."""
        tool = self.served.get(name)
        return tool if tool and await tool.door.is_shown_to(requesting_caller()) else None

    async def list_tools(self, *, run_middleware: bool = True) -> Sequence[FastMCPTool]:  # noqa: ARG002
        """Return what the caller may call; the library's way there imports its session store first, at every start."""
        caller = requesting_caller()
        callable_ones = [tool for tool in self.served.values() if caller.scope.includes(tool.door.tool.scope)]
        return [tool for tool in callable_ones if await tool.door.is_shown_to(caller)]

    async def list_resources(self, *, run_middleware: bool = True) -> Sequence[FastMCPResource]:  # noqa: ARG002
        return [*await self.resources.listed(), *await self.local_provider.list_resources()]

    async def list_resource_templates(self, *, run_middleware: bool = True) -> Sequence[ResourceTemplate]:  # noqa: ARG002
        return [*self.resources.templates(), *await self.local_provider.list_resource_templates()]

    async def read_resource(self, uri: str, *args: Any, **options: Any) -> ResourceResult:
        """Return what is at an address that is ours; others are left to the library."""
        found = self.resources.find(uri)
        return await (self.resources.read(found) if found else super().read_resource(uri, *args, **options))

    def input_schema(self, name: str) -> dict[str, Any] | None:
        tool = self.served.get(name)
        return tool.parameters if tool else None


class _UnknownTool(FastMCPTool):
    """Stands where a tool is not, because the library answers an unknown name without a way out."""

    async def run(self, arguments: dict[str, Any]) -> ToolResult:  # noqa: ARG002
        hint = f"Did you mean {self.description}?" if self.description else "List the tools to see them all."
        return result_of_failure(UnknownTool(f"There is no tool {self.name!r} here.", hint=hint))


def _unknown(name: str, known: list[str]) -> _UnknownTool:
    nearest = get_close_matches(name, known, n=NEAREST_NAMES)
    return _UnknownTool(name=name, description=" or ".join(nearest), parameters={})


def _close_gaps(fastmcp: _Served, subscriptions: Subscriptions) -> None:
    low_level: Any = getattr(fastmcp, "_mcp_server", None)
    _refuse_without_seams(low_level)
    low_level.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, subscriptions.listen)
    low_level.add_request_handler("resources/subscribe", SubscribeRequestParams, subscriptions.subscribe)
    low_level.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, subscriptions.unsubscribe)
    low_level.get_tool_input_schema = fastmcp.input_schema
    library = low_level.get_request_handler("tools/call")
    low_level.add_request_handler("tools/call", library.params_type, _calls(fastmcp, library.handler))


def _calls(fastmcp: _Served, library: RequestHandler) -> RequestHandler:
    """Return what answers calls: a tool of ours at its door, any other by the library.

    On its way to a tool the library looks for middleware, interceptors and versions, of which there are none here: a
    quarter of the time of a small call.
    """

    async def call(context: Any, request: Any) -> CallToolResult | InputRequiredResult:
        with bind_request_context(context):
            tool = await fastmcp.shown(request.name)
            if tool is not None:
                async with Context(fastmcp=fastmcp):
                    return as_sent(await tool.door.serve(request.arguments or {}))
        return await library(context, request)

    return call


def _refuse_without_seams(low_level: Any) -> None:
    """Fail while the server is built, not at the first call, when an upgrade has moved a private name."""
    wanted = (
        "add_request_handler", "get_request_handler", "get_tool_input_schema", "run", "create_initialization_options"
    )  # fmt: skip
    missing = [name for name in wanted if not hasattr(low_level, name)]
    if missing:
        raise SeamMissing(
            f"FastMCP {VERSION} has no _mcp_server with {', '.join(missing)}.",
            hint="Install fastmcp>=4.1.2,<5; a newer one needs a look at moorage/core/mcp/server.py.",
            missing=missing,
        )
