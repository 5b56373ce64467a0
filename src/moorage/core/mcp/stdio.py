"""Standard input and output as a transport that ends when it is told to, and loses no answer when it does.

The SDK's own reads lines in worker threads, which cannot be given up while they wait, so that a signal would
only count after the next line; and it drops what is running at end of input. Here the event loop waits for
input, and the end is held back until every request has its answer. While it serves, file descriptor 0 is the
null device and 1 is stderr, so that nothing a tool or a child process prints reaches the protocol.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from moorage.core.mcp.sdk import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    SessionMessage,
    jsonrpc_message_adapter,
    reset_transport,
    set_transport,
)

READ_BYTES = 65_536

EOF_GRACE_SECONDS = 1.5
"""A client that closed its end sends SIGTERM after 2 s (mcp.client.stdio, PROCESS_TERMINATION_TIMEOUT)."""


PARSE_ERROR = -32700  # https://www.jsonrpc.org/specification#error_object
_UNREADABLE = "the request cannot be read: it is none of this protocol, or holds half of a surrogate pair"


class Unanswered:
    """The requests that a client still waits for."""

    def __init__(self) -> None:
        self._ids: set[int | str] = set()
        self._none = asyncio.Event()
        self._none.set()

    def received(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCRequest):
            self._ids.add(message.id)
            self._none.clear()
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            self._settle((message.params or {}).get("requestId"))  # a cancelled request is never answered

    def sent(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._settle(message.id)

    def _settle(self, request_id: int | str | None) -> None:
        self._ids.discard(request_id)
        if not self._ids:
            self._none.set()

    async def wait_for_none(self) -> None:
        await self._none.wait()


@dataclass
class StandardStreams:
    """One client on standard input and output.

    Attributes:
        stop: set it to end the service; it is set when the client no longer reads.
        grace_seconds: what requests in flight get after `stop`; after end of input they get less.
        on_draining: called when no further request is read.
    """

    stop: asyncio.Event
    grace_seconds: float
    on_draining: Callable[[], None]
    unanswered: Unanswered = field(default_factory=Unanswered)

    async def serve(self, low_level: Any) -> None:
        """Serve until end of input or `stop`; return when nothing is left to answer or the grace is over."""
        token = set_transport("stdio")
        to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        to_client, from_server = anyio.create_memory_object_stream[SessionMessage](0)
        try:
            with _private_descriptors() as (input_fd, output_fd):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._read(input_fd, to_server, to_client.clone()))
                    group.create_task(self._write(output_fd, from_server))
                    options = low_level.create_initialization_options()
                    await low_level.run(from_client, to_client, options)
                    self.stop.set()
        finally:
            reset_transport(token)

    async def _read(
        self,
        fd: int,
        to_server: MemoryObjectSendStream[SessionMessage | Exception],
        to_client: MemoryObjectSendStream[SessionMessage],
    ) -> None:
        async with to_server, to_client:
            async for line in _lines(fd, self.stop):
                message = self._message_in(line)
                refusal = _refusal_of(line) if isinstance(message, Exception) else None
                await (to_server.send(message) if refusal is None else to_client.send(refusal))
            self.on_draining()
            await self._drain()

    def _message_in(self, line: bytes) -> SessionMessage | Exception:
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError as error:
            return error
        self.unanswered.received(message)
        return SessionMessage(message)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self.grace_seconds if self.stop.is_set() else EOF_GRACE_SECONDS):
                await self.unanswered.wait_for_none()
        except TimeoutError:
            return

    async def _write(self, fd: int, from_server: MemoryObjectReceiveStream[SessionMessage]) -> None:
        async with from_server:
            async for each in from_server:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                try:
                    await _write_all(fd, text.encode() + b"\n")
                except BrokenPipeError:
                    self.stop.set()
                self.unanswered.sent(each.message)


def _refusal_of(line: bytes) -> SessionMessage | None:
    """Return the answer to a request of which nothing can be read but its id; the SDK would leave it without one."""
    try:
        request = json.loads(line)
        is_request = isinstance(request, dict) and "method" in request and type(request.get("id")) in (int, str)
        if not is_request or not str(request["id"]).encode():
            return None
    except (ValueError, RecursionError):
        return None
    error = {"code": PARSE_ERROR, "message": _UNREADABLE}
    return SessionMessage(JSONRPCError.model_validate({"jsonrpc": "2.0", "id": request["id"], "error": error}))


@contextmanager
def _private_descriptors() -> Generator[tuple[int, int]]:
    """Move the protocol to descriptors nobody else knows, and back at the end."""
    sys.stdout.flush()
    private_in, private_out = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    try:
        yield private_in, private_out
    finally:
        sys.stdout.flush()
        os.dup2(private_in, 0)
        os.dup2(private_out, 1)
        os.close(private_out)
        os.close(private_in)


async def _lines(fd: int, stop: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield the lines of a descriptor until its end, or until `stop` is set."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    stopping = asyncio.create_task(_end_at(stop, chunks))
    try:
        with _arriving(fd, chunks):
            rest = b""
            while chunk := await chunks.get():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line
    finally:
        stopping.cancel()


async def _end_at(stop: asyncio.Event, chunks: asyncio.Queue[bytes]) -> None:
    await stop.wait()
    chunks.put_nowait(b"")


@contextmanager
def _arriving(fd: int, chunks: asyncio.Queue[bytes]) -> Generator[None]:
    """Put what can be read into `chunks`, and an empty one at the end."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        chunk = os.read(fd, READ_BYTES)
        chunks.put_nowait(chunk)
        if not chunk:
            loop.remove_reader(fd)

    try:
        loop.add_reader(fd, read)
    except (PermissionError, NotImplementedError):  # a regular file under epoll; the event loop of Windows
        threading.Thread(target=_read_in_thread, args=(fd, loop, chunks), daemon=True).start()
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(fd)


def _read_in_thread(fd: int, loop: asyncio.AbstractEventLoop, chunks: asyncio.Queue[bytes]) -> None:
    while chunk := os.read(fd, READ_BYTES):
        loop.call_soon_threadsafe(chunks.put_nowait, chunk)
    loop.call_soon_threadsafe(chunks.put_nowait, b"")


async def _write_all(fd: int, data: bytes) -> None:
    """Write without a thread what surely fits; the rest in one, because a client may be slow to read."""
    if len(data) <= select.PIPE_BUF and _is_writable(fd):
        os.write(fd, data)
        return
    await asyncio.to_thread(_write_blocking, fd, data)


def _is_writable(fd: int) -> bool:
    """Say whether there is room for PIPE_BUF bytes, which is what writable means of a pipe (pipe(7))."""
    polling = select.poll()
    polling.register(fd, select.POLLOUT)
    return bool(polling.poll(0))


def _write_blocking(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
