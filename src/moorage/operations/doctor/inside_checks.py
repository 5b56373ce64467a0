"""What can only be told from inside a project's database: whose it is, how old its tables are, how its indexes fare."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from moorage.core.postgres.identifiers import quote_qualified
from moorage.core.postgres.migrations import SchemaIsNewer, version_of
from moorage.core.postgres.pools import Connection
from moorage.core.shape import Finding, Severity
from moorage.operations.doctor import store
from moorage.operations.doctor.expected_indexes import expected_indexes
from moorage.operations.doctor.views import ServerView
from moorage.projects import store as registry_store
from moorage.projects.errors import SchemaMissing
from moorage.projects.models import Project, StoredIndex, shown_size
from moorage.projects.roles import RoleKind, ensure_role, role_name
from moorage.projects.staging import owner_on

# Vacuuming by itself begins at a fifth; at half of the table something keeps it from it.
BLOATED_SHARE = 0.5
BLOATED_FROM_ROWS = 10_000
ANALYSED_FROM_ROWS = 1_000
# It looks once a minute, as long as it runs; the embedded server runs for as long as a command.
ANALYSED_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Inside:
    """A project's database as the checks see it, over a connection that only looks."""

    view: ServerView
    project: Project
    connection: Connection

    @property
    def schemas(self) -> list[str]:
        return [line.schema for line in self.view.provisioner.lines]

    @property
    def is_in_use(self) -> bool:
        """Whether it was worked in so lately that PostgreSQL may not have come round to its tables."""
        used = self.project.last_used_at
        return used is not None and datetime.now(UTC) - used < ANALYSED_WITHIN

    def finding(self, code: str, severity: Severity, message: str, remedy: str, **more: Any) -> Finding:
        return Finding(
            code=code,
            severity=severity,
            message=message,
            remedy=remedy,
            project_name=self.project.name,
            server=self.project.server,
            **{"subject": f"project {self.project.name}", **more},
        )

    def executing(self, statement: str) -> Callable[[], Awaitable[None]]:
        """Return a mending that executes one statement, also where the database is read-only."""

        async def mend() -> None:
            async with self.view.provisioner.writing(self.project.database_name) as connection:
                await connection.execute(statement)

        return mend


InsideCheck = Callable[[Inside], Awaitable[list[Finding]]]


async def identity(inside: Inside) -> list[Finding]:
    """The database says of itself that it is another project's, or nobody's."""
    owner = await owner_on(inside.connection)
    if owner == inside.project.id:
        return []
    named = next((each.name for each in inside.view.rows.values() if each.id == owner), None)
    whose = f"it holds the data of project {named!r}" if named else f"it says it belongs to {owner or 'nobody'}"
    remedy = "Nothing is read from it or written to it. Rename the right database into its place, or restore a backup."
    return [inside.finding("identity_mismatch", Severity.ERROR, f"{whose}, not this project's", remedy)]


async def lost_schemas(inside: Inside) -> list[Finding]:
    """Tables that were made once are gone."""
    try:
        await inside.view.provisioner.refuse_lost_lines(inside.connection, inside.project)
    except SchemaMissing as error:
        return [inside.finding("schema_lost", Severity.ERROR, error.message, "Restore it from a backup.")]
    return []


async def versions(inside: Inside) -> list[Finding]:
    """The tables are older than this program, or newer."""
    provisioner = inside.view.provisioner

    async def migrate() -> None:
        await provisioner.migrate_database(inside.project)

    try:
        behind = [
            line.name for line in provisioner.lines if not line.is_current(await version_of(inside.connection, line))
        ]
    except SchemaIsNewer as error:
        return [inside.finding("schema_newer", Severity.ERROR, error.message, error.hint)]
    message = f"its tables are older than this program: {', '.join(behind)}"
    remedy = "Upgrades them, as `moorage migrate` does."
    return [inside.finding("needs_migration", Severity.WARNING, message, remedy, mend=migrate)] if behind else []


async def invalid_indexes(inside: Inside) -> list[Finding]:
    """Indexes whose building was interrupted: they cost with every write and serve no query."""
    return [
        inside.finding(
            "index_invalid",
            Severity.WARNING,
            "its building was interrupted, and no query uses it",
            "Builds it again beside the work that goes on.",
            subject=f"index {index.name} of project {inside.project.name}",
            mend=inside.executing(_rebuilt(index)),
        )
        for index in await registry_store.index_list(inside.connection)
        if not index.is_valid and index.schema_name in inside.schemas
    ]


