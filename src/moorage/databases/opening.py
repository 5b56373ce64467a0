"""Opening everything that SQL over many databases needs, inside the house or alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from moorage.databases.audit.opening import open_audit
from moorage.databases.connectors.connections import Connections
from moorage.databases.managing.service import ManagingService
from moorage.databases.policy.guard import Guard
from moorage.databases.saved.compiling import ready
from moorage.databases.service import DatabasesService
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.catalog import Catalog, Known, ProjectDatabases, known_from
from moorage.databases.sources.watching import Watched

if TYPE_CHECKING:
    from moorage.projects.connections import ProjectConnectionManager


@asynccontextmanager
async def open_databases(
    settings: DatabasesSettings,
    projects: ProjectDatabases | None = None,
    *,
    home: Path | None = None,
    registry: ProjectConnectionManager | None = None,
) -> AsyncGenerator[DatabasesService]:
    """Open the service; no database is asked anything before the first call needs it.

    Args:
        projects: the databases of projects; None where there are none.
        home: where the audit log has its files; without it nothing is written down.
        registry: where the audit log has its table; None where there is none.
    """
    connections = Connections(settings.sql)
    catalog = Catalog(_watched(settings), projects=projects, on_change=connections.keep)
    async with open_audit(settings.sql.audit, catalog, home, registry) as audit:
        managing = ManagingService(catalog, settings)
        service = DatabasesService(catalog, connections, Guard(settings.sql), audit, settings.sql, managing)
        try:
            yield service
        finally:
            await service.runner.close()
            await connections.close()


def _watched(settings: DatabasesSettings) -> Watched[Known]:
    read_again = settings.read_again
    if read_again is None:
        return Watched(_known(settings))
    return Watched(_known(settings), settings.watched, lambda: _known(read_again()))


def _known(settings: DatabasesSettings) -> Known:
    """Return what the settings say, once every saved query in them could run."""
    return known_from(settings, ready(settings.queries))
