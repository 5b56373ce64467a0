"""`moorage serve` as an operator runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import httpx2

from moorage.core.postgres.address import Address
from tests.support.processes import RunningServer


async def test_it_says_where_it_listens_is_ready_and_ends_well(home: Path, address: Address):
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "moorage", "serve", "--port", "0")
    environment = os.environ | {"MOORAGE_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    server = RunningServer(process)
    try:
        said = json.loads(await server.line(process.stderr))
        assert said["event"] == "serve.listening"
        async with httpx2.AsyncClient(base_url=said["url"]) as client:
            assert (await client.get("/health/ready")).json()["status"] == "ready"
        process.send_signal(signal.SIGTERM)
        assert await server.ends() == (0, [])
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
