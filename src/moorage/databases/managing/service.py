"""What can be done with definitions while the program runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from moorage.core.access import current_caller
from moorage.databases.definitions import Database, Origin
from moorage.databases.errors import DatabaseExists, DefinitionsNotKept
from moorage.databases.managing.entries import (
    add_entry,
    change_entry,
    refuse_clear_password,
    refuse_variables,
    remove_entry,
)
from moorage.databases.managing.file import Change, DefinitionsFile
from moorage.databases.managing.trying import FailedTrial, Trial, try_database
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.grants import allow_administration
from moorage.databases.sources.reading import Surroundings, read_definitions

log = structlog.get_logger(__name__)


class ManagingService:
    """Add, change, remove and try databases; what is kept stands in the file, and holds from then on.

    Only administrators of the whole server may: a definition can lead anywhere that this process reaches.
    """

    def __init__(self, catalog: Catalog, settings: DatabasesSettings) -> None:
        self._catalog = catalog
        self._settings = settings

    async def add(self, database_id: str, definition: Mapping[str, Any]) -> Database:
        """Add a database.

        Raises:
            InvalidDefinition, DatabaseExists, DefinitionsNotKept, DefinitionsLocked: nothing was changed.
        """
        refuse_variables(definition, database_id)
        allow_administration("adding a database")
        if any(each.id == database_id for each in await self._catalog.all()):  # in whatever place
            raise DatabaseExists(f"there is a database {database_id!r} already", hint="list_databases shows it.")
        await self._edit("adding", database_id, lambda section: add_entry(section, database_id, definition))
        return await self._catalog.find(database_id)

    async def change(self, database_id: str, changes: Mapping[str, Any]) -> Database:
        """Set fields of a database; None takes a field away.

        Raises:
            As `add`; DatabaseNotFound: the file does not describe it.
        """
        refuse_variables(changes, database_id)
        await self._edit("changing", database_id, lambda section: change_entry(section, database_id, changes))
        return await self._catalog.find(database_id)

    async def remove(self, database_id: str) -> None:
        """Forget a database; in the database itself nothing is touched.

        Raises:
            As `change`.
        """
        await self._edit("removing", database_id, lambda section: remove_entry(section, database_id))

    async def test(self, database_id: str | None, definition: Mapping[str, Any] | None = None) -> Trial | FailedTrial:
        """Try a database that is there, or one that is described for this call only.

        Raises:
            InvalidDefinition, DatabaseNotFound, DatabaseNotNamed.
        """
        allow_administration("trying a database")
        if definition is None:
            database = await self._catalog.find(database_id)
        else:
            name = database_id or "candidate"
            refuse_variables(definition, name)
            read = read_definitions({name: definition}, self._surroundings(self._settings.sql.defaults))
            database = Database(id=name, definition=read[name], origin=Origin.FILE)
        return await try_database(database, self._settings.sql)

    async def _edit(self, doing: str, database_id: str, change: Change) -> None:
        allow_administration(f"{doing} a database")
        file = self._file()

        def check(given: Mapping[str, Any]) -> None:
            self._check(given)
            if not file.is_private:
                refuse_clear_password(given["databases"].get(database_id) or {}, database_id)

        await asyncio.to_thread(file.edit, change, check)
        log.info("databases.edited", doing=doing, database=database_id, by=current_caller().name)
        await self._catalog.read_again()

    def _file(self) -> DefinitionsFile:
        if self._settings.file is None:
            raise DefinitionsNotKept(
                "this process reads no file that definitions could be kept in",
                hint="Start it with --config FILE, or with moorage.yaml beside it.",
            )
        return DefinitionsFile(self._settings.file)

    def _check(self, given: Mapping[str, Any]) -> None:
        """Refuse a file whose definitions would not hold together."""
        defaults = (given.get("sql") or {}).get("defaults") or self._settings.sql.defaults
        read_definitions(given["databases"], self._surroundings(defaults), default=given.get("default_database"))

    def _surroundings(self, defaults: Mapping[str, Any]) -> Surroundings:
        file = self._settings.file
        folder = Path() if file is None else file.parent
        return Surroundings(self._settings.environment, folder, defaults)
