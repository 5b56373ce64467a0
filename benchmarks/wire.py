"""MCP as it travels: raw JSON-RPC of the 2026-07-28 revision over HTTP, so that a client library costs nothing."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

PROTOCOL = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
TIMEOUT_SECONDS = 60


def request(method: str, number: int = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "_meta": META}}


def tool_call(tool: str, arguments: dict[str, Any], number: int = 1) -> dict[str, Any]:
    return request("tools/call", number, name=tool, arguments=arguments)


def answer_of(text: str) -> dict[str, Any]:
    """Return the result of an answer: plain JSON, or the last event of a stream.

    Raises:
        RuntimeError: it is a failure.
    """
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    answer = json.loads(lines[-1] if lines else text)
    if "error" in answer or answer["result"].get("isError"):
        raise RuntimeError(text[:500])
    return answer["result"]


class HttpCaller:
    """One client with one connection that stays open."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)

    def call(self, message: dict[str, Any]) -> str:
        """Send a message and return the text of the answer.

        Raises:
            RuntimeError: the status is not 200.
        """
        headers = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": PROTOCOL,
            "mcp-method": message["method"],
        }
        if "name" in message["params"]:
            headers["mcp-name"] = message["params"]["name"]
        self._connection.request("POST", "/mcp", json.dumps(message).encode(), headers)
        response = self._connection.getresponse()
        body = response.read().decode()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {body[:500]}")
        return body

    def close(self) -> None:
        self._connection.close()
