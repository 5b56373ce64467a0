"""Links, references and comments in sets: what is refused, and that two writers at once close no cycle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moorage.workflow.errors import EntityDeleted, EntityNotFound, LinkRefused
from moorage.workflow.work import store
from moorage.workflow.work.linking import (
    comments_add_in,
    links_add_in,
    links_remove_in,
    references_add_in,
    references_remove_in,
)
from moorage.workflow.work.models import CodeReference, Link, LinkKind, NewComment, NewReference
from tests.support.work_items import make_task, workflow_with_tasks

PARENT, BLOCKS, RELATES = LinkKind.PARENT, LinkKind.BLOCKS, LinkKind.RELATES


@pytest.fixture
async def tasks(connections, project):
    """Ids of eight tasks, T-1 to T-8."""
    service = await workflow_with_tasks(connections, project.name)
    return [(await make_task(service, project.name)).id for _ in range(8)]


@pytest.fixture
async def add(connections, project):
    """Adds links in a transaction of their own."""

    async def add(*links: Link) -> list[Link]:
        async with connections.get_project_connection(project.name) as connection, connection.transaction():
            return await links_add_in(connection, links, actor="ann")

    return add


@pytest.fixture
async def remove(connections, project):
    """Removes links in a transaction of their own."""

    async def remove(*links: Link) -> list[Link]:
        async with connections.get_project_connection(project.name) as connection, connection.transaction():
            return await links_remove_in(connection, links, actor="ann")

    return remove


async def test_links_are_added_once(add, tasks):
    one, two, three, *_ = tasks
    links = [Link(one, BLOCKS, two), Link(three, PARENT, two)]
    assert sorted(await add(*links), key=str) == sorted(links, key=str)
    assert await add(*links) == []


async def test_a_link_without_direction_is_one_link_from_both_sides(add, tasks):
    one, two, *_ = tasks
    assert len(await add(Link(one, RELATES, two), Link(two, RELATES, one))) == 1


async def test_a_second_parent_is_refused(add, tasks):
    one, two, three, *_ = tasks
    await add(Link(one, PARENT, two))
    with pytest.raises(LinkRefused, match=r"T-1 has a parent already, T-2; T-3 cannot be another"):
        await add(Link(one, PARENT, three))
    with pytest.raises(LinkRefused):
        await add(Link(three, PARENT, one), Link(three, PARENT, two))


async def test_a_second_parent_is_refused_also_when_the_first_goes_meanwhile(add, remove, tasks, monkeypatch):
    one, two, three, *_ = tasks
    await add(Link(one, PARENT, two))
    insert = store.link_insert_in

    async def insert_and_lose_the_first(*args: Any, **options: Any) -> list[Link]:
        added = await insert(*args, **options)
        await remove(Link(one, PARENT, two))
        return added

    monkeypatch.setattr(store, "link_insert_in", insert_and_lose_the_first)
    with pytest.raises(LinkRefused, match=r"T-1 has a parent already, T-2"):
        await add(Link(one, PARENT, three))


async def test_an_entity_is_not_linked_with_itself(add, tasks):
    with pytest.raises(LinkRefused, match="itself"):
        await add(Link(tasks[0], RELATES, tasks[0]))


async def test_a_refused_cycle_names_its_way(add, tasks):
    one, two, three, *_ = tasks
    await add(Link(one, BLOCKS, two), Link(two, BLOCKS, three))
    with pytest.raises(LinkRefused) as refused:
        await add(Link(three, BLOCKS, one))
    way = refused.value.details["cycle"]
    assert way[0] == way[-1]
    assert set(way) == {"T-1", "T-2", "T-3"}


@pytest.mark.parametrize(
    "links",
    [
        [(1, PARENT, 2), (2, PARENT, 1)],
        [(1, PARENT, 2), (2, BLOCKS, 1)],  # a parent that blocks its part
        [(1, PARENT, 2), (1, BLOCKS, 2)],  # a part that blocks its parent, and with it itself
        [(1, PARENT, 2), (2, PARENT, 3), (3, BLOCKS, 1)],
        [(1, PARENT, 2), (2, PARENT, 3), (1, BLOCKS, 3)],
        [(1, PARENT, 2), (3, BLOCKS, 2), (1, BLOCKS, 3)],  # the parent's blocker waits for the part
        [(1, PARENT, 2), (3, PARENT, 4), (2, BLOCKS, 3), (4, BLOCKS, 1)],
        [(1, PARENT, 2), (3, PARENT, 4), (1, BLOCKS, 4), (3, BLOCKS, 2)],
    ],
)
async def test_links_after_which_nothing_could_become_ready_are_refused_in_any_order(add, tasks, links):
    made = [Link(tasks[source], kind, tasks[target]) for source, kind, target in links]
    await add(*made[1:])
    with pytest.raises(LinkRefused):
        await add(made[0])
    with pytest.raises(LinkRefused):
        await add(*made)


@pytest.mark.parametrize(
    "links",
    [
        [(1, PARENT, 3), (2, PARENT, 3), (1, BLOCKS, 2)],  # parts in an order
        [(1, PARENT, 2), (3, BLOCKS, 2), (4, BLOCKS, 1), (4, BLOCKS, 3)],
        [(1, PARENT, 2), (3, PARENT, 4), (2, BLOCKS, 4), (1, BLOCKS, 3)],
        [(1, PARENT, 2), (3, PARENT, 4), (1, BLOCKS, 4), (2, BLOCKS, 3)],
    ],
)
async def test_links_that_leave_a_way_to_begin_are_added(add, tasks, links):
    made = [Link(tasks[source], kind, tasks[target]) for source, kind, target in links]
    assert len(await add(*made)) == len(made)


async def test_of_two_opposite_links_at_once_exactly_one_is_added(add, remove, tasks):
    for kinds in [(BLOCKS, BLOCKS), (PARENT, BLOCKS), (PARENT, PARENT)] * 5:
        pair = tasks[:2]
        links = [Link(pair[0], kinds[0], pair[1]), Link(pair[1], kinds[1], pair[0])]
        outcomes = await asyncio.gather(*(add(each) for each in links), return_exceptions=True)
        refused = [each for each in outcomes if isinstance(each, LinkRefused)]
        added = [each for each in outcomes if isinstance(each, list)]
        assert (len(refused), len(added)) == (1, 1), outcomes
        assert len(await remove(*links)) == 1


async def test_links_to_what_is_not_there_are_refused(add, tasks, connections, project):
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute("UPDATE workflow.entities SET deleted_at = now() WHERE id = $1", tasks[1])
        with pytest.raises(EntityDeleted, match="T-2"):
            await add(Link(tasks[0], BLOCKS, tasks[1]))
        await connection.execute("DELETE FROM workflow.entities WHERE id = $1", tasks[1])
        with pytest.raises(EntityNotFound):
            await add(Link(tasks[0], BLOCKS, tasks[1]))


async def test_references_and_comments_are_added_in_sets(tasks, connections, project):
    one, two, *_ = tasks
    file = CodeReference(kind="file", target="src/app.py", start_line=10, end_line=20)
    references = [NewReference(one, file), NewReference(two, file)]
    async with connections.get_project_connection(project.name) as connection, connection.transaction():
        assert await references_add_in(connection, references, actor="ann") == 2
        assert await references_add_in(connection, references, actor="ann") == 0
        assert await references_remove_in(connection, references[:1], actor="ann") == 1
        said = await comments_add_in(connection, [NewComment(two, "Yes."), NewComment(one, "No.")], actor="ann")
    assert [(each.body, each.created_by) for each in said] == [("Yes.", "ann"), ("No.", "ann")]


async def test_every_change_of_a_link_a_reference_or_a_comment_is_in_the_feed(add, remove, tasks, connections, project):
    one, two, *_ = tasks
    await add(Link(one, BLOCKS, two))
    await remove(Link(one, BLOCKS, two))
    async with connections.get_project_connection(project.name) as connection, connection.transaction():
        await comments_add_in(connection, [NewComment(one, "No.")], actor="ann")
        await references_add_in(connection, [NewReference(one, CodeReference(kind="file", target="a"))], actor="ann")
        rows = await connection.fetch(
            "SELECT subject, operation, created_by FROM workflow.changes WHERE subject IN ('link', 'comment')"
            " ORDER BY txid, seq"
        )
    assert [tuple(row) for row in rows] == [
        ("link", "add", "ann"), ("link", "remove", "ann"), ("comment", "add", "ann"), ("link", "add", "ann"),
    ]  # fmt: skip
