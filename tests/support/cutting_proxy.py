"""A proxy in front of PostgreSQL that cuts a connection over its COMMIT: the client never hears what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from moorage.core.postgres.address import Address, address_from_parts

_CHUNK_BYTES = 64 * 1024
_COMMIT = b"COMMIT"


@dataclass
class CuttingProxy:
    """Passes everything on, both ways; armed, it cuts the next connection that commits.

    Attributes:
        server: where it leads.
        address: of the server by way of the proxy.
        loses_commit: the COMMIT does not arrive; else it is done, and only its answer is lost.
        is_last: no connection is let through after that one.
    """

    server: Address
    address: Address
    armed: bool = False
    loses_commit: bool = False
    is_last: bool = False
    is_closed: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_closed:
            writer.transport.abort()
            return
        from_server, to_server = await _connect(self.server)
        is_cut = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_requests(reader, to_server, is_cut))
                group.create_task(_pass_answers(from_server, writer, is_cut))
        except* (ConnectionError, EOFError):
            pass
        finally:
            to_server.close()
            writer.transport.abort()

    async def _pass_requests(
        self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self.armed and _COMMIT in data:
                self.armed, self.is_closed = False, self.is_last
                is_cut.set()
                if self.loses_commit:
                    break
            to_server.write(data)
        raise EOFError


async def _pass_answers(from_server: asyncio.StreamReader, writer: asyncio.StreamWriter, is_cut: asyncio.Event) -> None:
    while (data := await from_server.read(_CHUNK_BYTES)) and not is_cut.is_set():
        writer.write(data)
    raise EOFError


async def _connect(server: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if "dsn" in server.arguments:
        url = urlsplit(server.arguments["dsn"])
        return await asyncio.open_connection(url.hostname, url.port or 5432)
    socket = Path(server.arguments["host"]) / f".s.PGSQL.{server.arguments['port']}"
    return await asyncio.open_unix_connection(str(socket))


@asynccontextmanager
async def cutting_proxy(
    server: Address, *, loses_commit: bool = False, is_last: bool = False
) -> AsyncGenerator[CuttingProxy]:
    """Run a proxy on a port of loopback."""
    proxy = CuttingProxy(server, server, loses_commit=loses_commit, is_last=is_last)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    login: dict[str, Any] = {"password": None, **server.login}
    proxy.address = address_from_parts(host=host, port=port, **login)
    try:
        yield proxy
    finally:
        listening.close()
