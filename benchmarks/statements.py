"""The SQL of a search without the search: its statements are recorded once and replayed bare."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.homes import Home
from benchmarks.measure import Times, timed
from moorage.codebase.service import CodebaseService
from moorage.core.postgres.pools import Connection, connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.settings import Settings
from moorage.systems import open_house

REPEATS = 5


@dataclass
class Recorder:
    """A connection manager that notes every statement sent to project databases."""

    connections: ProjectConnectionManager
    sent: list[tuple[str, Sequence[Any]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connections, name)

    @asynccontextmanager
    async def get_project_connection(self, project_name: str) -> AsyncGenerator[Connection]:
        async with self.connections.get_project_connection(project_name) as connection:
            with connection.query_logger(self._note):
                yield connection

    def _note(self, query: Any) -> None:
        self.sent.append((query.query, query.args or ()))


async def replay_times(home: Home, project: str, queries: Sequence[str]) -> Times:
    """Return the times of all statements of each search, on one connection and with nothing between them."""
    recordings = await _record(home.settings, project, queries)
    connection = await connect(home.address, f"project_{project}")
    try:
        return Times.of([await timed(partial(_replay, connection, each)) for each in recordings * REPEATS])
    finally:
        await connection.close()


async def _record(settings: Settings, project: str, queries: Sequence[str]) -> list[list[tuple[str, Sequence[Any]]]]:
    async with open_house(settings, ["projects"]) as house:
        recorder = Recorder(house.ground.connections)
        codebase = CodebaseService(recorder, house.ground.embedder, settings.codebase, settings.home / "clones")  # ty: ignore[invalid-argument-type]  (it stands in for the manager)
        recordings = []
        for query in queries:
            await codebase.search_code(project, query)  # once before, so that looks at folders are taken
            recorder.sent = []
            await codebase.search_code(project, query)
            recordings.append(recorder.sent)
        await codebase.close()
    return recordings


async def _replay(connection: Connection, sent: Sequence[tuple[str, Sequence[Any]]]) -> None:
    for query, arguments in sent:
        if arguments:
            await connection.fetch(query, *arguments)
        else:
            await connection.execute(query)
