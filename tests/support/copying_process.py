"""A process of its own that clones a project or rolls one back, and stops where it is told, to be killed there.

    python -m tests.support.copying_process SOCKET_FOLDER PORT HOLD_BEFORE clone|rollback PROJECT OTHER

HOLD_BEFORE names a function of moorage.projects.lifecycle.copies or a method of ProjectCopies: before it is called,
the process prints "holding", and stays.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from moorage.core.postgres.address import Address, address_of_socket
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.lifecycle import copies
from moorage.projects.provisioning import Provisioner
from moorage.systems import LINES

WAIT_SECONDS = 60.0
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def copying_process(address: Address, hold_before: str, *what: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run this module until it holds; it is killed at the end if it still runs."""
    place = (address.arguments["host"], str(address.arguments["port"]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, *place, hold_before, *what), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            assert await process.stdout.readline() == b"holding\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _hold(*_arguments: Any, **_options: Any) -> None:
    print("holding", flush=True)
    await asyncio.Event().wait()


async def _copy(socket_folder: str, port: str, hold_before: str, action: str, project: str, other: str) -> None:
    setattr(copies.ProjectCopies if hasattr(copies.ProjectCopies, hold_before) else copies, hold_before, _hold)
    address = address_of_socket(socket_folder, user="postgres", port=int(port))
    connections = ProjectConnectionManager(Provisioner(address, "mcp_registry", LINES))
    await connections.initialize()
    work = copies.ProjectCopies(connections)
    if action == "clone":
        await work.clone(project, other)
    else:
        await work.rollback(project, to=other, confirm=project)


if __name__ == "__main__":
    asyncio.run(_copy(*sys.argv[1:]))
