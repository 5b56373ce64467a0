"""Whatever the documents and the filter, PostgreSQL finds what plain Python finds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.core.postgres.pools import Connection, connect
from moorage.workflow.querying.field_names import FieldNames
from moorage.workflow.querying.filters import parse_filter
from moorage.workflow.querying.sorting import BY_ID
from moorage.workflow.querying.statements import Composition
from moorage.workflow.querying.store import run
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.models import IndexedField, StoredType, TypeRules
from tests.support.filter_oracle import holds

PROPERTIES = {
    "n": {"type": "number"},
    "s": {"type": "string"},
    "t": {"type": "string", "format": "date-time"},
    "u": {"type": "string"},
    "list": {"type": "array"},
    "o": {"type": "object", "properties": {"n": {"type": "integer"}}},
}
INDEXES = [*(IndexedField(field=name) for name in ("n", "s", "t", "o.n")), IndexedField(field="u", unique=True)]
TIMES = frozenset({"t"})

INSTANTS = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31t23:59:59.5z", "2026-01-01T00:00:00.000001Z"]
)
DATES = st.sampled_from(["2026-01-01", "2025-12-31"])
NO_TIMES = st.sampled_from(["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-13-01"])
WORDS = st.sampled_from(
    ["", "a", "A", "ab", "b", "é", "z", "\ufffd", "😀", "x" * 199, "x" * 200, "x" * 200 + "a", "%", "a_"]
)
TEXTS = WORDS | INSTANTS | DATES | NO_TIMES | st.text(max_size=3).filter(lambda text: "\x00" not in text)
NUMBERS = st.sampled_from([0, 1, 1.0, -1, 0.1, 1.5, 2**53 + 1, 1e17, 10**17 + 1, -0.0, 1e300]) | st.integers(-3, 3)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["b", "n", "0"]), inner, max_size=2),
    max_leaves=5,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "n": NUMBERS | VALUES,
        "s": TEXTS | VALUES,
        "t": INSTANTS | TEXTS,
        "list": st.lists(SCALARS, max_size=3) | VALUES,
        "o": st.fixed_dictionaries({}, optional={"n": NUMBERS | SCALARS}),
        "free": VALUES,
    },
)
UNTYPED = ("list", "list.0", "list.-1", "o", "free", "free.b", "free.0", "free.b.n")
BOUNDS = {"n": NUMBERS, "o.n": NUMBERS, "s": TEXTS, "u": TEXTS, "t": INSTANTS | DATES}


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """One field with one or two operators."""
    name = draw(st.sampled_from(["n", "s", "t", "u", "o.n", *UNTYPED]))
    bounds = BOUNDS.get(name, NUMBERS | TEXTS)
    values = bounds | VALUES
    operations: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("eq", "ne"), values),
        **dict.fromkeys(("in", "not_in"), st.lists(values, max_size=3)),
        **dict.fromkeys(("gt", "gte", "lt", "lte"), bounds),
        "exists": st.booleans(),
    }
    if name in UNTYPED:
        operations["contains"] = VALUES
    if name not in ("n", "o.n"):
        operations["prefix"] = TEXTS
    chosen = draw(st.lists(st.sampled_from(sorted(operations)), min_size=1, max_size=2, unique=True))
    return {name: {operator: draw(operations[operator]) for operator in chosen}}


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)


@pytest.fixture
async def thing_type(connections, project) -> StoredType:
    workflow = make_service(connections, WorkflowSettings())
    schema = {"type": "object", "properties": PROPERTIES}
    await workflow.types.register(project.name, "thing", schema, rules=TypeRules(key_prefix="X", indexes=INDEXES))
    async with connections.connection_to(project) as connection:
        return StoredType.model_validate(
            dict(await connection.fetchrow("SELECT * FROM workflow.entity_schemas WHERE schema_name = 'thing'"))
        )


@pytest.fixture
def database(address, project) -> Iterator[tuple[asyncio.Runner, Connection]]:
    """A loop of the test's own, since hypothesis calls plain functions, and a connection in it."""
    with asyncio.Runner() as runner:
        connection = runner.run(connect(address, project.database_name))
        yield runner, connection
        runner.run(connection.close())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=6), filters=FILTERS, is_alone=st.booleans())
def test_a_filter_finds_the_documents_that_the_oracle_finds(database, thing_type, documents, filters, is_alone):
    runner, connection = database
    expected = [place for place, each in enumerate(documents) if holds(filters, each, times=TIMES)]
    assert runner.run(places_found(connection, thing_type, documents, filters, is_alone=is_alone)) == expected


async def places_found(
    connection: Connection, row: StoredType, documents: list[Any], filters: dict[str, Any], *, is_alone: bool
) -> list[int]:
    """Return which of the documents PostgreSQL finds, as entities of the type or of any."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(
            "INSERT INTO workflow.entities (id, key, schema_name, schema_version, data)"
            " SELECT lpad(to_hex(place - 1), 32, '0')::uuid, 'X-' || place, 'thing', 1, document::jsonb"
            " FROM unnest($1::text[]) WITH ORDINALITY AS given (document, place)",
            [json.dumps(each) for each in documents],
        )
        composition = Composition()
        if is_alone:
            composition.of_type("thing")
        composition.where(parse_filter(filters, FieldNames([row])))
        rows = await run(connection, composition.page(["entities.id"], [BY_ID], begin=None, limit=100))
        return [each["id"].int for each in rows]
    finally:
        await transaction.rollback()
