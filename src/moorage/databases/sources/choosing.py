"""Choosing several databases by one argument."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.databases.definitions import Database
from moorage.databases.errors import DatabaseNotFound
from moorage.databases.sources.catalog import Catalog

EVERY = "*"
TAG_PREFIX = "tag:"


async def choose(catalog: Catalog, chosen: str | None) -> Sequence[Database]:
    """Return the databases that an argument means, each once, of those the caller may see.

    Args:
        chosen: an id, ids with commas between, "tag:<tag>", or "*"; None is the default database.

    Raises:
        DatabaseNotNamed: none is named, and there is no default.
        DatabaseNotFound: there is none of an id, or none has the tag.
    """
    if chosen is None:
        return [await catalog.find(None)]
    found: dict[str, Database] = {}
    for part in chosen.split(","):
        for each in await _meant(catalog, part.strip()):
            found[each.id] = each
    return list(found.values())


async def _meant(catalog: Catalog, part: str) -> Sequence[Database]:
    if part == EVERY:
        return await catalog.all()
    if not part.startswith(TAG_PREFIX):
        return [await catalog.find(part)]
    tag = part.removeprefix(TAG_PREFIX)
    tagged = [each for each in await catalog.all() if tag in each.definition.tags]
    if not tagged:
        raise DatabaseNotFound(f"no database has the tag {tag[:100]!r}", hint="list_databases shows tags.")
    return tagged
