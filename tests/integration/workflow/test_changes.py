"""The feed of changes: every change once, in an order that nothing comes into from behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.errors import InvalidInput
from moorage.core.postgres.errors import StatementFailed
from moorage.core.postgres.pools import Connection, connect
from moorage.projects.errors import ProjectNotFound
from moorage.workflow.errors import CursorGone, InvalidCursor
from moorage.workflow.feed import service as feed_service
from moorage.workflow.feed.models import ChangePage
from moorage.workflow.feed.service import NOW, ChangeFeed
from tests.support.waiting import soon, until
from tests.support.work_items import make_task, workflow_with_tasks

WRITE = "INSERT INTO workflow.changes (subject, operation, created_by) VALUES ('comment', 'create', $1)"
WRITERS, TRANSACTIONS = 12, 20


@pytest.fixture
def feed(connections) -> ChangeFeed:
    return ChangeFeed(connections, poll_seconds=0.01)


@pytest.fixture
async def own(project, address) -> AsyncIterator[Connection]:
    connection = await connect(address, project.database_name)
    yield connection
    await connection.close()


@pytest.fixture
async def other(project, address) -> AsyncIterator[Connection]:
    connection = await connect(address, project.database_name)
    yield connection
    await connection.close()


def written(page: ChangePage) -> list[str]:
    return [each.created_by for each in page.changes]


async def read(feed: ChangeFeed, project: str, cursor: str | None, count: int, **wanted) -> tuple[list[str], str]:
    """Read on until so many changes have come; return who made them, and the cursor behind them."""
    names: list[str] = []
    while len(names) < count:
        page = await feed.changes(project, cursor, wait_seconds=20, **wanted)
        assert page.changes
        cursor, names = page.next_cursor, names + written(page)
    assert cursor is not None
    return names, cursor


async def test_a_transaction_that_commits_late_is_neither_lost_nor_put_before_what_was_read(feed, project, own, other):
    """The serial of the late row is below that of the row that was there first: a cursor over serials loses it."""
    begin = (await feed.changes(project.name, NOW)).next_cursor
    async with own.transaction():
        await own.execute(WRITE, "slow")
        await other.execute(WRITE, "fast")
        held_back = await feed.changes(project.name, begin)
        assert (written(held_back), held_back.has_more) == ([], False)
    names, _ = await read(feed, project.name, held_back.next_cursor, 2)
    assert names == ["slow", "fast"]


async def test_what_was_written_before_an_open_transaction_began_is_read(feed, project, own, other):
    await other.execute(WRITE, "before")
    async with own.transaction():
        await own.execute(WRITE, "open")
        names, cursor = await read(feed, project.name, None, 1)
        assert names == ["before"]
    assert (await read(feed, project.name, cursor, 1))[0] == ["open"]


async def test_many_writers_and_a_reader_meanwhile_every_change_comes_once(feed, project, address, own):
    start = (await feed.changes(project.name, NOW)).next_cursor
    is_over = asyncio.Event()

    async def write(number: int) -> None:
        chance = random.Random(number)
        connection = await connect(address, project.database_name)
        for count in range(TRANSACTIONS):
            transaction = connection.transaction()
            await transaction.start()
            for row in range(chance.randint(1, 3)):
                await connection.execute(WRITE, f"{number} {count} {row}")
                await asyncio.sleep(0)
            await (transaction.rollback() if chance.random() < 0.2 else transaction.commit())
        await connection.close()

    async def follow() -> list[str]:
        names, cursor = [], start
        while True:
            was_over = is_over.is_set()
            page = await feed.changes(project.name, cursor, limit=7)
            names, cursor = names + written(page), page.next_cursor
            if was_over and len(names) >= await own.fetchval("SELECT count(*) FROM workflow.changes"):
                return names

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(follow())
        async with asyncio.TaskGroup() as writing:
            for number in range(WRITERS):
                writing.create_task(write(number))
        is_over.set()
    rows = await own.fetch("SELECT created_by FROM workflow.changes ORDER BY txid, seq")
    assert reading.result() == [row["created_by"] for row in rows]
    assert len(rows) > WRITERS * TRANSACTIONS


async def test_a_write_that_is_rolled_back_leaves_no_version_and_no_change(connections, project, own):
    service = await workflow_with_tasks(connections, project.name)
    task = await make_task(service, project.name)
    counts = "SELECT (SELECT count(*) FROM workflow.entity_versions), (SELECT count(*) FROM workflow.changes)"
    before = await own.fetchrow(counts)
    await own.execute("ALTER TABLE workflow.changes ADD CONSTRAINT nothing CHECK (operation <> 'update') NOT VALID")
    with pytest.raises(StatementFailed, match="nothing"):
        await service.entities.update(project.name, task.key, {"title": "Other"}, mode="merge", expected_version=1)
    assert await own.fetchrow(counts) == before
    assert (await service.entities.get(project.name, task.key)).data["title"] == "Mend the roof"


async def test_a_change_says_what_was_done_to_which_entity_and_by_whom(connections, feed, project):
    service = await workflow_with_tasks(connections, project.name)
    start = (await feed.changes(project.name, subjects=["type"], wait_seconds=20)).next_cursor
    with acting_as(Caller("ada", Scope.WRITE)):
        task = await make_task(service, project.name)
    change = (await feed.changes(project.name, start, wait_seconds=20)).changes[0]
    assert (change.subject, change.operation, change.version) == ("entity", "create", 1)
    assert (change.entity_id, change.key, change.schema_name) == (task.id, task.key, "task")
    assert (change.created_by, change.created_at, change.detail) == ("ada", task.created_at, {})


async def test_only_subjects_and_types_asked_for_come(connections, feed, project, own):
    service = await workflow_with_tasks(connections, project.name)
    await service.types.register(project.name, "note", {"type": "object"})
    await make_task(service, project.name)
    await own.execute(WRITE, "a comment")
    await read(feed, project.name, None, 4)
    page = await feed.changes(project.name, subjects=["type", "comment"])
    assert [each.subject for each in page.changes] == ["type", "type", "comment"]
    assert [each.subject for each in (await feed.changes(project.name, schema_names=["task"])).changes] == [
        "type",
        "entity",
    ]


async def test_a_page_without_anything_wanted_goes_on_behind_what_it_looked_through(feed, project, own, monkeypatch):
    monkeypatch.setattr(feed_service, "SCANNED", 3)
    await own.executemany(WRITE, [(str(number),) for number in range(4)])
    await own.execute("UPDATE workflow.changes SET subject = 'link' WHERE created_by = '3'")
    await read(feed, project.name, None, 4)
    first = await feed.changes(project.name, subjects=["link"])
    assert (written(first), first.has_more) == ([], True)
    second = await feed.changes(project.name, first.next_cursor, subjects=["link"])
    assert (written(second), second.has_more) == (["3"], False)


async def test_pages_say_whether_there_is_more(feed, project, own):
    await own.executemany(WRITE, [(str(number),) for number in range(3)])
    await read(feed, project.name, None, 3)
    first = await feed.changes(project.name, limit=2)
    last = await feed.changes(project.name, first.next_cursor, limit=2)
    assert [(written(each), each.has_more) for each in (first, last)] == [(["0", "1"], True), (["2"], False)]


async def test_now_gives_only_what_comes_from_here_on(feed, project, own):
    await own.execute(WRITE, "old")
    await read(feed, project.name, None, 1)
    page = await feed.changes(project.name, NOW)
    assert written(page) == []
    await own.execute(WRITE, "new")
    assert (await read(feed, project.name, page.next_cursor, 1))[0] == ["new"]


async def test_since_begins_with_the_first_change_after_a_time(feed, project, own):
    for name in ("old", "new"):
        await own.execute(WRITE, name)
    await own.execute("UPDATE workflow.changes SET created_at = now() - interval '1 day' WHERE created_by = 'old'")
    names, _ = await read(feed, project.name, None, 1, since=datetime.now(UTC) - timedelta(hours=1))
    assert names == ["new"]
    assert written(await feed.changes(project.name, since=datetime.now(UTC) + timedelta(hours=1))) == []
    assert len((await read(feed, project.name, None, 2, since=datetime(2020, 1, 1, tzinfo=UTC)))[0]) == 2


async def test_a_call_that_waits_returns_as_soon_as_something_comes(feed, project, own, connections):
    waiting = asyncio.create_task(feed.changes(project.name, wait_seconds=20))
    await until(lambda: _was_asked(connections, project.name))
    await own.execute(WRITE, "awaited")
    assert written(await waiting) == ["awaited"]


async def _was_asked(connections, name: str) -> bool:
    return name in connections.get_pool_stats()


async def test_a_call_that_waits_in_vain_returns_with_a_cursor_to_go_on_with(feed, project, own):
    page = await feed.changes(project.name, wait_seconds=0.02)
    assert (page.changes, page.has_more) == ([], False)
    await own.execute(WRITE, "later")
    assert (await read(feed, project.name, page.next_cursor, 1))[0] == ["later"]


async def test_a_cursor_whose_change_was_purged_is_refused(feed, project, own):
    await own.executemany(WRITE, [("purged",), ("kept",)])
    _, cursor = await read(feed, project.name, None, 2, limit=1)
    first = (await feed.changes(project.name, limit=1)).next_cursor
    await own.execute("DELETE FROM workflow.changes WHERE created_by = 'purged'")
    with pytest.raises(CursorGone) as refusal:
        await feed.changes(project.name, first)
    assert '"now"' in refusal.value.hint
    assert written(await feed.changes(project.name, cursor)) == []


@pytest.mark.parametrize("cursor", ["", "nonsense", "1.W10.AAAAAAAAAAAAAAAAAAAAAA"])
async def test_a_cursor_that_is_none_is_refused(feed, project, cursor):
    with pytest.raises(InvalidCursor):
        await feed.changes(project.name, cursor)


@pytest.mark.parametrize(
    "arguments",
    [
        {"limit": 0},
        {"limit": 501},
        {"wait_seconds": -1},
        {"wait_seconds": 61},
        {"cursor": "now", "since": datetime(2026, 1, 1, tzinfo=UTC)},
        {"since": datetime(2026, 1, 1)},  # noqa: DTZ001  (that it has no time zone is the point)
    ],
)
async def test_unfit_arguments_are_refused(feed, project, arguments):
    with pytest.raises(InvalidInput):
        await feed.changes(project.name, **arguments)


async def test_the_changes_of_a_project_that_the_caller_may_not_see_are_not_read(feed, project):
    with acting_as(Caller("stranger", Scope.ADMIN, frozenset({"another"}))), pytest.raises(ProjectNotFound):
        await feed.changes(project.name)


async def test_the_latest_changes_come_last_first_with_a_cursor_behind_them(feed, project, own):
    await own.executemany(WRITE, [("first",), ("second",)])
    await read(feed, project.name, None, 2)
    latest = await feed.latest(project.name, limit=1)
    assert [each.created_by for each in latest.changes] == ["second"]
    await own.execute(WRITE, "third")
    assert (await read(feed, project.name, latest.next_cursor, 1))[0] == ["third"]


async def test_watching_tells_once_that_it_has_begun_and_then_of_news(connections, project, own):
    feed = ChangeFeed(connections, watch_seconds=0.01)
    await own.execute(WRITE, "before")
    await read(feed, project.name, None, 1)
    watch = feed.watch(project.name)
    await anext(watch)
    await own.execute(WRITE, "news")
    await soon(anext(watch))
    assert (await feed.latest(project.name)).changes[0].created_by == "news"
    await watch.aclose()
