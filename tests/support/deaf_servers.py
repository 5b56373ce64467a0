"""Servers that are there and of no use: one accepts and never answers, one stops answering when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from moorage.core.postgres.address import Address

_CHUNK_BYTES = 64 * 1024


@asynccontextmanager
async def silent_server() -> AsyncGenerator[int]:
    """Yield the port of loopback on which connections are accepted and nothing is ever said."""
    connected: set[asyncio.StreamWriter] = set()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in connected:
            writer.transport.abort()


@dataclass
class FreezingProxy:
    """Passes everything on to a PostgreSQL, until it is frozen or its connections are cut.

    Attributes:
        port: of loopback.
        passing: cleared, nothing is passed on any more, and nobody is told.
        opened: connections that came, those that only cancel included.
    """

    server: Address
    port: int = 0
    opened: int = 0
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def freeze(self) -> None:
        self.passing.clear()

    def cut(self) -> None:
        """End all connections, as a network does that forgets them."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        folder, port = self.server.arguments["host"], self.server.arguments["port"]
        from_server, to_server = await asyncio.open_unix_connection(str(Path(folder) / f".s.PGSQL.{port}"))
        self._writers |= {writer, to_server}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, to_server))
                group.create_task(self._pass(from_server, writer))
        except* (ConnectionError, EOFError):
            pass
        finally:
            self._writers -= {writer, to_server}
            to_server.transport.abort()
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            await self.passing.wait()
            writer.write(data)
        raise EOFError


@asynccontextmanager
async def freezing_proxy(server: Address) -> AsyncGenerator[FreezingProxy]:
    """Run a proxy before a server that listens on a socket."""
    proxy = FreezingProxy(server)
    proxy.passing.set()
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        proxy.cut()
