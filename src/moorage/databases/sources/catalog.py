"""The databases there are, by id: an id is looked up and never becomes part of anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from moorage.core.access import current_caller
from moorage.databases.definitions import Database
from moorage.databases.errors import DatabaseNotFound, DatabaseNotNamed
from moorage.databases.sources.grants import may_see

NEAREST_IDS = 3


class Catalog:
    """Every database of this process, whatever its definition comes from.

    Args:
        databases: by id.
        default: the id that a call means which names none.
    """

    def __init__(self, databases: Mapping[str, Database], default: str | None = None) -> None:
        self._databases = dict(databases)
        self._default = default

    async def all(self) -> Sequence[Database]:
        """Return those that the caller may see, in the order of their ids."""
        caller = current_caller()
        return [each for _, each in sorted(self._databases.items()) if may_see(each, caller)]

    async def find(self, database_id: str | None) -> Database:
        """Return the database that a call means.

        Raises:
            DatabaseNotNamed: none is named, and there is no default.
            DatabaseNotFound: there is none of this id, or the caller may not see it.
        """
        name = self._default if database_id is None else database_id
        if name is None:
            raise DatabaseNotNamed("database_id is missing", hint="Name one; list_databases shows them.")
        found = {each.id: each for each in await self.all()}
        if name in found:
            return found[name]
        nearest = get_close_matches(name, list(found), n=NEAREST_IDS)
        raise DatabaseNotFound(
            f"there is no database {name[:100]!r}",
            hint=f"Did you mean {' or '.join(nearest)}?" if nearest else "list_databases shows all.",
            nearest=nearest,
        )
