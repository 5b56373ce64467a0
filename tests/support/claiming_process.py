"""A process of its own that claims the best ready item of a project, prints the claim, and waits to be killed.

python -m tests.support.claiming_process ADDRESS PROJECT
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
from moorage.workflow.work.answers import ClaimAnswer

WAIT_SECONDS = 60.0
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def claiming_process(address: Address, project: str) -> AsyncGenerator[ClaimAnswer]:
    """Run this module and yield its claim; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, json.dumps(dict(address.arguments)), project),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            line = await process.stdout.readline()
        yield ClaimAnswer.model_validate_json(line)
    finally:
        process.kill()
        await process.communicate()


async def _claim(place: str, project: str) -> None:
    configure_logging(level="WARNING", log_format="text")
    connections = ProjectConnectionManager(Provisioner(Address("here", json.loads(place)), "mcp_registry", LINES))
    await connections.initialize()
    answer = await make_service(connections, WorkflowSettings()).work.claim(project)
    print(answer.model_dump_json(), flush=True)
    await asyncio.sleep(WAIT_SECONDS)


if __name__ == "__main__":
    asyncio.run(_claim(*sys.argv[1:]))
