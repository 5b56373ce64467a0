"""ProjectConnectionManager: connections to the registry and to every project's database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from uuid import UUID

from moorage.core.access import current_caller
from moorage.core.errors import MoorageError
from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import DatabaseMissing, ReadOnly, UndefinedTable, translated
from moorage.core.postgres.migrations import version_of, versions_of
from moorage.core.postgres.pools import Connection, Pool, close_pool, open_pool
from moorage.core.telemetry.metrics import DATABASE_BUCKETS_SECONDS, histogram
from moorage.core.telemetry.statements import tallied
from moorage.core.telemetry.subjects import learn
from moorage.projects import store
from moorage.projects.budget import Budget, Member
from moorage.projects.errors import (
    DatabaseGone,
    DatabaseTaken,
    NeedsMigration,
    ProjectNotFound,
    RegistryUnavailable,
)
from moorage.projects.models import READABLE_STATES, Project, parse_project_name
from moorage.projects.provisioning import Provisioner, server_named
from moorage.projects.recalling import RecentProjects
from moorage.projects.servers import Servers
from moorage.projects.sessions import end_sessions
from moorage.projects.settings import ConnectionSettings
from moorage.projects.states import not_ready, read_only
from moorage.projects.usage import Usage

HEALTH_TIMEOUT_SECONDS = 1.0  # of the 2 s that a readiness check has
USAGE_TIMEOUT_SECONDS = 2.0
CONNECTION_WAIT_SECONDS = histogram(
    "moorage_connection_wait_seconds",
    "Time from asking for a connection to a project's database to having it, by server.",
    ["server"],
    DATABASE_BUCKETS_SECONDS,
)


class ProjectConnectionManager:
    """The connections of one process: a pool for the registry, and a pool a project within one budget a server.

    Project pools are opened on first use, hold no connection while unused, and are closed when others need
    the room. Whose database a connection reached is checked once for each connection.

    Args:
        provisioner: of the main server, which has the registry.
        others: further servers that projects are placed on, by the names the registry has for them.
        usage: where it is noted which projects are used.
        max_bytes: what projects may have that have no limit of their own; None is no limit.
    """

    def __init__(
        self,
        provisioner: Provisioner,
        settings: ConnectionSettings | None = None,
        *,
        others: Mapping[str, Address] | None = None,
        auto_migrate: bool = False,
        usage: Usage | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.provisioner = provisioner
        self.max_bytes = max_bytes
        self.usage = usage or Usage()
        self._settings = settings or ConnectionSettings()
        self.servers = Servers(provisioner, others or {}, self._settings)
        self._auto_migrate = auto_migrate
        self._registry_pool: Pool | None = None
        self._recent = RecentProjects()

    @property
    def address(self) -> Address:
        return self.provisioner.address

    @property
    def registry_pool(self) -> Pool:
        """The pool of the registry; `initialize()` has opened it."""
        if self._registry_pool is None:
            raise RegistryUnavailable("the connections are not open", hint="Call initialize() first.")
        return self._registry_pool

    @property
    def budget(self) -> Budget:
        """The budget of the main server."""
        budget = self.servers.main.budget
        assert budget is not None, "initialize() sets it together with the registry pool"
        return budget

    def provisioner_of(self, project: Project) -> Provisioner:
        """Return who makes databases on the project's server.

        Raises:
            ServerUnknown: the settings of this process do not name that server.
        """
        return self.servers[project.server].provisioner

    async def initialize(self) -> None:
        """Make the registry where it is missing and open its pool.

        Raises:
            RegistryUnavailable: (a ConnectionError) the server or the registry database does not answer.
        """
        try:
            with translated(f"connecting to the registry on {self.address.label}"):
                await self.provisioner.ensure_registry()
                self._registry_pool = await open_pool(
                    self.address, self.provisioner.registry_database, self._settings.registry_pool
                )
        except ConnectionError as error:
            raise _registry_unavailable(error) from error
        await self.servers.main.ensure_budget()

    async def close(self) -> None:
        """Write down what was used and close every pool; calls that hold a connection are given a moment to end."""
        if self._registry_pool is not None:
            with contextlib.suppress(MoorageError):
                await self.write_down_usage()
        await asyncio.gather(*(budget.close(member, "shutdown") for budget, member in list(self._members())))
        if self._registry_pool is not None:
            await close_pool(self._registry_pool)
            self._registry_pool = None

    async def find_project(self, name: str) -> Project:
        """Return the project as the registry has it now.

        Every way to a project's data leads through here, so here is decided whether the caller may see it.

        Raises:
            InvalidProjectName, ProjectNotFound: (both ValueErrors); the latter also for the projects of others.
            RegistryUnavailable: (a ConnectionError).
        """
        parse_project_name(name)
        self._recent.forget(name)
        changes = self._recent.changes
        with self._asking_registry() as registry:
            project = await store.project_by_name(registry, name)
        if project is None or not current_caller().sees(name):
            raise ProjectNotFound(
                f"Project {name!r} not found in registry",
                hint="list_projects shows the projects there are; create_project makes a new one.",
                project_name=name,
            )
        learn(project=name)
        self._recent.put(project, changes=changes)
        return project

    async def recall_project(self, name: str) -> Project:
        """Return the project as it was at most a second ago, for a call that goes straight on to its database.

        Raises:
            As `find_project`.
        """
        project = self._recent.get(name)
        if project is None or not current_caller().sees(name):
            return await self.find_project(name)
        learn(project=name)
        return project

    @contextmanager
    def registry(self) -> Generator[Pool]:
        """Lend the registry's pool for a statement, with failures of the driver in our words.

        Whoever borrows it may change projects, so that what is known of them is forgotten.

        Raises:
            RegistryUnavailable: (a ConnectionError) the server does not answer.
        """
        try:
            with self._asking_registry() as pool:
                yield pool
        finally:
            self._recent.forget_all()

    @contextmanager
    def _asking_registry(self) -> Generator[Pool]:
        try:
            with translated("asking the registry"), tallied(self.usage.of_registry):
                yield self.registry_pool
        except RegistryUnavailable:
            raise
        except ConnectionError as error:
            raise _registry_unavailable(error) from error

    @asynccontextmanager
    async def get_project_connection(self, project_name: str) -> AsyncGenerator[Connection]:
        """Lend a connection to the project's own database.

        Take one at a time: a call that holds one and asks for another can wait for itself. An archived project's
        connection only reads; PostgreSQL sees to that.

        Raises:
            ValueError: no such project. ConnectionError: no connection. RuntimeError: a schema is missing,
            or the database is not the project's. TimeoutError: every connection of the budget is in use.
        """
        async with self.connection_to(await self.recall_project(project_name)) as connection:
            yield connection

    @asynccontextmanager
    async def connection_to(self, project: Project) -> AsyncGenerator[Connection]:
        """Lend a connection as `get_project_connection` does, for a project found a moment ago."""
        try:
            async with AsyncExitStack() as lent:
                try:
                    connection = await lent.enter_async_context(self._reached(project))
                except MoorageError:
                    current = await self.find_project(project.name)
                    if current == project:
                        raise
                    connection = await lent.enter_async_context(self._reached(current))
                yield connection
        except ReadOnly as error:
            raise read_only(await self.find_project(project.name)) from error

    @asynccontextmanager
    async def _reached(self, project: Project) -> AsyncGenerator[Connection]:
        if project.state not in READABLE_STATES:
            raise not_ready(project)
        with tallied(self.usage.note(project.id, project.name)):
            began = perf_counter()
            async with self._admitted(project) as member, _borrowed(member.pool, project) as connection:
                CONNECTION_WAIT_SECONDS.labels(project.server).observe(perf_counter() - began)
                yield connection

    async def write_down_usage(self) -> frozenset[UUID]:
        """Write into the registry when projects were used last; return those used since this was done before.

        Raises:
            RegistryUnavailable: (a ConnectionError) nothing is lost; it is written the next time.
        """
        used = self.usage.take_used()
        if used:
            try:
                with self.registry() as registry:
                    async with asyncio.timeout(USAGE_TIMEOUT_SECONDS):
                        await store.project_set_last_used(registry, used)
            except BaseException:
                self.usage.give_back(used)
                raise
        return frozenset(used)

    async def forget(self, project: Project) -> None:
        """Close the project's pool; the next call opens another."""
        self._recent.forget_all()
        for budget, member in list(self._members()):
            if member.project_id == project.id:
                await budget.close(member, "forgotten")

    async def replace_connections(self, project_name: str) -> None:
        """Open new connections for the calls to come: a setting of the database counts for new ones only."""
        project = await self.find_project(project_name)
        self._recent.forget_all()
        provisioner = self.provisioner_of(project)
        if provisioner.address.pooler is not None:  # its sessions live longer than our connections
            async with provisioner.maintenance() as server:
                await end_sessions(server, project.database_name, idle_for=timedelta())
        for _, member in list(self._members()):
            if member.name == project_name:
                await member.pool.expire_connections()

    async def health_check(self) -> dict[str, bool]:
        """Ask the registry, and each project database that has a pool, for a sign of life; by name."""
        pools = {"registry": self.registry_pool}
        pools |= {member.name: member.pool for _, member in self._members()}
        return dict(zip(pools, await asyncio.gather(*map(_answers, pools.values())), strict=True))

    def get_pool_stats(self) -> dict[str, dict[str, int]]:
        """Return the connections of every pool by name; "registry" first. Asks no server.

        With the calls that wait for each, which the registry's pool does not count.
        """
        registry = self.registry_pool
        size, idle, most = registry.get_size(), registry.get_idle_size(), registry.get_max_size()
        stats = {"registry": {"size": size, "idle": idle, "active": size - idle, "max": most}}
        for budget, member in self._members():
            size = member.pool.get_size()
            idle = max(size - member.active, 0)
            limit = budget.limit_of(member)
            counts = {"size": size, "idle": idle, "active": member.active, "max": limit, "waiting": member.waiting}
            stats[member.name] = counts
        return stats

    def _members(self) -> Iterator[tuple[Budget, Member]]:
        for server in self.servers:
            if server.budget is not None:
                yield from ((server.budget, member) for member in server.budget.members.values())

    @asynccontextmanager
    async def _admitted(self, project: Project) -> AsyncGenerator[Member]:
        """Hold a place in the project's pool; a pool that was closed meanwhile is opened again."""
        with server_named(project.server, project_name=project.name):
            budget = await self.servers[project.server].ensure_budget()
        while True:
            member = await self._member(budget, project)
            async with budget.admitted(member):
                if budget.has(member):
                    yield member
                    return

    async def _member(self, budget: Budget, project: Project) -> Member:
        """Return the project's pool; many first calls at once open one, and one of an older generation is closed."""
        async with self.servers[project.server].opening:
            member = budget.members.get(project.id)
            if member is not None and (member.generation < project.generation or _is_outgrown(member, project)):
                await budget.close(member, "replaced")
                member = None
            if member is None:
                member = Member(project.id, project.name, await self._open(project), project.generation)
                budget.add(member)
            member.limit = project.max_connections
            return member

    async def _open(self, project: Project) -> Pool:
        async def check(connection: Connection) -> None:
            await self._check(connection, project)

        address = self.provisioner_of(project).address
        size = self._settings.project_pool
        size = replace(size, max_size=max(size.max_size, project.max_connections or 0))
        return await open_pool(address, project.database_name, size, on_connect=check)

    async def _check(self, connection: Connection, project: Project) -> None:
        """Refuse a connection that reached another project's database, or tables of another age."""
        lines = self.provisioner.lines
        try:
            owner = await store.identity_get(connection)
            versions = await versions_of(connection, lines)
        except UndefinedTable:
            await self.provisioner.refuse_lost_lines(connection, project)
            owner = await store.identity_get(connection)
            versions = {line: await version_of(connection, line) for line in lines}
        if owner != project.id:
            raise DatabaseTaken(
                f"the database {project.database_name!r} is not that of project {project.name!r}",
                hint="It was swapped by hand; put the right one back, or delete the project and create it again.",
                project_name=project.name,
            )
        behind = [line.name for line, version in versions.items() if not line.is_current(version)]
        if behind and not self._auto_migrate:
            raise NeedsMigration(
                f"project {project.name!r} has older tables than this program: {', '.join(behind)}",
                hint="Run `moorage migrate`.",
                project_name=project.name,
            )
        if behind:
            await self.provisioner_of(project).migrate_database(project)


