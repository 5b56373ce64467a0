"""Asking a database's catalogue what a statement would call and read, by whatever route.

A name could mean any overload that takes as many arguments. What a view reads and calls is taken from the tree that
PostgreSQL keeps of it; what a function that somebody wrote calls, from its body, in the same way as from a statement.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Definition
from moorage.databases.errors import StatementRefused
from moorage.databases.policy import store
from moorage.databases.policy.bodies import UnfitBodyError, mentions_in
from moorage.databases.policy.functions import Function, Objection, is_named, objection_to
from moorage.databases.policy.mentions import Attribute, Mentions, Named
from moorage.databases.policy.revealing import check_settings, objection_to_reading
from moorage.databases.policy.secrets import reads_every_setting
from moorage.databases.policy.store import Meant, Relation, Route
from moorage.databases.policy.tables import check_table, has_rules

MAX_FUNCTIONS = 300
"""Bodies looked at for one statement."""

MAX_RELATIONS = 300
"""Relations that one statement may read, its views' included."""

_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_SPREADING = frozenset({"array_agg", "array_append", "array_fill", "array_prepend", "lag", "lead", "percentile_disc"})
_ASKS_TYPE = ("pg_input_is_valid", "pg_input_error_info")
_SHIPPED = "pg_catalog"
_WRITE_ROWS = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})

_Via = tuple[str, ...]


