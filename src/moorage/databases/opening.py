"""Opening everything that SQL over many databases needs, inside the house or alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from moorage.databases.connectors.connections import Connections
from moorage.databases.definitions import Database, Origin
from moorage.databases.policy.guard import Guard
from moorage.databases.service import DatabasesService
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.catalog import Catalog


@asynccontextmanager
async def open_databases(settings: DatabasesSettings) -> AsyncGenerator[DatabasesService]:
    """Open the service; no database is asked anything before the first call needs it."""
    databases = {
        name: Database(id=name, definition=definition, origin=Origin.FILE)
        for name, definition in settings.databases.items()
    }
    connections = Connections(settings.sql)
    try:
        yield DatabasesService(Catalog(databases, settings.default_database), connections, Guard(settings.sql))
    finally:
        await connections.close()
