"""A tunnel is the system's `ssh`; a program of the same name stands for it here, and forwards as it would."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from moorage.databases.connectors.budget import Budget
from moorage.databases.connectors.direct import DirectConnector
from moorage.databases.connectors.tunnels import Tunnel
from moorage.databases.definitions import DirectPostgres, SshTunnel
from moorage.databases.errors import DatabaseUnavailable, InvalidDefinition
from moorage.databases.settings import SqlSettings
from tests.support.waiting import until

WORKS = """
import pathlib, sys, time
pathlib.Path(sys.argv[0]).with_name("arguments").write_text("\\n".join(sys.argv[1:]))
print("ready", flush=True)
time.sleep(60)
"""
FAILS = """
import sys
print("jump.example: Permission denied (publickey).", file=sys.stderr)
sys.exit(255)
"""
BASTION = SshTunnel(host="me@jump.example", port=2222, identity_file="/keys/jump")
HOSTS = (("db.internal", 5432), ("2001:db8::1", 5433))


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that puts a program in front of everything else named ssh."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def is_now(program: str) -> Path:
        file = tmp_path / "ssh"
        file.write_text(f"#!{sys.executable}\n{program}")
        file.chmod(0o755)
        return tmp_path / "arguments"

    return is_now


async def test_ssh_is_started_once_and_asks_nobody(ssh):
    arguments = ssh(WORKS)
    tunnel = Tunnel(BASTION, HOSTS)
    ports = [await tunnel.port_to(host) for host in HOSTS]
    said = arguments.read_text().split("\n")
    assert {"BatchMode=yes", "ExitOnForwardFailure=yes", "ControlMaster=no"} < set(said)
    assert f"127.0.0.1:{ports[0]}:db.internal:5432" in said
    assert f"127.0.0.1:{ports[1]}:[2001:db8::1]:5433" in said
    assert said[-6:] == ["-p", "2222", "-i", "/keys/jump", "--", "me@jump.example"]
    process = tunnel._process
    assert process is not None
    await tunnel.close()
    assert process.returncode is not None


async def test_a_tunnel_that_has_ended_is_started_again(ssh):
    ssh(WORKS)
    tunnel = Tunnel(BASTION, HOSTS)
    await tunnel.port_to(HOSTS[0])
    first = tunnel._process
    assert first is not None
    first.kill()
    await first.wait()
    await tunnel.port_to(HOSTS[0])
    assert tunnel._process is not first
    await tunnel.close()


async def test_what_ssh_says_is_told(ssh):
    ssh(FAILS)
    with pytest.raises(DatabaseUnavailable, match=r"Permission denied \(publickey\)"):
        await Tunnel(BASTION, HOSTS).port_to(HOSTS[0])


async def test_a_missing_ssh_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseUnavailable, match="program ssh"):
        await Tunnel(BASTION, HOSTS).port_to(HOSTS[0])


@pytest.mark.parametrize("name", ["-oProxyCommand=touch", "db;touch", "db internal", ""])
async def test_a_host_that_would_be_an_option_or_a_command_is_refused(ssh, name):
    ssh(WORKS)
    with pytest.raises(InvalidDefinition):
        await Tunnel(BASTION, ((name, 5432),)).port_to((name, 5432))


async def test_a_tunnel_closed_by_a_cancelled_call_leaves_no_process(ssh):
    ssh(WORKS.replace('print("ready", flush=True)', ""))
    tunnel = Tunnel(BASTION, HOSTS)
    starting = asyncio.create_task(tunnel.port_to(HOSTS[0]))

    async def started() -> bool:
        return tunnel._process is not None

    await until(started)
    process = tunnel._process
    assert process is not None
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    assert process.returncode is not None


async def test_a_connector_whose_end_is_cut_short_leaves_no_process(ssh):
    """What waits for its last call to end is not waited for when the program ends."""
    ssh(WORKS)
    definition = DirectPostgres(hostname="db.internal", database="shop", ssh=BASTION)
    connector = DirectConnector(definition, SqlSettings(), Budget(1, 1, 1))
    tunnel = connector._dialer._tunnel
    assert tunnel is not None
    await tunnel.port_to(("db.internal", 5432))
    process = tunnel._process
    assert process is not None
    place = await connector._pool.take()
    closing = asyncio.create_task(connector.close(60))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    connector._pool.give_back(place)
    assert process.returncode is not None
