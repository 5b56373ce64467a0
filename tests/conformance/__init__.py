"""The official MCP conformance suite, run against servers that our own factory builds."""
