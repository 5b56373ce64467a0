"""Tests against a real PostgreSQL: durable enough for a test, and so several times faster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from moorage.core.postgres.address import Address, address_from_parts
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from tests.conftest import OTHER_SERVER, REGISTRY
from tests.support.homes import temporary_home

# Crashes of the machine are not tested. Crashes of processes are, and need none of these:
# https://www.postgresql.org/docs/current/non-durability.html
NOT_NEEDED = ("fsync", "synchronous_commit", "full_page_writes")


@pytest.fixture(scope="session", autouse=True)
def without_durability(address: Address) -> None:
    """Spare the disk: most of the time of a test is otherwise the making and dropping of its database."""
    if OTHER_SERVER is not None:
        return  # somebody else's settings

    asyncio.run(spare(address))


async def spare(address: Address) -> None:
    connection = await connect(address, "postgres")
    for setting in NOT_NEEDED:
        await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@pytest.fixture(scope="session")
def second_server(home: Path) -> Iterator[EmbeddedServer]:  # the first one's folder is there by then
    """Another PostgreSQL on this machine; a test that stops it starts it again."""
    with temporary_home() as folder:
        server = EmbeddedServer(folder)
        with server.running() as address:
            asyncio.run(spare(address))
            yield server


@pytest.fixture
async def servers(address: Address, second_server: EmbeddedServer) -> AsyncIterator[ProjectConnectionManager]:
    """Connections to the main server, to "second", and to "gone", where nobody listens."""
    nobody = address_from_parts(host="127.0.0.1", port=9, user="nobody", password=None)
    others = {"second": second_server.start(), "gone": nobody}
    provisioner = Provisioner(address, REGISTRY, LINES)
    manager = ProjectConnectionManager(provisioner, ConnectionSettings(registry_min=0), others=others)
    await manager.initialize()
    yield manager
    await manager.close()
