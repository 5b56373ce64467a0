"""Opening connections: whom to ask, with which login, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from moorage.core.errors import MoorageError
from moorage.databases.connectors.driver import DriverConnection
from moorage.databases.connectors.failures import DRIVER_ERRORS, connect_failure
from moorage.databases.connectors.tls import tls_arguments
from moorage.databases.connectors.tunnels import LOOPBACK, Tunnel
from moorage.databases.definitions import DirectPostgres
from moorage.databases.errors import DatabaseLoginRefused
from moorage.databases.sources.secrets import Login, forget_login, login_of

APPLICATION_NAME = "moorage"
Host = tuple[str, int]
FindLogin = Callable[[DirectPostgres], Awaitable[Login]]


class Dialer:
    """Opens connections to one database.

    Args:
        find_login: returns user and password as they are now.
    """

    def __init__(self, definition: DirectPostgres, connect_seconds: float, find_login: FindLogin = login_of) -> None:
        self._definition = definition
        self._connect_seconds = connect_seconds
        self._find_login = find_login
        self._hosts = hosts_of(definition)
        self._tunnel = Tunnel(definition.ssh, self._hosts) if definition.ssh else None

    async def connect(self) -> DriverConnection:
        """Return a connection to the first host that answers and is what `target_session` asks for.

        A refused login is tried once more where that may bring another password.

        Raises:
            DatabaseUnavailable: no host answers.
            DatabaseLoginRefused: one does, and refuses the login.
            SecretUnavailable: the password cannot be had.
        """
        try:
            return await self._log_in()
        except DatabaseLoginRefused:
            if not forget_login(self._definition):
                raise
        return await self._log_in()

    async def close(self) -> None:
        if self._tunnel is not None:
            await self._tunnel.close()

    async def _log_in(self) -> DriverConnection:
        login = await self._find_login(self._definition)
        try:
            return await self._connect_with(login)
        except MoorageError:  # many of ours are OSErrors too
            raise
        except DRIVER_ERRORS as error:
            raise connect_failure(error) from error

    async def _connect_with(self, login: Login) -> DriverConnection:
        attempts = [(host, wanted) for wanted in _wanted(self._definition) for host in self._hosts]
        async with asyncio.timeout(self._connect_seconds) as deadline:
            for place, (host, wanted) in enumerate(attempts):
                seconds = _share(deadline, len(attempts) - place)
                try:
                    return await self._connect_to(host, wanted, login, seconds)
                except (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched):
                    if place == len(attempts) - 1:
                        raise
        raise AssertionError("there is at least one host")

    async def _connect_to(self, host: Host, wanted: str, login: Login, seconds: float) -> DriverConnection:
        name, port = host
        server_name = None
        if self._tunnel is not None:
            server_name, name, port = name, LOOPBACK, await self._tunnel.port_to(host)
        connection = await asyncpg.connect(
            host=name,
            port=port,
            user=login.user,
            password=login.password,
            database=self._definition.database,
            timeout=seconds,
            target_session_attrs=wanted,
            statement_cache_size=0,  # a pooler may stand between, and give the next transaction another session
            server_settings={"application_name": APPLICATION_NAME},
            connection_class=DriverConnection,
            **self._tls(name, server_name),
        )
        assert isinstance(connection, DriverConnection)
        return connection

    def _tls(self, host: str, server_name: str | None) -> dict[str, Any]:
        return tls_arguments(self._definition, host, server_name)


def hosts_of(definition: DirectPostgres) -> Sequence[Host]:
    """Return the hosts that a definition names: with commas between them, each with a port of its own or not."""
    return tuple(_host(each, definition.port) for each in definition.hostname.split(","))


def _host(written: str, port: int) -> Host:
    name, colon, own_port = written.rpartition(":")
    if written.startswith("/") or not colon or (":" in name and not name.endswith("]")):
        return written.strip("[]"), port
    return name.strip("[]"), int(own_port)


def _wanted(definition: DirectPostgres) -> tuple[str, ...]:
    """Return what is asked for in turn: with prefer-standby any host will do once none is a standby."""
    return ("standby", "any") if definition.target_session == "prefer-standby" else (definition.target_session,)


def _share(deadline: asyncio.Timeout, attempts: int) -> float:
    """Return how long one attempt may take, so that a host that hangs leaves time for the next."""
    until = deadline.when()
    assert until is not None
    return max((until - asyncio.get_running_loop().time()) / attempts, 0.01)
