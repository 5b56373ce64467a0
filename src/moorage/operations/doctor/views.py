"""What the doctor sees of a server: its databases beside the registry's rows, as they were a moment ago."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.postgres.pools import Connection
from moorage.operations.doctor import store
from moorage.operations.doctor.store import Database, IdleSession
from moorage.projects import staging
from moorage.projects import store as registry_store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.states import STANDING_STATES

# A statement of Moorage's takes seconds; a transaction that waits this long for its program was forgotten.
IDLE_IN_TRANSACTION = timedelta(minutes=10)
COLLATION_VERSIONS_SINCE = 15


@dataclass(frozen=True)
class ServerView:
    """One server and what the registry says of it.

    Attributes:
        rows: every project of the registry by the name of its database, on whatever server.
        collations_changed: databases whose text indexes are older than the collation of the operating system.
        vector_version: of the pgvector that the server could install; None where it has none.
        unattended: databases that some process should be working at, but none is: of half-made projects, and staged.
        with_owner: those of them that were staged and say whose they are, or cannot be asked.
        roles: made for projects, each with its project's name.
    """

    connections: ProjectConnectionManager
    provisioner: Provisioner
    rows: Mapping[str, Project]
    databases: Mapping[str, Database]
    collations_changed: frozenset[str]
    vector_version: str | None
    unattended: frozenset[str]
    with_owner: frozenset[str]
    roles: Mapping[str, str]
    idle_sessions: Sequence[IdleSession]
    connections_used: int
    connections_most: int

    @property
    def server(self) -> str:
        return self.provisioner.server

    @property
    def projects(self) -> list[Project]:
        """The projects that the registry places here."""
        return [project for project in self.rows.values() if project.server == self.server]


async def view_server(
    connections: ProjectConnectionManager,
    provisioner: Provisioner,
    projects: Sequence[Project],
    *,
    locked: str | None = None,
) -> ServerView:
    """Look at one server.

    Args:
        locked: the project whose lock the caller holds, so that nobody else works at it.

    Raises:
        ServerUnavailable, LoginRefused, ...: it does not let us look.
    """
    async with provisioner.maintenance() as server:
        databases = await store.database_list(server, registry_database=provisioner.registry_database)
        unattended = await _unattended(provisioner, projects, databases, locked)
        return ServerView(
            connections=connections,
            provisioner=provisioner,
            rows={project.database_name: project for project in projects},
            databases=databases,
            collations_changed=await _collations_changed(server),
            vector_version=await store.extension_available(server),
            unattended=unattended,
            with_owner=await _with_owner(provisioner, [databases[name] for name in unattended & databases.keys()]),
            roles=await registry_store.role_list(server),
            idle_sessions=await store.session_idle_in_transaction(server, longer_than=IDLE_IN_TRANSACTION),
            connections_used=await store.connection_count(server),
            connections_most=await registry_store.connection_limit(server),
        )


async def _with_owner(provisioner: Provisioner, unattended: Collection[Database]) -> frozenset[str]:
    staged = [each for each in unattended if each.name.startswith(staging.STAGING_PREFIX)]
    return frozenset([each.name for each in staged if await _may_hold_data(provisioner, each)])


async def _may_hold_data(provisioner: Provisioner, staged: Database) -> bool:
    """Tell whether a staging database says whose it is; one that cannot be asked may."""
    if staged.is_half_dropped:
        return False
    try:
        return await staging.owner_of(provisioner, staged.name) is not None
    except MoorageError:
        return True


async def _collations_changed(server: Connection) -> frozenset[str]:
    if server.get_server_version().major < COLLATION_VERSIONS_SINCE:
        return frozenset()
    return await store.database_collations_changed(server)


async def _unattended(
    provisioner: Provisioner, projects: Sequence[Project], databases: Mapping[str, Database], locked: str | None
) -> frozenset[str]:
    """Try the locks of what is half-made; whoever works at it holds its lock, which ends with the process."""
    half_made = [each for each in projects if each.server == provisioner.server and each.state not in STANDING_STATES]
    staged = [name for name in databases if name.startswith(staging.STAGING_PREFIX)]
    with translated("asking who works at half-made projects"):
        async with provisioner.registry_transaction() as registry:
            left = [
                each.database_name
                for each in half_made
                if each.name == locked or await registry_store.project_try_lock_in(registry, each.name)
            ]
            left += [name for name in staged if await staging.is_abandoned(registry, name)]
    return frozenset(left)