def _is_outgrown(member: Member, project: Project) -> bool:
    """Tell whether the project may have more connections than its pool was opened for, and nobody uses it now."""
    return member.active == 0 and (project.max_connections or 0) > member.pool.get_max_size()


@asynccontextmanager
async def _borrowed(pool: Pool, project: Project) -> AsyncGenerator[Connection]:
    """Take a connection from the pool and give it back, with failures in the project's words."""
    try:
        named = server_named(project.server, project_name=project.name)
        with named, translated(f"connecting to project {project.name!r}"):
            connection = await pool.acquire()
    except DatabaseMissing as error:
        raise DatabaseGone(
            f"the database {project.database_name!r} of project {project.name!r} does not exist",
            hint="Restore it from a backup, or delete the project and create it again.",
            project_name=project.name,
        ) from error
    try:
        with translated(f"project {project.name!r}"):
            yield connection
    finally:
        # The pool throws away a connection that it cannot reset, whatever the reason; what was done on it is done.
        with contextlib.suppress(Exception):
            await pool.release(connection)


async def _answers(pool: Pool) -> bool:
    """Tell whether the pool's server answers; a pool whose connections are all in use does."""
    if pool.get_size() == pool.get_max_size() and pool.get_idle_size() == 0:
        return True
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_SECONDS):
            await pool.fetchval("SELECT 1")
    except Exception:  # noqa: BLE001 - whatever it is, the answer is no
        return False
    return True


def _registry_unavailable(error: BaseException) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"Failed to connect to registry database: {error}",
        hint=getattr(error, "hint", "") or "Check that PostgreSQL runs and is reachable.",
    )
