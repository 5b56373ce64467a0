"""Which databases a call means that may name several: by their ids, by a tag, or all."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.databases.definitions import ALL, TAG_PREFIX, Database
from moorage.databases.errors import DatabaseNotFound, TooManyDatabases
from moorage.databases.sources.catalog import Catalog


async def choose(catalog: Catalog, names: Sequence[str], *, most: int) -> list[Database]:
    """Return the databases named, each once, in the order named; the default one when none is.

    Args:
        names: ids, `tag:NAME`, and `*` for all that the caller may see.
        most: how many one call may ask.

    Raises:
        DatabaseNotNamed, DatabaseNotFound: as `Catalog.find`; also when a tag is on none that the caller may see.
        TooManyDatabases: they are more than one call may ask.
    """
    if not names:
        return [await catalog.find(None)]
    chosen = {each.id: each for name in dict.fromkeys(names) for each in await _named(catalog, name)}
    if not chosen:
        raise DatabaseNotFound("there is no database that you may see", hint="Ask an administrator for a token.")
    if len(chosen) > most:
        raise TooManyDatabases(
            f"these are {len(chosen)} databases, and one call asks {most} at most (sql.max_databases)",
            hint="Name fewer, or a tag that fewer have.",
        )
    return list(chosen.values())


def is_among(database: Database, names: Sequence[str]) -> bool:
    """Return whether names, as `choose` takes them, mean a database."""
    tags = {f"{TAG_PREFIX}{tag}" for tag in database.definition.tags}
    return any(name in (ALL, database.id) or name in tags for name in names)


async def _named(catalog: Catalog, name: str) -> Sequence[Database]:
    if name == ALL:
        return await catalog.all()
    if not name.startswith(TAG_PREFIX):
        return [await catalog.find(name)]
    tagged = [each for each in await catalog.all() if is_among(each, [name])]
    if not tagged:
        raise DatabaseNotFound(f"no database has {name[:100]!r}", hint="list_databases shows their tags.")
    return tagged
