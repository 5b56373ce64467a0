"""One connector a database, made when it is first needed and closed when its definition changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from moorage.databases.connectors.budget import Budget
from moorage.databases.connectors.dialing import FindLogin
from moorage.databases.connectors.direct import DirectConnector
from moorage.databases.connectors.health import ConnectorState
from moorage.databases.connectors.metering import metered
from moorage.databases.connectors.session import Connector, Terms
from moorage.databases.definitions import PROJECT_PREFIX, Database, DirectPostgres, RdsDataApi
from moorage.databases.settings import SqlSettings
from moorage.databases.sources.secrets import login_of

RETIRING_SECONDS = 10.0
"""What calls of an older definition get beyond their time limit before their connections are cut."""


class Connections:
    """The connectors of this process, by database.

    Args:
        find_login: returns user and password of a definition as they are now.
    """

    def __init__(self, settings: SqlSettings, *, find_login: FindLogin = login_of) -> None:
        self._settings = settings
        self._find_login = find_login
        self._budget = Budget(settings.max_connections, settings.wait_seconds, settings.idle_seconds)
        self._open: dict[str, tuple[DirectPostgres | RdsDataApi, Connector]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._metered = metered(self.states)

    async def to(self, database: Database) -> Connector:
        """Return the connector of a database; one of an older definition ends when its calls have ended."""
        definition, connector = self._open.get(database.id, (None, None))
        if connector is not None and (definition is database.definition or definition == database.definition):
            return connector
        made = self._make(database.definition)
        self._open[database.id] = (database.definition, made)
        if connector is not None and definition is not None:
            self._retire(definition, connector)
        return made

    def state_of(self, database: Database) -> ConnectorState:
        """Return what is known of the way to a database; asks nothing."""
        _, connector = self._open.get(database.id, (None, None))
        return getattr(connector, "state", ConnectorState())

    def states(self) -> dict[str, ConnectorState]:
        """Return what is known of each database that was used, by id."""
        return {name: getattr(connector, "state", ConnectorState()) for name, (_, connector) in self._open.items()}

    async def keep(self, databases: Mapping[str, Database]) -> None:
        """Close what leads to databases that are gone, or are described in another way now; projects are no matter."""
        gone = [
            name
            for name, (definition, _) in self._open.items()
            if not name.startswith(PROJECT_PREFIX)
            and (name not in databases or databases[name].definition != definition)
        ]
        for name in gone:
            self._retire(*self._open.pop(name))

    async def close(self) -> None:
        """End all connections; calls that run are given a moment."""
        self._metered.close()
        for task in self._closing:
            task.cancel()
        connectors = [connector for _, connector in self._open.values()]
        self._open.clear()
        await asyncio.gather(*self._closing, *(each.close() for each in connectors), return_exceptions=True)

    def _retire(self, definition: DirectPostgres | RdsDataApi, connector: Connector) -> None:
        """Have a connector closed once its calls have ended, and nobody wait for that."""
        seconds = definition.limits.statement_seconds + RETIRING_SECONDS
        task = asyncio.create_task(connector.close(seconds))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _make(self, definition: DirectPostgres | RdsDataApi) -> Connector:
        if isinstance(definition, DirectPostgres):
            return DirectConnector(definition, self._settings, self._budget, find_login=self._find_login)
        from moorage.databases.connectors.data_api.connector import DataApiConnector  # most have no such database

        return DataApiConnector(definition, self._settings)


def terms_of(database: Database, *, read_only: bool = True, statement_seconds: float | None = None) -> Terms:
    """Return the terms that a database's definition sets."""
    limits, definition = database.limits, database.definition
    return Terms(
        read_only=read_only,
        statement_seconds=limits.statement_seconds if statement_seconds is None else statement_seconds,
        lock_seconds=limits.lock_seconds,
        work_memory_bytes=int(limits.work_memory),
        temporary_file_bytes=int(limits.temporary_files),
        role=definition.role,
        search_path=definition.search_path,
    )