async def missing_indexes(inside: Inside) -> list[Finding]:
    """Indexes that the migrations make and that are not there."""
    present = {(each.schema_name, each.index_name) for each in await registry_store.index_list(inside.connection)}
    return [
        inside.finding(
            "index_missing",
            Severity.WARNING,
            "it is not there; what it serves is slow" + (", and nothing keeps rows unique" if each.is_unique else ""),
            "Makes it as the migrations do.",
            subject=f"index {each.schema_name}.{each.name} of project {inside.project.name}",
            mend=inside.executing(each.statement),
        )
        for each in expected_indexes(inside.view.provisioner.lines)
        if (each.schema_name, each.name) not in present
    ]


async def bloated_tables(inside: Inside) -> list[Finding]:
    """Tables full of rows that are gone, and tables that the planner knows nothing of."""
    findings = []
    for table in await store.table_list(inside.connection, inside.schemas):
        subject = f"table {table.schema_name}.{table.name} of project {inside.project.name}"
        name = quote_qualified(table.schema_name, table.name)
        rows = table.live_rows + table.dead_rows
        if rows >= BLOATED_FROM_ROWS and table.dead_rows > BLOATED_SHARE * rows:
            message = f"{table.dead_rows} of its {rows} rows are deleted ones that were not cleaned up"
            mend = inside.executing(f"VACUUM (ANALYZE) {name}")
            remedy = "Cleans it up; look for transactions that stay open, if it comes back."
            findings.append(
                inside.finding("table_bloated", Severity.WARNING, message, remedy, subject=subject, mend=mend)
            )
        elif table.live_rows >= ANALYSED_FROM_ROWS and not table.is_analysed and not inside.is_in_use:
            message = f"the planner has no statistics of its {table.live_rows} rows"
            mend = inside.executing(f"ANALYZE {name}")
            findings.append(
                inside.finding(
                    "table_never_analysed", Severity.INFO, message, "Gathers them.", subject=subject, mend=mend
                )
            )
    return findings


async def quota(inside: Inside) -> list[Finding]:
    """The database is as large as the project may be, or larger; no write is begun."""
    most = inside.project.max_bytes or inside.view.connections.max_bytes
    sizes = await registry_store.database_sizes(inside.connection, [inside.project.database_name])
    size = sizes.get(inside.project.database_name, 0)
    if most is None or size < most:
        return []
    message = f"it has {shown_size(size)} of {shown_size(most)}, and takes no more"
    remedy = "Remove repositories or work items, or raise its limit."
    return [inside.finding("quota_exceeded", Severity.WARNING, message, remedy)]


async def vectors(inside: Inside) -> list[Finding]:
    """The extension vector is missing where the server could have it, or older than the server's."""
    available = inside.view.vector_version
    installed = await store.extension_installed(inside.connection)
    if available is None or installed == available:
        return []
    if installed is None:
        message = "the extension vector is not in its database; code is searched by words alone"
        mend = inside.executing("CREATE EXTENSION IF NOT EXISTS vector")
        remedy = "Adds it; the next indexing embeds what is there."
        return [inside.finding("vectors_missing", Severity.WARNING, message, remedy, mend=mend)]
    message = f"its extension vector is {installed}; the server has {available}"
    mend = inside.executing("ALTER EXTENSION vector UPDATE")
    return [inside.finding("vectors_outdated", Severity.INFO, message, "Updates the extension.", mend=mend)]


async def roles(inside: Inside) -> list[Finding]:
    """A role of the project lost its grants, as when the database was restored or moved."""
    findings = []
    for kind in RoleKind:
        name = role_name(inside.project.name, kind)
        is_known = inside.view.roles.get(name) == inside.project.name
        if is_known and await store.role_lacks_grants(inside.connection, name, inside.schemas):
            findings.append(
                inside.finding(
                    "role_lacks_grants",
                    Severity.WARNING,
                    "it may not read all of the project's tables",
                    f"Grants it again what `moorage project role {inside.project.name}` grants.",
                    subject=f"role {name}",
                    mend=partial(ensure_role, inside.view.provisioner, inside.project, kind),
                    locks_itself=True,
                )
            )
    return findings


# With one of these found, what the others would say is not worth reading.
DECISIVE: tuple[InsideCheck, ...] = (identity, lost_schemas, versions)
CHECKS: tuple[InsideCheck, ...] = (invalid_indexes, missing_indexes, bloated_tables, quota, vectors, roles)


def _rebuilt(index: StoredIndex) -> str:
    """Return what puts an invalid index right; what an interrupted REINDEX left beside the index is dropped.

    Source: https://www.postgresql.org/docs/current/sql-reindex.html, "Rebuilding Indexes Concurrently"
    """
    name = quote_qualified(index.schema_name, index.index_name)
    is_leftover = index.index_name.rstrip("0123456789").endswith(("_ccnew", "_ccold"))
    return f"DROP INDEX CONCURRENTLY IF EXISTS {name}" if is_leftover else f"REINDEX INDEX CONCURRENTLY {name}"
