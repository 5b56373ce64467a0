"""A process of its own that changes the type `note` as `tests.support.notes` does, and holds after the first batch.

python -m tests.support.migrating_process PLACE PROJECT
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from moorage.core.postgres.address import Address
from moorage.core.telemetry.logs import configure_logging
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.systems import LINES
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from tests.support.notes import TO_ASSIGNED, evolve

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 60.0


@asynccontextmanager
async def migrating_process(address: Address, project_name: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run this module until it holds; it is killed at the end."""
    place = json.dumps(dict(address.arguments))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, place, project_name),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            assert await process.stdout.readline() == b"holding\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _hold(done: int, total: int) -> None:
    print("holding", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def _migrate(place: str, project_name: str) -> None:
    configure_logging(level="WARNING", log_format="text")
    connections = ProjectConnectionManager(Provisioner(Address("here", json.loads(place)), "mcp_registry", LINES))
    await connections.initialize()
    try:
        service = make_service(connections, WorkflowSettings())
        await evolve(service, project_name, TO_ASSIGNED, on_progress=_hold)
    finally:
        await connections.close()


if __name__ == "__main__":
    asyncio.run(_migrate(*sys.argv[1:]))
