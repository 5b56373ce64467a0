"""One connector a database, made when it is first needed and closed when its definition changes."""

from __future__ import annotations

from collections.abc import Mapping

from moorage.databases.connectors.direct import DirectConnector
from moorage.databases.connectors.session import Connector, Terms
from moorage.databases.definitions import PROJECT_PREFIX, Database, DirectPostgres, RdsDataApi
from moorage.databases.errors import NotSupported
from moorage.databases.settings import SqlSettings


class Connections:
    """The connectors of this process, by database."""

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings
        self._open: dict[str, tuple[DirectPostgres | RdsDataApi, Connector]] = {}

    async def to(self, database: Database) -> Connector:
        """Return the connector of a database; one of an older definition is closed first."""
        held = self._open.get(database.id)
        if held is not None and held[0] == database.definition:
            return held[1]
        self._open[database.id] = (database.definition, self._make(database.definition))
        if held is not None:
            await held[1].close()
        return self._open[database.id][1]

    async def keep(self, databases: Mapping[str, Database]) -> None:
        """Close what leads to databases that are gone, or are described in another way now; projects are no matter."""
        gone = [
            name
            for name, (definition, _) in self._open.items()
            if not name.startswith(PROJECT_PREFIX)
            and (name not in databases or databases[name].definition != definition)
        ]
        for connector in [self._open.pop(name)[1] for name in gone]:
            await connector.close()

    async def close(self) -> None:
        while self._open:
            _, (_, connector) = self._open.popitem()
            await connector.close()

    def _make(self, definition: DirectPostgres | RdsDataApi) -> Connector:
        if isinstance(definition, DirectPostgres):
            return DirectConnector(definition, self._settings)
        raise NotSupported("connections by the Data API are not there yet")


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
