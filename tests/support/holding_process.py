"""A process of its own that holds the embedded server of a folder until a line comes, or until it is killed.

    python -m tests.support.holding_process HOME

It prints the process id of the server once that runs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from moorage.core.postgres.embedded import EmbeddedServer

WAIT_SECONDS = 60.0
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def holding(home: Path, **options: Any) -> AsyncGenerator[tuple[asyncio.subprocess.Process, int]]:
    """Run this module; yield the process, and the id of the server's."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(home)),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, **options,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            line = await process.stdout.readline()
        yield process, int(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def let_go(process: asyncio.subprocess.Process) -> int:
    """Let the process leave in good order, and return its exit status."""
    async with asyncio.timeout(WAIT_SECONDS):
        await process.communicate(b"\n")
    assert process.returncode is not None
    return process.returncode


if __name__ == "__main__":
    server = EmbeddedServer(Path(sys.argv[1]))
    with server.running():
        print(server.pid(), flush=True)
        sys.stdin.readline()
