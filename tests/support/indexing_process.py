"""A process of its own that indexes one repository, stops where it is told, and may be killed there.

    python -m tests.support.indexing_process SOCKET_FOLDER PORT PROJECT REPOSITORY HOLD_AT

Each batch is one file. Before batch HOLD_AT (the first is 1; 0 means never) it prints "holding" and waits for a line
on standard input. At the end it prints the status of the index.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from moorage.codebase import indexing
from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.core.postgres.address import Address
from moorage.core.telemetry.logs import configure_logging
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.systems import LINES
from tests.support.gated_embedder import GatedEmbedder

WAIT_SECONDS = 60.0
NEVER = 10**9
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def indexing_process(
    address: Address, project: str, repository: Path, *, hold_at: int = 0
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run this module; it is killed at the end if it still runs."""
    place = json.dumps(dict(address.arguments))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, place, project, str(repository), str(hold_at)),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: asyncio.subprocess.Process) -> str:
    """Return the next line that the process prints."""
    assert process.stdout is not None
    async with asyncio.timeout(WAIT_SECONDS):
        return (await process.stdout.readline()).decode().strip()


async def go_on(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    await process.stdin.drain()


async def _index(place: str, project: str, repository: str, hold_at: str) -> None:
    configure_logging(level="WARNING", log_format="text")
    vars(indexing)["BATCH_FILES"] = 1
    connections = ProjectConnectionManager(Provisioner(Address("here", json.loads(place)), "mcp_registry", LINES))
    await connections.initialize()
    embedder = GatedEmbedder(hold_at=int(hold_at) or NEVER)
    with tempfile.TemporaryDirectory() as clones:
        service = CodebaseService(connections, embedder, CodebaseSettings(workers=1), Path(clones))
        holding = asyncio.create_task(_hold(embedder))
        try:
            status = await service.index_repository(project, repository, wait_seconds=WAIT_SECONDS)
            print(status.status, flush=True)
        finally:
            holding.cancel()
            await service.close()
            await connections.close()


async def _hold(embedder: GatedEmbedder) -> None:
    await embedder.reached.wait()
    print("holding", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    embedder.gate.set()


if __name__ == "__main__":
    asyncio.run(_index(*sys.argv[1:]))
