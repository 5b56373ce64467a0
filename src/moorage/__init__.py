"""Moorage: one PostgreSQL under an AI coding agent, served over MCP."""

__version__ = "0.1.0"
