"""A resource without a database: a board of lines for each project, whose watchers are counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from pydantic import BaseModel

from moorage.core.access import current_caller
from moorage.core.errors import NotFound
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.shape import Resource
from tests.support.tiny_tools import INSTRUCTIONS, TOOLS


class Lines(BaseModel):
    lines: list[str]


class NoBoard(NotFound):
    code = "tiny.no_board"


class Board:
    """Boards of the projects "boats" and "ships"; who may not see a project finds none.

    Attributes:
        watchers: how many watch just now.
        fails: watching ends with a failure at its next step, once.
    """

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {"boats": [], "ships": []}
        self.watchers = 0
        self.fails = False
        self._changed = asyncio.Condition()

    def resource(self) -> Resource:
        return Resource(
            address="tiny://{project_name}/board",
            name="board",
            title="Board",
            description="What is written on the board.",
            read=self.read,
            watch=self.watch,
            project_names=self.names,
        )

    def server(self) -> McpServer:
        resources = [self.resource()]
        return build_server(name="tiny", version="7", instructions=INSTRUCTIONS, tools=TOOLS, resources=resources)

    async def write(self, project: str, line: str) -> None:
        self.lines[project].append(line)
        await self.wake()

    async def wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def names(self) -> Sequence[str]:
        return [name for name in self.lines if current_caller().sees(name)]

    async def read(self, project_name: str) -> Lines:
        if project_name not in await self.names():
            raise NoBoard(f"there is no board {project_name!r}", hint="Look at the list.")
        return Lines(lines=self.lines[project_name])

    async def watch(self, project_name: str) -> AsyncGenerator[None]:
        seen = len((await self.read(project_name)).lines)
        self.watchers += 1
        try:
            yield
            while True:
                await self._change_of(project_name, seen)
                if self.fails:
                    self.fails = False
                    raise NoBoard("the board is away")
                seen = len(self.lines[project_name])
                yield
        finally:
            self.watchers -= 1

    async def _change_of(self, project_name: str, seen: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.fails or len(self.lines[project_name]) != seen)
