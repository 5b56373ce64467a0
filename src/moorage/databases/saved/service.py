"""Running saved queries, where they may run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moorage.core.access import current_caller
from moorage.databases.definitions import Database
from moorage.databases.errors import DatabaseNotNamed, QueryNotForDatabase, SavedQueryNotFound
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.requests import Confirm, Request
from moorage.databases.execution.running import Runner
from moorage.databases.execution.writing import Format
from moorage.databases.saved.signatures import values_of
from moorage.databases.saved_queries import ReadyQuery, SavedQuery
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.choosing import is_among
from moorage.databases.sources.problems import did_you_mean, nearest_of

NAMED_PLACES = 10


class SavedService:
    """The saved queries of this process, as its files have them now."""

    def __init__(self, catalog: Catalog, runner: Runner) -> None:
        self._catalog = catalog
        self._runner = runner

    @property
    def queries(self) -> Mapping[str, ReadyQuery]:
        """All of them by name, whoever may see them."""
        return self._catalog.queries

    async def list(self, text: str = "") -> Sequence[ReadyQuery]:
        """Return those that may run in a database that the caller sees, by name.

        Args:
            text: only those that have it in their name or description.
        """
        seen = await self._catalog.all()
        wanted = text.casefold()
        return [
            each
            for name, each in sorted(self.queries.items())
            if wanted in f"{name} {each.query.description}".casefold() and _runs_in_any(each.query, seen)
        ]

    async def seen(self) -> Sequence[Database]:
        """Return the databases that the caller sees: where a query runs is told as far as these go."""
        return await self._catalog.all()

    async def find(self, name: str) -> ReadyQuery:
        """Return a query by its name.

        Raises:
            SavedQueryNotFound: there is none that may run in a database that the caller sees.
        """
        seen = await self._catalog.all()
        found = self.queries.get(name)
        if found is not None and _runs_in_any(found.query, seen):
            return found
        nearest = await asyncio.to_thread(nearest_of, name, [each.name for each in await self.list()])
        raise SavedQueryNotFound(
            f"there is no saved query {name[:100]!r}",
            hint=did_you_mean(nearest) or "list_saved shows all.",
            nearest=nearest,
        )

    async def is_shown(self, name: str) -> bool:
        """Tell whether the caller may know of a query: it may run in a database that the caller sees."""
        if not current_caller().is_limited:
            return True
        found = self.queries.get(name)
        return found is not None and _runs_in_any(found.query, await self._catalog.all())

    async def run(
        self,
        found: ReadyQuery,
        arguments: Mapping[str, Any],
        database_id: str | None = None,
        confirm: Confirm | None = None,
        written: Format = Format.JSON,
    ) -> Answer:
        """Run a query with arguments that its signature has validated.

        Raises:
            QueryNotForDatabase: it may not run in the database named.
            DatabaseNotFound, DatabaseNotNamed: of the database; and all that running a statement raises.
        """
        query = found.query
        database = await self._database(found, database_id)
        request = Request(found.sql, values_of(query, arguments), query.max_rows, format=written, commit=query.writes)
        return await self._runner.run(database, request, confirm if query.writes else None)

    async def _database(self, found: ReadyQuery, database_id: str | None) -> Database:
        if not found.query.databases:
            return await self._catalog.find(database_id)
        places = {each.id: each for each in _places(found.query, await self._catalog.all())}
        default = self._catalog.default if self._catalog.default in places else None
        named = default if database_id is None else database_id
        if named is None and len(places) == 1:
            return next(iter(places.values()))
        if named is None:
            raise DatabaseNotNamed("database_id is missing", hint=f"{found.name} runs in {_listed(places)}.")
        if named not in places:
            other = await self._catalog.find(named)
            raise QueryNotForDatabase(
                f"{found.name} does not run in {other.id!r}", hint=f"It runs in {_listed(places)}."
            )
        return places[named]


def _places(query: SavedQuery, seen: Sequence[Database]) -> list[Database]:
    """Return the databases among those seen where a query may run."""
    return [each for each in seen if _runs_in(query, each)]


def _runs_in_any(query: SavedQuery, seen: Sequence[Database]) -> bool:
    return any(_runs_in(query, each) for each in seen)


def _runs_in(query: SavedQuery, database: Database) -> bool:
    return not query.databases or is_among(database, query.databases)


def _listed(places: Iterable[str]) -> str:
    names = list(places)
    more = f" and {len(names) - NAMED_PLACES} more" if len(names) > NAMED_PLACES else ""
    return f"{', '.join(names[:NAMED_PLACES])}{more}"
