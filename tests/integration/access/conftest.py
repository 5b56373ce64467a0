"""Tokens in a registry of their own: in the one that tests share they would shut every other server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from moorage.access.service import TokenService
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings
from moorage.settings import Settings
from moorage.systems import LINES


@pytest.fixture(scope="session")
def registry(address: Address) -> Iterator[str]:
    """The name of a registry that is made on first use."""
    name = f"registry_{uuid.uuid4().hex[:12]}"
    yield name
    asyncio.run(_drop(address, name))


@pytest.fixture
async def connections(address: Address, registry: str) -> AsyncIterator[ProjectConnectionManager]:
    manager = ProjectConnectionManager(Provisioner(address, registry, LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield manager
    await manager.registry_pool.execute("TRUNCATE public.tokens")
    await manager.close()


@pytest.fixture
def tokens(connections: ProjectConnectionManager) -> TokenService:
    return TokenService(connections)


@pytest.fixture
def settings(home: Path, registry: str) -> Settings:
    """Settings of a server with this registry."""
    return Settings(home=home, postgres={"database": registry})


async def _drop(address: Address, name: str) -> None:
    connection = await connect(address, "postgres")
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.close()
