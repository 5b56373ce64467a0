"""Looking into databases."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches

from moorage.core.postgres.errors import translated
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database
from moorage.databases.errors import AmbiguousName, ObjectNotFound
from moorage.databases.exploring import store
from moorage.databases.exploring.hiding import hiding_of
from moorage.databases.exploring.listing import Detail, bounded, entries_of, listing
from moorage.databases.exploring.models import (
    RELATIONS,
    Constraint,
    Found,
    Kind,
    Meant,
    ObjectText,
    Relation,
    RelationName,
    Relative,
)
from moorage.databases.exploring.patterns import Pattern
from moorage.databases.exploring.texts import lines_of
from moorage.databases.policy.tables import is_open
from moorage.databases.settings import SqlSettings
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.choosing import choose
from moorage.databases.sources.problems import did_you_mean
from moorage.databases.spreading import spread

NEAREST_NAMES, NAMED_ALIKE = 3, 50
# How many objects a page has: names are a few tokens each, a whole table is hundreds.
PAGE = {Detail.NAMES: 200, Detail.COLUMNS: 40, Detail.FULL: 8}
FEWEST_OF_EACH = 5
_WITH_A_NAME_OF_THEIR_OWN = tuple(
    each for each in Kind if each not in (Kind.COLUMN, Kind.INDEX, Kind.TRIGGER, Kind.POLICY, Kind.SCHEMA)
)


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Attributes:
        kinds: none means those that fit the pattern: columns as well, unless it matches everything.
        schema_name: in this schema alone, a system's too; None is all but the system's.
        limit: objects of a page; None is what `detail` allows.
    """

    pattern: Pattern
    kinds: tuple[Kind, ...] = ()
    schema_name: str | None = None
    detail: Detail = Detail.NAMES
    limit: int | None = None
    offset: int = 0

    @property
    def kinds_wanted(self) -> Sequence[Kind]:
        if self.kinds:
            return [each for each in Kind if each in self.kinds]
        if self.pattern.is_everything and not self.pattern.containers:
            return _WITH_A_NAME_OF_THEIR_OWN
        return [each for each in Kind if each not in (Kind.INDEX, Kind.TRIGGER, Kind.POLICY)]


