"""ProjectConnectionManager: connections to the registry and to every project's database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import DatabaseMissing, UndefinedTable, translated
from moorage.core.postgres.migrations import version_of, versions_of
from moorage.core.postgres.pools import Connection, Pool, close_pool, open_pool
from moorage.projects import store
from moorage.projects.budget import Budget, Member
from moorage.projects.errors import (
    DatabaseGone,
    DatabaseTaken,
    NeedsMigration,
    ProjectNotFound,
    ProjectNotReady,
    RegistryUnavailable,
)
from moorage.projects.errors import SchemaMissing as ProjectSchemaMissing
from moorage.projects.models import Project, ProjectState, parse_project_name
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings

# Each Moorage process takes a quarter of what the server gives ordinary roles, so that three fit beside other clients.
BUDGET_SHARE = 4
HEALTH_TIMEOUT_SECONDS = 2.0


class ProjectConnectionManager:
    """The connections of one process: a pool for the registry, and a pool a project within one budget.

    Project pools are opened on first use, hold no connection while unused, and are closed when others need
    the room. Whose database a connection reached is checked once for each connection.
    """

    def __init__(
        self,
        provisioner: Provisioner,
        settings: ConnectionSettings | None = None,
        *,
        auto_migrate: bool = False,
    ) -> None:
        self.provisioner = provisioner
        self._settings = settings or ConnectionSettings()
        self._auto_migrate = auto_migrate
        self._registry_pool: Pool | None = None
        self._budget: Budget | None = None
        self._opening = asyncio.Lock()

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
        assert self._budget is not None, "initialize() sets it together with the registry pool"
        return self._budget

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
        self._budget = await self._make_budget()

    async def close(self) -> None:
        """Close every pool; calls that hold a connection are given a moment to end."""
        if self._budget is not None:
            await asyncio.gather(*(self._budget.close(each) for each in list(self._budget.members.values())))
        if self._registry_pool is not None:
            await close_pool(self._registry_pool)
            self._registry_pool = None

    async def find_project(self, name: str) -> Project:
        """Return the project as the registry has it now.

        Raises:
            InvalidProjectName, ProjectNotFound: (both ValueErrors).
            RegistryUnavailable: (a ConnectionError).
        """
        parse_project_name(name)
        with self.registry() as registry:
            project = await store.project_by_name(registry, name)
        if project is None:
            raise ProjectNotFound(
                f"Project {name!r} not found in registry",
                hint="list_projects shows the projects there are; create_project makes a new one.",
                project_name=name,
            )
        return project

    @contextmanager
    def registry(self) -> Generator[Pool]:
        """Lend the registry's pool for a statement, with failures of the driver in our words.

        Raises:
            RegistryUnavailable: (a ConnectionError) the server does not answer.
        """
        try:
            with translated("asking the registry"):
                yield self.registry_pool
        except RegistryUnavailable:
            raise
        except ConnectionError as error:
            raise _registry_unavailable(error) from error

    @asynccontextmanager
    async def get_project_connection(self, project_name: str) -> AsyncGenerator[Connection]:
        """Lend a connection to the project's own database.

        Take one at a time: a call that holds one and asks for another can wait for itself.

        Raises:
            ValueError: no such project. ConnectionError: no connection. RuntimeError: a schema is missing,
            or the database is not the project's. TimeoutError: every connection of the budget is in use.
        """
        project = await self.find_project(project_name)
        if project.state is not ProjectState.READY:
            raise _not_ready(project)
        async with self._admitted(project) as member, _borrowed(member.pool, project) as connection:
            yield connection

    async def forget(self, project: Project) -> None:
        """Close the project's pool; the next call opens another."""
        member = self.budget.members.get(project.id)
        if member is not None:
            await self.budget.close(member)

    async def replace_connections(self, project_name: str) -> None:
        """Open new connections for the calls to come: a setting of the database counts for new ones only."""
        for member in list(self.budget.members.values()):
            if member.name == project_name:
                await member.pool.expire_connections()

    async def health_check(self) -> dict[str, bool]:
        """Ask the registry, and each project database that has a pool, for a sign of life; by name."""
        pools = {"registry": self.registry_pool}
        pools |= {member.name: member.pool for member in self.budget.members.values()}
        return dict(zip(pools, await asyncio.gather(*map(_answers, pools.values())), strict=True))

    def get_pool_stats(self) -> dict[str, dict[str, int]]:
        """Return size, idle and active of every pool by name; "registry" first. Asks no server."""
        registry = self.registry_pool
        size, idle = registry.get_size(), registry.get_idle_size()
        stats = {"registry": {"size": size, "idle": idle, "active": size - idle, "max": registry.get_max_size()}}
        for member in self.budget.members.values():
            size = member.pool.get_size()
            idle = max(size - member.active, 0)
            stats[member.name] = {"size": size, "idle": idle, "active": member.active, "max": self.budget.per_member}
        return stats

    async def _make_budget(self) -> Budget:
        limit = self._settings.budget
        if limit is None:
            allowed = await store.connection_limit(self.registry_pool)
            limit = max(allowed // BUDGET_SHARE, 1)
        return Budget(
            limit=limit,
            per_member=min(self._settings.project_max, limit),
            max_waiting=self._settings.max_waiting,
            wait_seconds=self._settings.wait_seconds,
        )

    @asynccontextmanager
    async def _admitted(self, project: Project) -> AsyncGenerator[Member]:
        """Hold a place in the project's pool; a pool that was closed meanwhile is opened again."""
        while True:
            member = await self._member(project)
            async with self.budget.admitted(member):
                if self.budget.has(member):
                    yield member
                    return

    async def _member(self, project: Project) -> Member:
        """Return the project's pool; many first calls at once open one."""
        async with self._opening:
            member = self.budget.members.get(project.id)
            if member is None:
                member = Member(project.id, project.name, await self._open(project))
                self.budget.members[project.id] = member
            return member

    async def _open(self, project: Project) -> Pool:
        async def check(connection: Connection) -> None:
            await self._check(connection, project)

        return await open_pool(self.address, project.database_name, self._settings.project_pool, on_connect=check)

    async def _check(self, connection: Connection, project: Project) -> None:
        """Refuse a connection that reached another project's database, or tables of another age."""
        try:
            owner = await store.identity_get(connection)
            versions = await versions_of(connection, self.provisioner.lines)
        except UndefinedTable as error:
            raise await self._schema_missing(connection, project) from error
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
            await self.provisioner.migrate_database(project)

    async def _schema_missing(self, connection: Connection, project: Project) -> ProjectSchemaMissing:
        lines = self.provisioner.lines
        missing = [line.schema for line in lines if await version_of(connection, line) is None]
        return ProjectSchemaMissing(
            f"Schema {', '.join(map(repr, missing))} not found in project database {project.database_name!r}",
            hint="Restore it from a backup, or delete the project and create it again.",
            project_name=project.name,
            schemas=missing,
        )


@asynccontextmanager
async def _borrowed(pool: Pool, project: Project) -> AsyncGenerator[Connection]:
    """Take a connection from the pool and give it back, with failures in the project's words."""
    try:
        with translated(f"connecting to project {project.name!r}"):
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
        await pool.fetchval("SELECT 1", timeout=HEALTH_TIMEOUT_SECONDS)
    except Exception:  # noqa: BLE001 - whatever it is, the answer is no
        return False
    return True


def _registry_unavailable(error: BaseException) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"Failed to connect to registry database: {error}",
        hint=getattr(error, "hint", "") or "Check that PostgreSQL runs and is reachable.",
    )


def _not_ready(project: Project) -> ProjectNotReady:
    hints = {
        ProjectState.CREATING: "Call create_project again: it goes on where it was interrupted.",
        ProjectState.DELETING: "Call delete_project again to finish, then create it anew.",
        ProjectState.ARCHIVED: "Unarchive it first.",
    }
    return ProjectNotReady(
        f"project {project.name!r} is {project.state.value}",
        hint=hints[project.state],
        project_name=project.name,
        state=project.state.value,
    )
