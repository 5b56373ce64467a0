"""Whatever the graph of work: PostgreSQL finds ready what the rule says, and links that end all hope are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.core.postgres.pools import Connection, connect
from moorage.workflow.errors import LinkRefused
from moorage.workflow.work import store
from moorage.workflow.work.graph import beginnings, find_cycle, longest_chain, waits_of
from moorage.workflow.work.linking import links_add_in
from moorage.workflow.work.models import Link, LinkKind
from tests.support.work_items import workflow_with_tasks
from tests.support.work_oracle import Edge, Thing, can_be_finished, ready_among

COUNT = 7
PLACES = st.integers(0, COUNT - 1)
PAIRS = st.tuples(PLACES, PLACES).filter(lambda pair: pair[0] != pair[1])
THINGS = st.builds(
    Thing,
    is_open=st.sampled_from([True, True, True, False]),
    is_deleted=st.sampled_from([False] * 5 + [True]),
    is_claimed=st.sampled_from([False] * 4 + [True]),
)


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    """Links of a few things, each with one parent at most; with cycles or without, in any order."""
    parents = draw(st.dictionaries(PLACES, PLACES, max_size=COUNT))
    blocks = draw(st.lists(PAIRS, max_size=COUNT, unique=True))
    edges = [(child, LinkKind.PARENT, parent) for child, parent in parents.items() if child != parent]
    return draw(st.permutations(edges + [(source, LinkKind.BLOCKS, target) for source, target in blocks]))


def ids_of(edges: Sequence[Edge]) -> list[Link]:
    return [Link(UUID(int=source), kind, UUID(int=target)) for source, kind, target in edges]


@settings(max_examples=200, deadline=None)
@given(edges=graphs())
def test_a_cycle_is_found_exactly_where_not_all_work_could_be_finished(edges):
    assert (find_cycle(waits_of(ids_of(edges))) is None) == can_be_finished(COUNT, edges)


@settings(max_examples=200, deadline=None)
@given(edges=graphs().filter(lambda edges: can_be_finished(COUNT, edges)))
def test_what_one_begins_with_is_ready_and_the_longest_chain_begins_there(edges):
    waits, ready = waits_of(ids_of(edges)), ready_among([Thing()] * COUNT, edges)
    for place in range(COUNT):
        found = {each.int for each in beginnings(waits, UUID(int=place))}
        assert found <= ready
        assert bool(found) == (place not in ready)
        chain, length = longest_chain(waits, lambda _: 1.0, until=UUID(int=place))
        assert length == len(chain) == len(set(chain))
        assert chain[0].int in ready


@pytest.fixture
def database(address, project, connections) -> Iterator[tuple[asyncio.Runner, Connection]]:
    """A loop of the test's own, since hypothesis calls plain functions, and a connection in it."""
    with asyncio.Runner() as runner:
        connection = runner.run(connect(address, project.database_name))
        yield runner, connection
        runner.run(connection.close())


@pytest.fixture
async def tasks(connections, project) -> None:
    await workflow_with_tasks(connections, project.name)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(things=st.lists(THINGS, min_size=COUNT, max_size=COUNT), edges=graphs())
def test_what_is_ready_is_what_the_rule_says(database, tasks, things, edges):
    runner, connection = database
    added, ready, holds = runner.run(outcome(connection, things, edges))
    assert can_be_finished(COUNT, added)
    assert all(not can_be_finished(COUNT, [*added, each]) for each in edges if each not in added)
    assert ready == ready_among(things, added)
    for place, thing in enumerate(things):
        if thing.holds_up and not thing.is_claimed:
            assert (place in ready) == (not holds[place])


async def outcome(
    connection: Connection, things: Sequence[Thing], edges: Sequence[Edge]
) -> tuple[list[Edge], set[int], list[bool]]:
    """Return the links that were not refused, what is ready then, and whether anything holds each thing up."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        added = await add_each(connection, edges)
        await write_states(connection, things)
        ready, total = await store.entity_ready(connection, limit=COUNT)
        assert total == len(ready)
        near = await store.entity_near(connection, schema_name=None, limit=COUNT)
        assert near == [entity_id for entity_id, _ in ready]
        holds = [bool(await store.hold_list(connection, UUID(int=place))) for place in range(COUNT)]
        return added, {entity_id.int for entity_id, _ in ready}, holds
    finally:
        await transaction.rollback()


async def add_each(connection: Connection, edges: Sequence[Edge]) -> list[Edge]:
    await connection.execute(
        "INSERT INTO workflow.entities (id, key, schema_name, schema_version, data, is_open)"
        " SELECT lpad(to_hex(n), 32, '0')::uuid, 'T-' || n, 'task', 1, '{}', true"
        " FROM generate_series(0, $1::integer) AS n",
        COUNT - 1,
    )
    added = []
    for edge, link in zip(edges, ids_of(edges), strict=True):
        try:
            async with connection.transaction():
                await links_add_in(connection, [link], actor="ann")
            added.append(edge)
        except LinkRefused:
            pass
    return added


async def write_states(connection: Connection, things: Sequence[Thing]) -> None:
    for place, thing in enumerate(things):
        await connection.execute(
            "UPDATE workflow.entities SET is_open = $2, deleted_at = CASE WHEN $3 THEN now() END WHERE id = $1",
            UUID(int=place),
            thing.is_open,
            thing.is_deleted,
        )
        if thing.is_claimed:
            await connection.execute(
                "INSERT INTO workflow.claims (entity_id, holder, expires_at)"
                " VALUES ($1, 'ann', now() + interval '1 hour')",
                UUID(int=place),
            )
