"""The program as a user starts it: in a folder, with a data folder of its own, until a signal ends it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WAIT_SECONDS = 60.0
MOORAGE = (sys.executable, "-m", "moorage")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass
class Program:
    """A running `moorage`; every wait on it is bounded.

    Attributes:
        said: the lines on stdout so far.
    """

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)

    async def says(self, text: str) -> str:
        """Return the first line on stdout, from here on, that contains the text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            while line := (await self.process.stdout.readline()).decode():
                self.said.append(line)
                if text in line:
                    return line
        raise AssertionError(f"{text!r} was not said, but {''.join(self.said)}")

    async def says_where(self) -> str:
        """Return the address of its HTTP server."""
        found = _URL.search(await self.says("http://127.0.0.1:"))
        assert found is not None
        return found[0]

    async def ends_after(self, number: int) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        async with asyncio.timeout(WAIT_SECONDS):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "MOORAGE_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}


@asynccontextmanager
async def started(home: Path, folder: Path, *arguments: str) -> AsyncGenerator[Program]:
    """Start `moorage` in a folder; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *MOORAGE, *arguments, cwd=folder, env=environment(home), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


async def run(home: Path, folder: Path, *arguments: str) -> Done:
    """Run a `moorage` command in a folder to its end."""
    process = await asyncio.create_subprocess_exec(
        *MOORAGE, *arguments, cwd=folder, env=environment(home), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(WAIT_SECONDS):
        out, errors = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), errors.decode())
