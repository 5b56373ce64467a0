"""The HTTP door: one Starlette app for MCP, the routes of systems, health, metrics and a page for people.

Promises: Host and Origin are checked on every route, bodies are bounded, every answer carries a request id,
and every failure is the same JSON (`{"error": {"code", "message", "details", "hint", "retryable"}}`).
"""