class Inquiry:
    """The questions about one statement.

    Args:
        routes: all ways of this database to functions that no statement names.
        writes: the statement may write.
    """

    def __init__(self, session: Session, definition: Definition, routes: Sequence[Route], *, writes: bool) -> None:
        self._session = session
        self._definition = definition
        self._routes = routes
        self._writes = writes
        self._looked_at: set[int] = set()

    async def check(self, mentions: Mentions) -> None:
        """Refuse a statement that acts, reaches outside, or reveals what it should not.

        Raises:
            StatementRefused: with the name, the reason, and the way out.
        """
        meant = await self._check_mentions(mentions, via=())
        for relation in meant:
            check_table(relation.schema, relation.name, self._definition)
        if self._writes and has_rules(self._definition):
            await self._check_new_names(mentions, meant)

    async def _check_mentions(self, mentions: Mentions, via: _Via, schemas: Sequence[str] = ()) -> list[Meant]:
        """Look at everything mentioned in a statement, or in the body of a function, which `via` leads to.

        Args:
            schemas: those that a function sets as its search_path.
        """
        await check_settings(mentions, self._session)
        calls = {(call.schema, call.name) for call in mentions.calls}
        calls |= {(None, attribute.name) for attribute in mentions.attributes}
        oids, meant = [], []
        if calls or mentions.relations:
            oids, meant = await store.name_find(self._session, _in(schemas, calls), _in(schemas, mentions.relations))
        functions = await store.function_find(self._session, oids) if oids else []
        closely = bool(functions or self._routes or self._writes)
        relations = await self._relations(meant, mentions, closely=closely)
        await self._check_relations(relations, mentions, via)
        _check_targets(mentions, meant, relations)
        self._check_denied(mentions)
        called = [each for each in functions if _is_called(each, mentions)]
        attributes = _calling(mentions, meant, relations)
        called += _called_as_attributes(functions, attributes, mentions, _cast(meant, relations))
        await self._check_functions(called, via)
        await self._check_routes(mentions, relations, functions, via, uses_rows=bool(attributes))
        return meant

    async def _relations(self, meant: Sequence[Meant], mentions: Mentions, *, closely: bool) -> list[Relation]:
        """Return the relations that a statement reads; most need no look at more than their names."""
        close = [each.oid for each in meant if closely or each.needs_look]
        plain = [each for each in meant if not (closely or each.needs_look)]
        found = [Relation(each.oid, each.oid, each.schema, each.name, each.is_shipped) for each in plain]
        if close:
            columns = {each.name for each in mentions.attributes}
            found += await self._look_closely(close, columns)
        return found

    async def _look_closely(self, oids: Iterable[int], columns: Iterable[str] = ()) -> list[Relation]:
        found = await store.relation_find(
            self._session, oids, columns=columns, writes=self._writes, limit=MAX_RELATIONS + 1
        )
        if len(found) > MAX_RELATIONS:
            raise _refused(str(found[0]), Objection("it leads to more relations than are looked at", ""), ())
        return found

    async def _check_relations(self, relations: Iterable[Relation], mentions: Mentions, via: _Via) -> None:
        for relation in relations:
            objection = await objection_to_reading(relation, mentions, self._session)
            if objection is not None:
                raise _refused(str(relation), objection, via)
        for relation in relations:
            await self._check_oids(relation.calls, (*via, f"reading {relation}"))

    def _check_denied(self, mentions: Mentions) -> None:
        """Refuse by name what PostgreSQL ships and nothing but the definition speaks against."""
        denied = self._definition.denied_functions
        names = {call.name for call in mentions.calls if call.schema in (None, _SHIPPED)}
        names |= {attribute.name for attribute in mentions.attributes if attribute.of_expression}
        for name in sorted(names) if denied else ():
            if is_named(_SHIPPED, name, denied):
                raise _refused(name, Objection("denied_functions of this database names it", ""), ())

    async def _check_oids(self, oids: Iterable[int], via: _Via) -> None:
        unknown = set(oids) - self._looked_at
        if unknown:
            await self._check_functions(await store.function_find(self._session, unknown), via)

    async def _check_functions(self, functions: Iterable[Function], via: _Via) -> None:
        for function in functions:
            objection = objection_to(function, self._definition, writes=self._writes)
            if objection is not None:
                raise _refused(f"{function}()", objection, via)
            if not function.is_shipped:
                await self._check_values(function, via)
            await self._check_body(function, via)

    async def _check_values(self, function: Function, via: _Via) -> None:
        """What a function takes and gives is checked where it is of a domain, whoever wrote the function."""
        domains = [route for route in self._routes if route.route == "domain"]
        if not (domains and function.types):
            return
        made = await store.type_find(self._session, oids=function.types)
        for route in domains:
            if route.types <= made.all:
                await self._check_oids(route.calls, (*via, f"{function}()", str(route)))

    async def _check_body(self, function: Function, via: _Via) -> None:
        definition = self._definition
        if not function.is_own or function.oid in self._looked_at:
            return
        if is_named(function.schema, function.name, definition.allowed_functions):
            return
        self._looked_at.add(function.oid)
        if len(self._looked_at) > MAX_FUNCTIONS:
            raise _refused(f"{function}()", Objection("it leads to more functions than are looked at", ""), via)
        await self._check_inside(function, (*via, f"{function}()"))

    async def _check_inside(self, function: Function, via: _Via) -> None:
        await self._check_oids((*function.calls, *function.parts), via)
        if function.reads:
            read = await self._look_closely(function.reads)
            await self._check_relations(read, Mentions(columns=frozenset("*")), via)
        try:
            inside = mentions_in(function)
        except UnfitBodyError as error:
            way_out = "The operator can add it to allowed_functions of this database."
            raise _refused(f"{function}()", Objection(str(error), way_out), via[:-1]) from None
        for mentions in inside:
            if function.is_definer and reads_every_setting(mentions):
                raise _refused(
                    f"{function}()", Objection("it shows settings that only its owner may see", ""), via[:-1]
                )
            await self._check_mentions(mentions, via, _schemas(function))

    async def _check_routes(
        self,
        mentions: Mentions,
        relations: Sequence[Relation],
        functions: Sequence[Function],
        via: _Via,
        *,
        uses_rows: bool,
    ) -> None:
        if not self._routes:
            return
        named = {*mentions.types, *((call.schema, call.name) for call in mentions.calls)}
        named |= {(None, each.name) for each in mentions.attributes}
        rows = {number for relation in relations for number in relation.types}
        if uses_rows or mentions.columns & {alias for alias, _ in mentions.aliases}:
            rows |= {relation.row_type for relation in relations if relation.is_named}
        cast = {number for relation in relations for number in relation.casts_to}
        cast |= rows if _fills_rows(mentions) else set()
        types = (await store.type_find(self._session, named, cast)).all
        touched = await store.type_find(
            self._session,
            oids=rows | types | {number for each in functions for number in each.types},
            operators={operator.name for operator in mentions.operators},
        )
        taken_on = touched.all if _spreads_types(mentions, functions) else touched.elements
        types |= taken_on if mentions.calls or mentions.operators else frozenset()
        for route in self._routes:
            if _is_open(route, mentions, types, touched.all):
                await self._check_oids(route.calls, (*via, str(route)))

    async def _check_new_names(self, mentions: Mentions, meant: Sequence[Meant]) -> None:
        """A table that is not there yet is one in the first schema of the search path, or in the one it names."""
        known = {relation.asked for relation in meant}
        path = [each for each in await store.path_current(self._session) if not each.startswith("pg_")]
        for named in mentions.relations - known:
            schema = named.schema or (path[0] if path else "")
            check_table(schema, named.name, self._definition)


def _check_targets(mentions: Mentions, meant: Iterable[Meant], relations: Iterable[Relation]) -> None:
    """Refuse writing PostgreSQL's own tables, which superusers could, also through a view."""
    written = {each.oid: each.asked for each in meant if each.asked in mentions.targets}
    for relation in relations:
        is_written = relation.root in written and (relation.is_named or mentions.nodes & _WRITE_ROWS)
        if is_written and relation.is_shipped:
            via = () if relation.is_named else (f"writing {written[relation.root]}",)
            raise _refused(str(relation), Objection("it is a table of PostgreSQL itself", ""), via)


