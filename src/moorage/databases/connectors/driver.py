"""asyncpg's connection, with what statements of strangers need: answers are counted, bounded, and kept as text."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from moorage.databases.connectors.codecs import set_codecs, set_unknown

_UNNAMED = ""
_NO_STATEMENT = SimpleNamespace(name="none was run")


class DriverConnection(asyncpg.Connection):
    """A connection whose answers are bounded and whose values come as PostgreSQL writes them.

    Three methods of the driver that are not for everybody are used or replaced here, and nowhere else: a portal that
    is run and described in one message, the next rows of it, and the looking up of types.
    """

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        self._wire = protocol
        self.incoming = Incoming(protocol, transport)
        transport.set_protocol(self.incoming)
        set_codecs(self.get_settings())
        _keep_alive(transport)

    @property
    def is_superuser(self) -> bool:
        """Whether the server says so of the login role; poolers may say nothing."""
        return getattr(self.get_settings(), "is_superuser", "off") == "on"

    async def run_portal(
        self, statement: PreparedStatement, parameters: Sequence[Any], limit: int
    ) -> tuple[list[asyncpg.Record], bytes | None, bool]:
        """Bind and run a statement; return the first rows, its status and whether it is at its end.

        The driver's own cursors need one more message, and keep the status, which says how many rows were written.
        """
        return await self._wire.bind_execute(statement._state, parameters, _UNNAMED, limit, True, None)  # noqa: SLF001

    async def run_further(
        self, statement: PreparedStatement, limit: int
    ) -> tuple[list[asyncpg.Record], bytes | None, bool]:
        """Return the next rows of a portal, as `run_portal` does."""
        return await self._wire.execute(statement._state, _UNNAMED, limit, True, None)  # noqa: SLF001

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> tuple[list[Any], Any]:  # noqa: ARG002, ASYNC109
        """Take types that the driver does not know as text.

        It would look up each with a recursive statement of many milliseconds, in every connection, inside the
        caller's transaction, after turning off jit for the session.
        """
        for oid in typeoids:
            set_unknown(self.get_settings(), oid)
        return [], _NO_STATEMENT


class Incoming(asyncio.Protocol):
    """Passes on what comes from the server, counts it, and hangs up when more comes than was asked for.

    The driver takes in a value whole, whatever its size; PostgreSQL's may have a gigabyte.

    Attributes:
        received: bytes since the connection was opened.
        has_overflowed: more came than was allowed, and the connection was cut for it.
    """

    def __init__(self, protocol: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self._transport = transport
        self._allowed: int | None = None
        self.received = 0
        self.has_overflowed = False

    def allow(self, more: int) -> None:
        """Take in so many bytes from now on."""
        self._allowed = self.received + more

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self._allowed is not None and self.received > self._allowed:
            self.has_overflowed = True
            self._transport.abort()
            return
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


def _keep_alive(transport: asyncio.Transport) -> None:
    """Let the system notice servers that vanished, as libpq does (keepalives=1)."""
    connected = transport.get_extra_info("socket")
    if connected is not None and connected.family != socket.AF_UNIX:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
