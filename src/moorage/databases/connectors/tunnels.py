"""A way to a server through another machine, by the system's own `ssh`.

What ssh_config says holds here too: jumps, keys, agents. Nobody is there to be asked for a password.
"""

from __future__ import annotations

import asyncio
import re
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

import structlog

from moorage.databases.definitions import SshTunnel
from moorage.databases.errors import DatabaseUnavailable, InvalidDefinition

log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"
END_SECONDS = 2.0
_READY = "ready"
_HOST = re.compile(r"[A-Za-z0-9_.:%\[\]@-]+")
# https://man.openbsd.org/ssh_config; the local command runs once the forwarding is there.
_OPTIONS = (
    "BatchMode=yes",
    "ExitOnForwardFailure=yes",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "ControlMaster=no",
    "ControlPath=none",
    "LogLevel=ERROR",  # nobody reads on what it would say of each connection
    "PermitLocalCommand=yes",
    f"LocalCommand=echo {_READY}",
)


class Tunnel:
    """Forwards a port of loopback to each of some hosts; started at first need, and again when it has ended."""

    def __init__(self, definition: SshTunnel, hosts: Sequence[tuple[str, int]]) -> None:
        self._definition = definition
        self._hosts = tuple(hosts)
        self._ports: dict[tuple[str, int], int] = {}
        self._process: Process | None = None
        self._starting = asyncio.Lock()

    async def port_to(self, host: tuple[str, int]) -> int:
        """Return the port of loopback that leads to this host.

        Raises:
            DatabaseUnavailable: ssh is not there, cannot log in, or may not forward.
        """
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                await self._start()
        return self._ports[host]

    async def close(self) -> None:
        """End ssh, if it runs."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _start(self) -> None:
        self._ports = dict(zip(self._hosts, _free_ports(len(self._hosts)), strict=True))
        try:
            process = await asyncio.create_subprocess_exec(
                "ssh", *self._arguments(), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
            )
        except FileNotFoundError:
            raise DatabaseUnavailable(
                "the tunnel needs the program ssh, which is not there", hint="Install OpenSSH's client."
            ) from None
        self._process = process
        try:
            await self._until_ready(process)
        except BaseException:
            await self.close()
            raise
        log.info("tunnel.opened", through=self._definition.host, process_id=process.pid)

    async def _until_ready(self, process: Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        if (await process.stdout.readline()).strip() == _READY.encode():
            return
        said = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
        raise DatabaseUnavailable(
            f"ssh could not open the tunnel: {said[-1][:200] if said else 'it gave no reason'}",
            hint=f"Try `ssh {self._definition.host}` as the user that Moorage runs as; it must not ask for anything.",
        )

    def _arguments(self) -> list[str]:
        definition = self._definition
        for name in (definition.host, *(host for host, _ in self._hosts if not host.startswith("/"))):
            if not _HOST.fullmatch(name) or name.startswith("-"):
                raise InvalidDefinition(f"{name!r} is no host's name", hint="Check ssh.host and hostname.")
        arguments = ["-N", "-T", *(word for option in _OPTIONS for word in ("-o", option))]
        for (host, port), here in self._ports.items():
            arguments += ["-L", f"{LOOPBACK}:{here}:{_target(host, port)}"]
        if definition.port is not None:
            arguments += ["-p", str(definition.port)]
        if definition.identity_file is not None:
            arguments += ["-i", definition.identity_file]
        return [*arguments, "--", definition.host]


def _target(host: str, port: int) -> str:
    if host.startswith("/"):
        return f"{host}/.s.PGSQL.{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on; should somebody take one meanwhile, ssh says so and is started again."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