def _is_called(function: Function, mentions: Mentions) -> bool:
    return any(
        call.name == function.name
        and call.schema in (None, function.schema, "pg_temp")
        and function.takes(call.arguments)
        for call in mentions.calls
    )


def _calling(mentions: Mentions, meant: Sequence[Meant], relations: Sequence[Relation]) -> list[Attribute]:
    """Return the attributes that can be calls: no column has that name in everything that the alias stands for."""
    columns = {relation.oid: relation.columns for relation in relations if relation.is_named}
    having = {(each.asked, column) for each in meant for column in columns.get(each.oid, ())}
    return [each for each in mentions.attributes if not _is_column(each, mentions, having)]


def _is_column(attribute: Attribute, mentions: Mentions, columns: Container[tuple[Named | None, str]]) -> bool:
    stands_for = _stands_for(attribute, mentions)
    is_table = bool(stands_for) and attribute.owner not in mentions.queries
    return is_table and all((relation, attribute.name) in columns for relation in stands_for)


def _cast(meant: Sequence[Meant], relations: Sequence[Relation]) -> set[Named]:
    """Return the relations whose rows are cast to something."""
    cast = {relation.oid for relation in relations if relation.has_casts}
    return {each.asked for each in meant if each.oid in cast}


def _called_as_attributes(
    functions: Iterable[Function], attributes: Iterable[Attribute], mentions: Mentions, cast: Container[Named | None]
) -> list[Function]:
    """Return the functions that `t.name` and `(x).name` call."""
    return [
        function
        for function in functions
        if function.takes(1)
        for attribute in attributes
        if attribute.name == function.name and _takes(function, attribute, mentions, cast)
    ]


def _takes(function: Function, attribute: Attribute, mentions: Mentions, cast: Container[Named | None]) -> bool:
    """Whether a function takes what stands before the dot: any value, or rows of tables, or of a query."""
    stands_for, is_query = _stands_for(attribute, mentions), attribute.owner in mentions.queries
    if attribute.of_expression or None in stands_for or not (stands_for or is_query):
        return True
    if any(relation in cast for relation in stands_for):
        return True
    return function.takes_rows if stands_for else function.takes_any_rows


def _stands_for(attribute: Attribute, mentions: Mentions) -> list[Named | None]:
    return [relation for alias, relation in mentions.aliases if alias == attribute.owner]


def _is_open(route: Route, mentions: Mentions, types: frozenset[int], touched: frozenset[int]) -> bool:
    if route.route == "domain":
        return route.types <= types or _names_type(route.name, mentions)
    if route.route == "operator":
        return _is_used(route, mentions) and (route.stands_alone or route.types <= touched)
    return route.types <= touched and (route.named_type is None or route.named_type in types)


def _is_used(route: Route, mentions: Mentions) -> bool:
    for operator in mentions.operators:
        if operator.name == route.name and (operator.schema == route.schema if operator.schema else route.is_visible):
            return True
    return route.name in _COMPARISONS and bool(route.types)


def _names_type(name: str, mentions: Mentions) -> bool:
    """Whether a value could be checked for a type that is named by a string."""
    asked = [call.texts[1] for call in mentions.calls if call.name in _ASKS_TYPE and len(call.texts) > 1]
    return any(text is None or name.lower() in text.lower() for text in asked)


def _fills_rows(mentions: Mentions) -> bool:
    """Whether values are made into rows of a type that only an argument has; `#=` is hstore's operator for it."""
    names = {call.name for call in mentions.calls} | {operator.name for operator in mentions.operators}
    return any("populate_record" in name or name == "#=" for name in names)


def _spreads_types(mentions: Mentions, functions: Iterable[Function]) -> bool:
    """Whether text may become of the type that another value has: in arrays, and by functions of any type."""
    if mentions.has_array or any(call.name in _SPREADING for call in mentions.calls):
        return True
    return any(function.takes_any_rows and function.most > 1 for function in functions)


def _in(schemas: Sequence[str], names: Iterable[tuple[str | None, str]]) -> set[tuple[str | None, str]]:
    """Look names up in the search path, and in the schemas that a function puts into its own."""
    wanted = set(names)
    return wanted | {(each, name) for schema, name in wanted if schema is None for each in schemas}


def _schemas(function: Function) -> tuple[str, ...]:
    if function.search_path is None:
        return ()
    return tuple(part.strip().strip('"') for part in function.search_path.split(","))


def _refused(what: str, objection: Objection, via: _Via) -> StatementRefused:
    path = f", to which {' and '.join(via)} leads" if via else ""
    return StatementRefused(f"{what} is refused{path}: {objection.why}", hint=objection.way_out, refused=what)
