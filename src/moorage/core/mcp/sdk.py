"""Everything this program uses of FastMCP and of the MCP SDK, settled to its needs.

The only module that imports `fastmcp` or `mcp`, so that their next major version is read here first. FastMCP
reads its settings while it is imported, from the environment and from `.env` in the working directory, and
installs a rich log handler of its own; all three are undone.
"""

from __future__ import annotations

import logging
import os

from moorage.core.mcp.importing import validators_at_first_use

# The .env of the repository we happen to run in configures that repository's program, not this one.
os.environ.setdefault("FASTMCP_ENV_FILE", os.devnull)

with validators_at_first_use():
    import fastmcp
    from fastmcp import FastMCP
    from fastmcp.resources import Resource as FastMCPResource
    from fastmcp.resources import ResourceContent, ResourceResult, ResourceTemplate
    from fastmcp.server.context import Context, reset_transport, set_transport
    from fastmcp.server.dependencies import bind_request_context, fastmcp_request_ctx, get_context
    from fastmcp.server.http import create_sse_app, create_streamable_http_app
    from fastmcp.tools import Tool as FastMCPTool
    from fastmcp.tools import ToolResult
    from fastmcp.tools.base import InputRequiredToolResult
    from fastmcp.utilities.json_schema import compress_schema
    from fastmcp.utilities.versions import VersionSpec
    from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
    from mcp.server.auth.provider import AccessToken
    from mcp.server.subscriptions import (
        SUBSCRIPTION_ID_META_KEY,
        InMemorySubscriptionBus,
        ListenHandler,
        ResourceUpdated,
        ServerEvent,
        ToolsListChanged,
    )
    from mcp.shared.exceptions import MCPError
    from mcp.shared.message import SessionMessage
    from mcp.types import (
        INTERNAL_ERROR,
        INVALID_PARAMS,
        CallToolResult,
        ElicitRequest,
        ElicitRequestFormParams,
        ElicitResult,
        EmptyResult,
        InputRequiredResult,
        JSONRPCError,
        JSONRPCMessage,
        JSONRPCNotification,
        JSONRPCRequest,
        JSONRPCResponse,
        ReadResourceResult,
        SubscribeRequestParams,
        SubscriptionsListenRequestParams,
        SubscriptionsListenResult,
        TextContent,
        ToolAnnotations,
        UnsubscribeRequestParams,
        jsonrpc_message_adapter,
    )
    from mcp.types.version import MODERN_PROTOCOL_VERSIONS

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "MODERN_PROTOCOL_VERSIONS",
    "SUBSCRIPTION_ID_META_KEY",
    "AccessToken",
    "AuthenticatedUser",
    "CallToolResult",
    "Context",
    "ElicitRequest",
    "ElicitRequestFormParams",
    "ElicitResult",
    "EmptyResult",
    "FastMCP",
    "FastMCPResource",
    "FastMCPTool",
    "InMemorySubscriptionBus",
    "InputRequiredResult",
    "InputRequiredToolResult",
    "JSONRPCError",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
    "ListenHandler",
    "MCPError",
    "ReadResourceResult",
    "ResourceContent",
    "ResourceResult",
    "ResourceTemplate",
    "ResourceUpdated",
    "ServerEvent",
    "SessionMessage",
    "SubscribeRequestParams",
    "SubscriptionsListenRequestParams",
    "SubscriptionsListenResult",
    "TextContent",
    "ToolAnnotations",
    "ToolResult",
    "ToolsListChanged",
    "UnsubscribeRequestParams",
    "VersionSpec",
    "bind_request_context",
    "compress_schema",
    "create_sse_app",
    "create_streamable_http_app",
    "fastmcp_request_ctx",
    "get_context",
    "jsonrpc_message_adapter",
    "reset_transport",
    "set_transport",
]

VERSION: str = fastmcp.__version__

fastmcp.settings.check_for_updates = "off"  # the update check asks the network
fastmcp.settings.show_server_banner = False
fastmcp.settings.mcp_camelcase_compat = False

# The rich handler costs over a millisecond a line and has its own format; records go to the root handler.
_logger = logging.getLogger("fastmcp")
_logger.handlers.clear()
_logger.propagate = True
_logger.setLevel(logging.WARNING)
