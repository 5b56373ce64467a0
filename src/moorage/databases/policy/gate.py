"""Letting through what a database's catalogue has nothing against, and remembering that for a while."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic

from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database, Definition, StatementKind
from moorage.databases.policy import store
from moorage.databases.policy.inquiry import Inquiry
from moorage.databases.policy.mentions import Mentions
from moorage.databases.policy.store import Route

BELIEVED_SECONDS = 30.0
"""What the catalogue said is believed for so long. Nothing that callers can do here makes a function act; a change by
others is seen at the latest then."""

REMEMBERED_STATEMENTS = 1_000
REMEMBERED_DATABASES = 1_000


class Gate:
    """What was let through lately, over all databases: by what statements mention, so that values do not matter."""

    def __init__(self) -> None:
        self._passed: OrderedDict[tuple[str, bool, Mentions], tuple[Definition, float]] = OrderedDict()
        self._routes: OrderedDict[str, tuple[Definition, float, list[Route]]] = OrderedDict()

    async def check(self, mentions: Mentions, kind: StatementKind, database: Database, session: Session) -> None:
        """Refuse what acts, reaches outside, or reveals what it should not.

        Raises:
            StatementRefused: with the name, the reason, and the way out.
        """
        if not mentions.needs_catalogue:
            return
        writes = kind is not StatementKind.READ
        key = (database.id, writes, mentions)
        if self._has_passed(key, database.definition):
            return
        routes = await self._routes_of(database, session)
        await Inquiry(session, database.definition, routes, writes=writes).check(mentions)
        self._remember(key, database.definition)
        if kind is StatementKind.DDL:
            self._forget(database)

    def _has_passed(self, key: tuple[str, bool, Mentions], definition: Definition) -> bool:
        held = self._passed.get(key)
        return held is not None and held[1] > monotonic() and _is_same(held[0], definition)

    def _remember(self, key: tuple[str, bool, Mentions], definition: Definition) -> None:
        self._passed[key] = (definition, monotonic() + BELIEVED_SECONDS)
        self._passed.move_to_end(key)
        if len(self._passed) > REMEMBERED_STATEMENTS:
            self._passed.popitem(last=False)

    async def _routes_of(self, database: Database, session: Session) -> list[Route]:
        held = self._routes.get(database.id)
        if held is not None and held[1] > monotonic() and _is_same(held[0], database.definition):
            return held[2]
        routes = await _acting_routes(session)
        self._routes[database.id] = (database.definition, monotonic() + BELIEVED_SECONDS, routes)
        self._routes.move_to_end(database.id)
        if len(self._routes) > REMEMBERED_DATABASES:
            self._routes.popitem(last=False)
        return routes

    def _forget(self, database: Database) -> None:
        """What is made anew may be another thing than what had its name."""
        for key in [key for key in self._passed if key[0] == database.id]:
            del self._passed[key]
        self._routes.pop(database.id, None)


def _is_same(held: Definition, definition: Definition) -> bool:
    return held is definition or held == definition


async def _acting_routes(session: Session) -> list[Route]:
    """Return the routes to functions that could act; most lead to comparisons that PostgreSQL ships."""
    routes = await store.route_all(session)
    called = {oid for route in routes for oid in route.calls}
    acting = {each.oid for each in await store.function_find(session, called)} if called else set()
    return [route for route in routes if acting.intersection(route.calls)]
