"""Whether a database of Moorage's, a project's or the registry, is open to those it should be and sound on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.shape import Finding, Severity
from moorage.operations.doctor.store import Database
from moorage.operations.doctor.views import ServerView
from moorage.projects.provisioning import close_to_public

DatabaseCheck = Callable[[ServerView, Database], Iterator[Finding]]


def half_dropped(view: ServerView, database: Database) -> Iterator[Finding]:
    """A DROP DATABASE was interrupted; PostgreSQL lets nobody in again."""
    if database.is_half_dropped:
        yield _finding(
            view,
            database,
            "database_half_dropped",
            Severity.ERROR,
            "an interrupted DROP DATABASE left it unusable",
            "Delete its project, or restore it from a backup; either drops what is left.",
        )


def closed(view: ServerView, database: Database) -> Iterator[Finding]:
    """The database is whole, but refuses everybody."""

    async def admit() -> None:
        async with view.provisioner.maintenance() as server:
            await server.execute(f"ALTER DATABASE {quote_identifier(database.name)} ALLOW_CONNECTIONS true")

    if not database.takes_connections and not database.is_half_dropped:
        yield _finding(
            view,
            database,
            "database_closed",
            Severity.ERROR,
            "it takes no connections",
            "Lets connections in.",
            mend=admit,
        )


def no_connect_right(view: ServerView, database: Database) -> Iterator[Finding]:
    """The login role of Moorage may not connect."""
    if not database.may_connect:
        yield _finding(
            view,
            database,
            "database_not_permitted",
            Severity.ERROR,
            "Moorage's login role may not connect to it",
            "As its owner: GRANT CONNECT, or ALTER DATABASE ... OWNER TO the role of `moorage doctor --sql`.",
        )


def open_to_public(view: ServerView, database: Database) -> Iterator[Finding]:
    """Every role of the server may connect, as in databases made by older versions."""

    async def close() -> None:
        async with view.provisioner.maintenance() as server:
            await close_to_public(server, database.name)

    if database.is_open_to_public:
        yield _finding(
            view,
            database,
            "open_to_public",
            Severity.WARNING,
            "every role of the server may connect to it",
            "Takes CONNECT and TEMPORARY from PUBLIC; the owner and granted roles keep theirs.",
            mend=close,
        )


def collation_changed(view: ServerView, database: Database) -> Iterator[Finding]:
    """An index on text is a sorted list; sorted otherwise, it misses rows and lets duplicates in."""
    if database.name in view.collations_changed:
        yield _finding(
            view,
            database,
            "collation_changed",
            Severity.ERROR,
            "the operating system sorts text otherwise than when its indexes were built; they may miss rows",
            "Builds all its indexes again and records the new version of the collation.",
            mend=lambda: _rebuild_indexes(view, database),
        )


def checksum_failures(view: ServerView, database: Database) -> Iterator[Finding]:
    """PostgreSQL read pages that are not what it had written."""
    if database.checksum_failures:
        yield _finding(
            view,
            database,
            "checksum_failures",
            Severity.ERROR,
            f"{database.checksum_failures} of its pages were damaged on disk",
            "Check the disk, and restore it from a backup under a new name.",
        )


CHECKS: tuple[DatabaseCheck, ...] = (
    half_dropped,
    closed,
    no_connect_right,
    open_to_public,
    collation_changed,
    checksum_failures,
)


def _finding(
    view: ServerView, database: Database, code: str, severity: Severity, message: str, remedy: str, **more: Any
) -> Finding:
    project = view.rows.get(database.name)
    return Finding(
        code=code,
        severity=severity,
        subject=f"database {database.name}",
        message=message,
        remedy=remedy,
        project_name=project.name if project else None,
        server=view.server,
        **more,
    )


async def _rebuild_indexes(view: ServerView, database: Database) -> None:
    """Build the indexes again, also in a database that is read-only."""
    async with view.provisioner.writing(database.name) as connection:
        await connection.execute(f"REINDEX DATABASE {quote_identifier(database.name)}")
        await connection.execute(f"ALTER DATABASE {quote_identifier(database.name)} REFRESH COLLATION VERSION")
