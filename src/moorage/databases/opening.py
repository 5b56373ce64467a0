"""Opening everything that SQL over many databases needs, inside the house or alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from moorage.databases.audit.recorder import Recorder
from moorage.databases.connectors.connections import Connections
from moorage.databases.policy.guard import Guard
from moorage.databases.service import DatabasesService
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.catalog import Catalog, Known, ProjectDatabases, known_from
from moorage.databases.sources.watching import Watched


@asynccontextmanager
async def open_databases(
    settings: DatabasesSettings, projects: ProjectDatabases | None = None
) -> AsyncGenerator[DatabasesService]:
    """Open the service; no database is asked anything before the first call needs it.

    Args:
        projects: the databases of projects; None where there are none.
    """
    connections = Connections(settings.sql)
    catalog = Catalog(_watched(settings), projects=projects, on_change=connections.keep)
    service = DatabasesService(catalog, connections, Guard(settings.sql), Recorder(), settings.sql)
    try:
        yield service
    finally:
        await service.runner.close()
        await connections.close()


def _watched(settings: DatabasesSettings) -> Watched[Known]:
    read_again = settings.read_again
    if read_again is None:
        return Watched(known_from(settings))
    return Watched(known_from(settings), settings.watched, lambda: known_from(read_again()))
