"""A process of its own that applies one batch, read from standard input, and may be killed meanwhile.

python -m tests.support.batching_process PLACE PROJECT
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from moorage.core.postgres.address import Address
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.provisioning import Provisioner
from moorage.systems import LINES
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def batching_process(
    address: Address, project_name: str, operations: Sequence[dict[str, Any]]
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run this module; it is killed at the end if it still runs."""
    place = json.dumps(dict(address.arguments))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, place, project_name),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(list(operations)).encode() + b"\n")
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _apply(place: str, project_name: str) -> None:
    connections = ProjectConnectionManager(Provisioner(Address("here", json.loads(place)), "mcp_registry", LINES))
    await connections.initialize()
    service = make_service(connections, WorkflowSettings())
    await service.batches.apply(project_name, json.loads(sys.stdin.readline()))
    await connections.close()


if __name__ == "__main__":
    asyncio.run(_apply(*sys.argv[1:]))
