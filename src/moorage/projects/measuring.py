"""Sizes and last use of projects: a serving process writes them into the registry now and then, and publishes them.

What is measured is what may have changed: the databases this process used since the last round, those that nobody has
measured yet, and once in a while all. A registry or a server that does not answer is asked again in the next round.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import structlog

from moorage.core.errors import MoorageError
from moorage.core.telemetry.metrics import Readings, folded, published, read_gauge
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import MAIN_SERVER, MeasuredProject, Project
from moorage.projects.settings import MetricsSettings

log = structlog.get_logger(__name__)

# PostgreSQL looks at every file of a database to tell its size, so that of all is asked for rarely.
ROUNDS_BETWEEN_ALL = 60

DATABASE_BYTES = read_gauge(
    "moorage_project_database_bytes", "Size of a project's database, as last measured by any process.", ["project"]
)
PROJECTS = read_gauge("moorage_projects", "Projects, by server and state.", ["server", "state"])


class Sizes:
    """What is known of the size of every project.

    Attributes:
        projects: as of the last round.
    """

    def __init__(self, connections: ProjectConnectionManager) -> None:
        self._connections = connections
        self.projects: Sequence[MeasuredProject] = ()

    async def refresh(self, *, everything: bool = False) -> None:
        """Write down which projects this process used since the last round, and measure them.

        Args:
            everything: measure all projects.

        Raises:
            RegistryUnavailable: (a ConnectionError). What was used is written down the next time.
        """
        used = await self._connections.write_down_usage()
        with self._connections.registry() as registry:
            known = await store.project_sizes(registry)
        self.projects = known
        wanted = [each for each in known if everything or each.id in used or each.database_bytes is None]
        measured = await self._measured(wanted)
        if measured:
            with self._connections.registry() as registry:
                await store.project_set_sizes(registry, measured)
        self.projects = [each.with_bytes(measured.get(each.id)) for each in known]

    async def _measured(self, projects: Sequence[MeasuredProject]) -> dict[UUID, int]:
        """Return the size of each; those on a server that is down, or without a database, are absent."""
        measured: dict[UUID, int] = {}
        for server in {each.server for each in projects}:
            here = {each.database_name: each.id for each in projects if each.server == server}
            try:
                sizes = await _sizes_on(self._connections, server, list(here))
            except MoorageError as error:
                log.warning("measure.failed", server=server, code=error.code, reason=error.message)
            else:
                measured |= {here[name]: size for name, size in sizes.items()}
        return measured

    def database_bytes(self) -> Readings:
        return {(each.name,): each.database_bytes for each in self.projects if each.database_bytes is not None}

    def states(self) -> Readings:
        return Counter((each.server, each.state.value) for each in self.projects)


async def measure(connections: ProjectConnectionManager, project: Project) -> int:
    """Measure one project's database now, write the size into the registry, and return it in bytes.

    Raises:
        ServerUnavailable: its server does not answer. RegistryUnavailable.
    """
    sizes = await _sizes_on(connections, project.server, [project.database_name])
    size = sizes.get(project.database_name, 0)
    with connections.registry() as registry:
        await store.project_set_sizes(registry, {project.id: size})
    return size


@asynccontextmanager
async def measuring(connections: ProjectConnectionManager, settings: MetricsSettings) -> AsyncGenerator[Sizes]:
    """Measure and publish while the context is open; the round that is under way at its end is given up."""
    sizes = Sizes(connections)
    most = settings.labelled_projects
    async with AsyncExitStack() as stack:
        stack.callback(published(DATABASE_BYTES, lambda: folded(sizes.database_bytes(), most=most)))
        stack.callback(published(PROJECTS, sizes.states))
        task = asyncio.create_task(_measure_for_ever(sizes, settings.interval_seconds))
        try:
            yield sizes
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _measure_for_ever(sizes: Sizes, interval_seconds: float) -> None:
    rounds = 0
    while True:
        try:
            await sizes.refresh(everything=rounds % ROUNDS_BETWEEN_ALL == ROUNDS_BETWEEN_ALL - 1)
        except MoorageError as error:
            log.warning("measure.failed", code=error.code, reason=error.message)
        rounds += 1
        await asyncio.sleep(interval_seconds)


async def _sizes_on(
    connections: ProjectConnectionManager, server: str, database_names: Sequence[str]
) -> dict[str, int]:
    """Ask one server for all these sizes in one statement; the main one through the registry's pool."""
    if server == MAIN_SERVER:
        with connections.registry() as registry:
            return await store.database_sizes(registry, database_names)
    async with connections.servers[server].provisioner.maintenance() as connection:
        return await store.database_sizes(connection, database_names)
