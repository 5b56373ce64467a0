"""What can go wrong at the MCP door.

MoorageError
├── NotFound
│   └── UnknownTool        the caller named a tool that is not served here
└── Internal
    ├── ToolDefects        a tool is not fit to be published; raised while the server is built
    └── SeamMissing        the installed FastMCP lacks something this package relies on
"""

from __future__ import annotations

from moorage.core.errors import Internal, NotFound


class UnknownTool(NotFound):
    """No tool of this name is served here; the hint names the nearest ones."""

    code = "mcp.unknown_tool"


class ToolDefects(Internal):
    """Tools or instructions break a rule of publishing; the details list every defect at once."""

    code = "mcp.tool_defects"


class SeamMissing(Internal):
    """The installed FastMCP has moved something that has no public name."""

    code = "mcp.seam_missing"
