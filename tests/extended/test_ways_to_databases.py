"""Ways to a database that end and are found again: through a real sshd, and to the server that took over."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moorage.core.postgres.address import address_from_url
from moorage.databases.connectors.connections import Connections
from moorage.databases.connectors.direct import DirectConnector
from moorage.databases.definitions import Database
from moorage.databases.errors import DatabaseUnavailable
from tests.extended.servers import (
    SSHD,
    Postgres15,
    folder_of,
    free_port,
    listening,
    need,
    ordinary_user,
    running_postgres15,
)
from tests.support.many_databases import database_of, definition_of, open_connections, session_of
from tests.support.waiting import until

PORT = "SELECT current_setting('port')"


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with open_connections() as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres15]:
    with running_postgres15() as running:
        yield running


@pytest.fixture
def jump_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Run an sshd of our own, known to the `ssh` of this test alone; yield what a definition says of it."""
    need(SSHD)
    if os.geteuid() == 0:  # where it locks itself in; a service makes it when it starts
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    public = (tmp_path / "host_key.pub").read_text()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host_key\nAuthorizedKeysFile {tmp_path}/key.pub\n"
        "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n"
    )
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -o UserKnownHostsFile={tmp_path}/known_hosts "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with listening([SSHD, "-D", "-f", tmp_path / "sshd_config"], port):
        yield {"host": "127.0.0.1", "port": port, "identity_file": str(tmp_path / "key")}


@contextmanager
def standby_of(primary: Postgres15) -> Generator[Postgres15]:
    """Run a copy of a server that waits to take over."""
    primary.stop_in_order()
    with folder_of(ordinary_user()) as folder:
        shutil.copytree(primary.folder / "data", folder / "data")
        (folder / "data" / "standby.signal").touch()
        if (user := ordinary_user()) is not None:
            subprocess.run(["chown", "-R", user, folder / "data"], check=True)
        standby = Postgres15(folder, password=primary.password)
        standby.start()
        primary.start()
        try:
            yield standby
        finally:
            standby.stop()


def described(server: Postgres15, **changes: object) -> Database:
    return database_of(definition_of(address_from_url(server.url)[0], "postgres", **changes))


async def ask(connections: Connections, database: Database, sql: str = PORT) -> str:
    async with session_of(connections, database) as session:
        return (await (await session.open(sql, ())).fetch(1))[0][0]


async def ssh_of(connections: Connections, database: Database) -> int:
    connector = await connections.to(database)
    assert isinstance(connector, DirectConnector)
    assert connector._dialer._tunnel is not None
    assert connector._dialer._tunnel._process is not None
    return connector._dialer._tunnel._process.pid


async def test_a_tunnel_that_was_killed_is_opened_again(server, jump_host, connections):
    shop = described(server, ssh=jump_host)
    assert await ask(connections, shop) == str(server.port)
    first = await ssh_of(connections, shop)
    os.kill(first, signal.SIGKILL)

    async def answers_again() -> bool:
        try:
            return await ask(connections, shop) == str(server.port)
        except DatabaseUnavailable:
            return False

    await until(answers_again)
    assert await ssh_of(connections, shop) != first


async def test_a_tunnel_ends_with_the_connections(server, jump_host):
    async with open_connections() as connections:
        shop = described(server, ssh=jump_host)
        assert await ask(connections, shop) == str(server.port)
        process = await ssh_of(connections, shop)
    assert not Path(f"/proc/{process}").exists()


async def test_a_tunnel_that_may_not_be_opened_is_told(server, jump_host, connections, tmp_path):
    Path(jump_host["identity_file"]).with_suffix(".pub").write_text("")
    with pytest.raises(DatabaseUnavailable, match="Permission denied"):
        await ask(connections, described(server, ssh=jump_host))


async def test_the_server_that_took_over_is_found_without_a_restart(connections):
    with running_postgres15() as primary, standby_of(primary) as standby:
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        shop = described(primary, hostname=hosts, target_session="primary")
        spare = described(primary, hostname=hosts, target_session="standby").model_copy(update={"id": "spare"})
        assert await ask(connections, shop) == str(primary.port)
        assert await ask(connections, spare) == str(standby.port)
        primary.stop()
        try:
            standby.promote()
            assert await ask(connections, shop) == str(standby.port)
            assert await ask(connections, shop, "SELECT pg_is_in_recovery()") is False
        finally:
            primary.start()
