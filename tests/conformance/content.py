"""Fixture tools that return every kind of content, report progress, log, and fail on purpose."""

from __future__ import annotations

import asyncio
import base64
import struct
import zlib
from typing import Any

import mcp.types as protocol
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.tools import FunctionTool, ToolResult


def _png() -> str:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + pixel + chunk(b"IEND", b"")).decode()


def _wav() -> str:
    body = struct.pack("<4sIHHIIHH4sIh", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 2, 0)
    return base64.b64encode(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body).decode()


PNG = _png()
IMAGE = protocol.ImageContent(type="image", data=PNG, mime_type="image/png")
AUDIO = protocol.AudioContent(type="audio", data=_wav(), mime_type="audio/wav")


def text_content(text: str) -> protocol.TextContent:
    return protocol.TextContent(type="text", text=text)


def embedded(uri: str, mime_type: str, text: str) -> protocol.EmbeddedResource:
    contents = protocol.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return protocol.EmbeddedResource(type="resource", resource=contents)


async def test_simple_text() -> str:
    """Return one line of text."""
    return "This is a simple text response for testing."


async def test_image_content() -> ToolResult:
    """Return an image."""
    return ToolResult(content=[IMAGE])


async def test_audio_content() -> ToolResult:
    """Return audio."""
    return ToolResult(content=[AUDIO])


async def test_embedded_resource() -> ToolResult:
    """Return an embedded resource."""
    text = "This is an embedded resource content."
    return ToolResult(content=[embedded("test://embedded-resource", "text/plain", text)])


async def test_multiple_content_types() -> ToolResult:
    """Return text, an image and a resource."""
    resource = embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return ToolResult(content=[text_content("Multiple content types test:"), IMAGE, resource])


async def test_error_handling() -> str:
    """Fail."""
    raise ToolError("This tool intentionally returns an error for testing")


async def test_tool_with_logging(context: Context) -> str:
    """Send three log notifications."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.info(line)
        await asyncio.sleep(0.05)
    return "logged"


async def test_logging_tool(context: Context) -> str:
    """Log once; must stay silent unless the request asked for it."""
    await context.info("only with a log level")
    return "ok"


async def test_tool_with_progress(context: Context) -> str:
    """Report progress 0, 50, 100 of 100."""
    for done in (0, 50, 100):
        await context.report_progress(done, 100)
        await asyncio.sleep(0.05)
    return "done"


async def test_custom_headers(region: str = "eu", limit: int = 1) -> str:  # noqa: PT028  (a tool, no test)
    """Mirror an argument into an HTTP header."""
    return f"{region} {limit}"


async def json_schema_2020_12_tool(
    name: str = "",
    address: dict[str, Any] | None = None,
    contactMethod: str = "email",  # noqa: N803  (the suite's spelling)
    phone: str = "",
    email: str = "",
) -> str:
    """Tool with JSON Schema 2020-12 features."""
    return "ok"


SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

PLAIN = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_logging,
    test_logging_tool,
    test_tool_with_progress,
)


def add_content_tools(fastmcp: FastMCP) -> dict[str, dict[str, Any]]:
    """Add the tools; returns the schemas that carry header annotations, by name."""
    for function in PLAIN:
        fastmcp.add_tool(FunctionTool.from_function(function, output_schema=None))
    modern = FunctionTool.from_function(json_schema_2020_12_tool, output_schema=None)
    fastmcp.add_tool(modern.model_copy(update={"parameters": SCHEMA_2020_12}))
    mirrored = FunctionTool.from_function(test_custom_headers, output_schema=None)
    mirrored.parameters["properties"]["region"]["x-mcp-header"] = "Region"
    fastmcp.add_tool(mirrored)
    return {mirrored.name: mirrored.parameters}
