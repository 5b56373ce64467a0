"""The tiny server as a process of its own, spoken to in raw JSON-RPC."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WAIT_SECONDS = 20
REPOSITORY = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.support.tiny_tools")

MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}


def call(request_id: int, tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, "_meta": MODERN_META}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def notification(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


@dataclass(frozen=True)
class RunningServer:
    """A server process; every wait on it is bounded."""

    process: asyncio.subprocess.Process

    def send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            self.stdin.write(json.dumps(message).encode() + b"\n")

    async def answer(self) -> dict[str, Any]:
        return json.loads(await self.line(self.process.stdout))

    async def says(self, text: str) -> None:
        """Wait until a line on stderr contains the text."""
        while text not in await self.line(self.process.stderr):
            continue

    async def line(self, stream: asyncio.StreamReader | None) -> str:
        assert stream is not None
        async with asyncio.timeout(WAIT_SECONDS):
            line = await stream.readline()
        assert line, "the stream has ended"
        return line.decode()

    async def ends(self) -> tuple[int, list[dict[str, Any]]]:
        """Return the exit status, and the messages that still came on stdout."""
        async with asyncio.timeout(WAIT_SECONDS):
            out, _ = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, [json.loads(line) for line in out.splitlines()]

    @property
    def stdin(self) -> asyncio.StreamWriter:
        assert self.process.stdin is not None
        return self.process.stdin


@asynccontextmanager
async def running(*arguments: str) -> AsyncGenerator[RunningServer]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, cwd=REPOSITORY, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield RunningServer(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
