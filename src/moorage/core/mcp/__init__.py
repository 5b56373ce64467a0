"""The MCP door: plain typed functions become tools of one server, on stdio, streamable HTTP and SSE.

Promises: both protocol revisions (2026-07-28 and 2025-11-25), every failure as text a model can act on, no
session state, and one canonical log line per call. Nothing outside this package imports `fastmcp` or `mcp`;
what a tool may know of the protocol stands in `moorage.core.shape`.
"""