class ExploringService:
    """Finds what is in databases, and describes it, without showing what the rules of a database keep out of sight."""

    def __init__(self, catalog: Catalog, connections: Connections, settings: SqlSettings) -> None:
        self._catalog = catalog
        self._connections = connections
        self._settings = settings

    async def search_objects(self, names: Sequence[str], search: Search) -> str:
        """Return what was found in each database as text; where there are several, of one that fails why.

        Args:
            names: of databases, as `choose` takes them.
        """
        databases = await choose(self._catalog, names, most=self._settings.max_databases)
        if len(databases) == 1:
            return await self._search_one(databases[0], search, share=1)
        few = replace(search, limit=max((search.limit or PAGE[search.detail]) // len(databases), FEWEST_OF_EACH))
        asked = await spread(
            databases,
            lambda each: self._search_one(each, few, share=len(databases)),
            at_once=self._settings.databases_at_once,
            each_seconds=self._settings.everywhere_seconds,
            all_seconds=self._settings.everywhere_seconds,
        )
        texts = [each.result or f"{each.database.id}: {each.error.as_text() if each.error else ''}" for each in asked]
        return "\n\n".join(texts)

    async def get_table_schema(self, database_id: str | None, name: str, schema_name: str | None = None) -> str:
        """Return everything of one table, view or sequence as text that reads like SQL.

        Raises:
            ObjectNotFound: no table that the role may see has this name; `details` name near ones.
            AmbiguousName: several have it, and the search path finds none of them.
        """
        database = await self._catalog.find(database_id)
        async with self._session(database) as session:
            named = await _named(session, database, name, schema_name)
            near = [] if named else await store.relation_near(session, name)
            found = await store.relation_describe(session, [each.id for each in named[:1]], is_full=True)
        if not found:
            raise _not_found(database, name, near)
        meant, others = _meant(database, name, named)
        notes = [f"-- also named so: {', '.join(others)}"] if others else []
        way_on = f"search_objects with pattern {meant.quoted}.* and kinds column shows its columns page by page"
        lines = [f"-- database {database.id}", *notes, *lines_of(_shown(found[0], database))]
        return bounded(lines, int(database.limits.bytes), way_on=way_on)

    async def _search_one(self, database: Database, search: Search, *, share: int) -> str:
        async with self._session(database) as session:
            found = await store.object_search(
                session,
                search.pattern,
                kinds=search.kinds_wanted,
                schema_name=search.schema_name,
                hiding=hiding_of(database.definition),
                limit=search.limit or PAGE[search.detail],
                offset=search.offset,
            )
            relations, texts = await _details(session, database, found, search.detail)
        entries = entries_of(found, relations, texts, search.detail)
        max_bytes = int(database.limits.bytes) // share
        return listing(database.id, found, entries, offset=search.offset, max_bytes=max_bytes)

    @asynccontextmanager
    async def _session(self, database: Database) -> AsyncGenerator[Session]:
        connector = await self._connections.to(database)
        with translated(f"looking into database {database.id!r}"):
            async with connector.session(terms_of(database)) as session:
                yield session


async def _details(
    session: Session, database: Database, found: Found, detail: Detail
) -> tuple[dict[int, Relation], dict[tuple[Kind, int], ObjectText]]:
    """Return what else there is to say of the objects found: relations by id, others by kind and id."""
    if detail is Detail.NAMES:
        return {}, {}
    is_full = detail is Detail.FULL
    ids = [each.id for each in found.objects if each.kind in RELATIONS]
    others = [each for each in found.objects if each.kind not in RELATIONS and each.kind is not Kind.COLUMN]
    relations = await store.relation_describe(session, ids, is_full=is_full)
    texts = await store.object_define(session, others, is_full=is_full)
    return {each.id: _shown(each, database) for each in relations}, texts


async def _named(session: Session, database: Database, name: str, schema_name: str | None) -> list[Meant]:
    """Return the relations of this name that may be shown, the likeliest first; those written exactly so, if any."""
    found = await store.relation_find(session, name, schema_name)
    shown = [each for each in found if is_open(each.schema_name, each.name, database.definition)]
    return [each for each in shown if each.is_exact == shown[0].is_exact]


def _meant(database: Database, name: str, named: Sequence[Meant]) -> tuple[Meant, list[str]]:
    """Return the relation that a name means, and some others that have it, behind that one in the search path."""
    names = [each.quoted for each in named]
    if len(named) > 1 and not named[0].is_visible:
        raise AmbiguousName(
            f"{len(names)} tables of {database.id!r} are named {name!r}",
            hint=f"Name one with its schema: {', '.join(names[:NEAREST_NAMES])}.",
            names=names[:NAMED_ALIKE],
        )
    return named[0], names[1:NAMED_ALIKE]


def _not_found(database: Database, name: str, near: Sequence[RelationName]) -> ObjectNotFound:
    shown = {each.name: each.quoted for each in near if is_open(each.schema_name, each.name, database.definition)}
    plain = name.replace('"', "").rpartition(".")[2]
    nearest = [shown[each] for each in get_close_matches(plain, shown, n=NEAREST_NAMES, cutoff=0.5)]
    return ObjectNotFound(
        f"database {database.id!r} has no table {name!r} that its role may see",
        hint=did_you_mean(nearest) or "search_objects finds tables by parts of names.",
        nearest=nearest,
    )


def _shown(relation: Relation, database: Database) -> Relation:
    """Return the relation without what names others that the rules keep out of sight."""

    def is_shown(each: Relative | Constraint) -> bool:
        if each.other_schema is None or each.other_name is None:
            return True
        return is_open(each.other_schema, each.other_name, database.definition)

    return relation.model_copy(
        update={
            "constraints": tuple(filter(is_shown, relation.constraints)),
            "references": tuple(filter(is_shown, relation.references)),
            "parents": tuple(filter(is_shown, relation.parents)),
            "children": tuple(filter(is_shown, relation.children)),
            "definition": relation.definition if all(map(is_shown, relation.sources)) else None,
        }
    )
