"""`moorage serve` as an operator runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from moorage.access.service import TokenService
from moorage.core.access import Scope
from moorage.core.postgres.address import Address
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.systems import LINES
from tests.support.processes import RunningServer
from tests.support.programs import run


@asynccontextmanager
async def serving(home: Path, **variables: str) -> AsyncGenerator[tuple[RunningServer, str]]:
    """Start `moorage serve`; yield it with its address once it says that it listens."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "moorage", "serve", "--port", "0")
    environment = os.environ | {"MOORAGE_HOME": str(home)} | variables
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    server = RunningServer(process)
    try:
        said = json.loads(await server.line(process.stderr))
        assert said["event"] == "serve.listening"
        yield server, said["url"]
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def tokens(address: Address, admin, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TokenService]:
    """Tokens in a registry of the test's own: in the one that tests share they would shut the servers of others."""
    name = "registry_beyond_loopback"
    monkeypatch.setenv("MOORAGE_POSTGRES__DATABASE", name)
    manager = ProjectConnectionManager(Provisioner(address, name, LINES))
    await manager.initialize()
    yield TokenService(manager)
    await manager.close()
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def test_it_says_where_it_listens_is_ready_and_ends_well(home: Path, address: Address):
    async with serving(home) as (server, url):
        async with httpx2.AsyncClient(base_url=url) as client:
            assert (await client.get("/health/ready")).json()["status"] == "ready"
        server.process.send_signal(signal.SIGTERM)
        assert await server.ends() == (0, [])


async def test_beyond_loopback_it_starts_once_somebody_has_a_token(home: Path, tmp_path: Path, tokens: TokenService):
    refused = await run(home, tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")
    assert (refused.status, refused.stderr.partition(":")[0]) == (2, "access.too_open")
    assert "moorage token create" in refused.stderr
    secret = (await tokens.create("ada", scope=Scope.READ)).secret
    host = {"host": "moorage.example.com"}
    async with (
        serving(home, MOORAGE_SERVER__PUBLIC_URL="https://moorage.example.com") as (server, url),
        httpx2.AsyncClient(base_url=url) as client,
    ):
        assert (await client.get("/metrics", headers=host)).status_code == 401
        known = host | {"authorization": f"Bearer {secret}"}
        assert (await client.get("/metrics", headers=known)).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        logged = (await server.process.communicate())[1].decode()
    assert secret not in logged
    assert (await tokens.list())[0].last_used_at is not None
