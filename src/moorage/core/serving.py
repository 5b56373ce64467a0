"""Serving until told to stop: addresses, signals, and an end that is bounded.

The first SIGTERM or SIGINT ends the service in good order: nothing new is taken, calls that run may finish
within the grace, then everything is closed and the program ends with status 0, because stopping is what it
was asked to do. A second signal ends it at once, with status 128 + its number. The end of standard input ends
stdio the same way.
"""

from __future__ import annotations

import asyncio
import errno
import math
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import structlog
import uvicorn

from moorage.core.collecting import collect_as_usual
from moorage.core.errors import InvalidInput, Unavailable
from moorage.core.http.app import HttpDoor
from moorage.core.http.guards import is_loopback
from moorage.core.mcp.server import McpServer

log = structlog.get_logger()

GRACE_SECONDS = 10.0
"""What calls in flight get; half of what systemd and a third of what Kubernetes wait before they kill."""

FLUSH_SECONDS = 0.1
"""From the end of a call to its answer on the wire."""

KEEP_ALIVE_SECONDS = 75
"""Agents think for longer than uvicorn's 5 s between two calls."""

# A closed terminal sends SIGHUP; Windows has none.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class NotLoopback(InvalidInput):
    """The address could be reached from other machines, and callers would not be asked who they are."""

    code = "serve.not_loopback"


class PortTaken(Unavailable):
    """Something else listens at the address."""

    code = "serve.port_taken"


async def serve_stdio(server: McpServer, *, grace_seconds: float = GRACE_SECONDS) -> None:
    """Serve one client on standard input and output until it leaves or a signal comes."""
    collect_as_usual()
    with stop_on_signals() as stop:
        await server.run_stdio(stop=stop, grace_seconds=grace_seconds)


async def serve_http(
    door: HttpDoor,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    beyond_loopback: bool = False,
    grace_seconds: float = GRACE_SECONDS,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Serve HTTP until a signal comes; being cancelled ends the service in the same good order.

    Args:
        door: from `build_app`.
        host: a loopback name or address.
        port: 0 takes any free one.
        beyond_loopback: any host will do, because the door's gate lets nobody in unknown.
        grace_seconds: what calls in flight get after the signal.
        on_listening: called with the base URL once clients may connect.

    Raises:
        NotLoopback: other machines could reach the address.
        PortTaken: something else listens there.
    """
    if not beyond_loopback and not is_loopback(host):
        raise NotLoopback(
            f"{host} can be reached from other machines, and callers are not asked who they are.",
            hint="Make a token first: moorage token create NAME --scope read; or serve on 127.0.0.1.",
            host=host,
        )
    collect_as_usual()
    with _listen(host, port) as listening, stop_on_signals() as stop:
        async with door.app.router.lifespan_context(door.app):
            server = _Uvicorn(_configuration(door, grace_seconds))
            if on_listening:
                on_listening(_url(listening))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                await _until_first(stop.wait(), serving)
            finally:
                server.should_exit = True
                await _drain(door, grace_seconds)
                await serving


class _Uvicorn(uvicorn.Server):
    """Uvicorn without its own signal handlers."""

    def capture_signals(self) -> AbstractContextManager[None]:  # ty: ignore[incompatible-method-override]
        return nullcontext()


def _configuration(door: HttpDoor, grace_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        door.app,
        lifespan="off",  # entered by serve_http, so that a failure in it is an exception and not a log line
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(grace_seconds),
    )


async def _drain(door: HttpDoor, grace_seconds: float) -> None:
    try:
        async with asyncio.timeout(grace_seconds):
            await door.drain(flush_seconds=FLUSH_SECONDS)
    except TimeoutError:
        log.warning("serve.grace_over", grace_seconds=grace_seconds)
        door.draining.set()


async def _until_first(stop: Coroutine[Any, Any, Any], serving: asyncio.Task[None]) -> None:
    """Wait for the signal; a server that ends by itself ends the wait too."""
    stopping = asyncio.create_task(stop)
    await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


@contextmanager
def _listen(host: str, port: int) -> Generator[socket.socket]:
    """Listen at an address. `localhost` is 127.0.0.1, whatever the resolver says."""
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; otherwise each answer waits 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address, port))
        except (OSError, OverflowError) as error:
            raise _refused_address(error, address, port) from error
        listening.listen()
        yield listening


def _refused_address(error: OSError | OverflowError, host: str, port: int) -> PortTaken | InvalidInput:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        hint = f"Stop what listens there (lsof -i :{port} shows it), or take another: --port 0 finds a free one."
        return PortTaken(f"Port {port} on {host} is taken.", hint=hint, host=host, port=port)
    hint = "Ports below 1024 need privileges; any address of this machine will do as host."
    return InvalidInput(f"Cannot listen on {host} port {port}: {error}.", hint=hint, host=host, port=port)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def stop_on_signals() -> Generator[asyncio.Event]:
    """Yield an event that the first signal sets; the second ends the process without further ado."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        log.info("serve.stopping", signal=signal.Signals(number).name)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
