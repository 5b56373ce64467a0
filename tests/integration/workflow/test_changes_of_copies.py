"""The feed of projects whose database was copied: to another server, from a backup, beside the original."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from moorage.core.access import system_user
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connect
from moorage.operations.backup.taking import take_backup
from moorage.operations.moving import move_project
from moorage.operations.restore.models import Request
from moorage.operations.restore.restoring import restore_backup
from moorage.operations.settings import BackupSettings
from moorage.projects.service import ProjectService
from moorage.workflow.errors import CursorGone, InvalidCursor
from moorage.workflow.feed.diagnosing import FeedDiagnoses
from moorage.workflow.feed.service import ChangeFeed

WRITE = "INSERT INTO workflow.changes (subject, operation, created_by) VALUES ('comment', 'create', $1)"


@pytest.fixture
async def moving(servers, name: str) -> AsyncIterator[str]:
    """A project on the main server."""
    projects = ProjectService(servers)
    await projects.create(name, created_by=system_user().name)
    yield name
    await projects.delete(name, confirm=name, force=True)


async def write(connections, project: str, *names: str) -> None:
    """Write changes, each in a transaction of its own."""
    async with connections.get_project_connection(project) as connection:
        for name in names:
            await connection.execute(WRITE, name)


async def read(connections, project: str, cursor: str | None, count: int) -> tuple[list[str], str]:
    """Read on until so many changes have come; return who made them, and the cursor behind them."""
    feed, names = ChangeFeed(connections, poll_seconds=0.01), []
    while len(names) < count:
        page = await feed.changes(project, cursor, wait_seconds=20)
        assert page.changes
        cursor, names = page.next_cursor, [*names, *(each.created_by for each in page.changes)]
    assert cursor is not None
    return names, cursor


async def count_beyond(address: Address, other: Address) -> None:
    """Let a server have counted many more transactions than another."""
    ahead, behind = await connect(address, "postgres"), await connect(other, "postgres")
    now = "SELECT pg_current_xact_id()::text::bigint"
    missing = await behind.fetchval(now) - await ahead.fetchval(now) + 1000
    await ahead.execute(
        f"DO $$ BEGIN FOR i IN 1..{missing} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
    )
    await ahead.close()
    await behind.close()


async def restored(connections, backup, name: str) -> None:
    report = await restore_backup(
        connections, backup, Request((name,), replace=True, force=True), settings=BackupSettings()
    )
    assert [each.error for each in report.projects] == [None]


async def test_a_cursor_goes_on_where_the_project_is_moved_to_and_back_again(servers, moving, address, second_server):
    """To a server that has counted more transactions, and to one that has counted fewer."""
    await count_beyond(second_server.start(), address)
    await write(servers, moving, "one", "two")
    names, cursor = await read(servers, moving, None, 2)
    for server in ("second", "main"):
        await write(servers, moving, f"before {server}")
        await move_project(servers, moving, to=server, force=True)
        await write(servers, moving, f"on {server}")
        more, cursor = await read(servers, moving, cursor, 2)
        names += more
    everything = ["one", "two", "before second", "on second", "before main", "on main"]
    assert names == everything
    assert (await read(servers, moving, None, 6))[0] == everything


async def test_what_was_copied_is_read_while_an_older_transaction_of_the_new_server_runs(
    servers, moving, address, second_server
):
    await count_beyond(address, second_server.start())
    await write(servers, moving, "copied")
    connection = await connect(second_server.start(), "postgres")
    async with connection.transaction():
        await connection.execute("SELECT pg_current_xact_id()")
        await move_project(servers, moving, to="second", force=True)
        names, cursor = await read(servers, moving, None, 1)
        assert names == ["copied"]
        await write(servers, moving, "held back")
        assert (await ChangeFeed(servers).changes(moving, cursor)).changes == []
    await connection.close()
    assert (await read(servers, moving, cursor, 1))[0] == ["held back"]


async def test_a_restored_project_goes_on_for_those_who_read_no_further_than_the_backup(connections, project, tmp_path):
    await write(connections, project.name, "one", "two")
    _, cursor = await read(connections, project.name, None, 2)
    backup = (await take_backup(connections, tmp_path, names=[project.name])).folder
    await restored(connections, backup, project.name)
    await write(connections, project.name, "three")
    assert (await read(connections, project.name, cursor, 1))[0] == ["three"]


async def test_who_read_further_than_a_backup_is_told_when_it_is_restored(connections, project, tmp_path):
    """New changes must never come under the numbers of lost ones: that they are as many makes it likely."""
    await write(connections, project.name, "one")
    backup = (await take_backup(connections, tmp_path, names=[project.name])).folder
    await write(connections, project.name, "lost")
    _, cursor = await read(connections, project.name, None, 2)
    await restored(connections, backup, project.name)
    await write(connections, project.name, "instead")
    with pytest.raises(CursorGone):
        await ChangeFeed(connections).changes(project.name, cursor)


async def test_who_read_further_than_a_snapshot_is_told_after_a_rollback(connections, projects, project):
    await write(connections, project.name, "one")
    _, kept = await read(connections, project.name, None, 1)
    snapshot = await projects.copies.snapshot(project.name, label="then", force=True)
    await write(connections, project.name, "lost")
    _, cursor = await read(connections, project.name, kept, 1)
    await projects.copies.rollback(project.name, to=snapshot.name, confirm=project.name, force=True)
    await projects.delete(snapshot.name, confirm=snapshot.name, force=True)
    with pytest.raises(CursorGone):
        await ChangeFeed(connections).changes(project.name, cursor)
    await write(connections, project.name, "instead")
    assert (await read(connections, project.name, kept, 1))[0] == ["instead"]


async def test_a_clone_refuses_cursors_of_its_source_and_has_changes_of_its_own(connections, projects, project):
    await write(connections, project.name, "one")
    _, cursor = await read(connections, project.name, None, 1)
    clone = await projects.copies.clone(project.name, f"{project.name}_b", force=True)
    with pytest.raises(InvalidCursor):
        await ChangeFeed(connections).changes(clone.name, cursor)
    await write(connections, clone.name, "in the clone")
    assert (await read(connections, clone.name, None, 2))[0] == ["one", "in the clone"]
    await projects.delete(clone.name, confirm=clone.name, force=True)


async def test_a_copy_made_without_moorage_is_found_and_mended(connections, project):
    """Its changes have numbers that this server has not reached, as after pg_dump and pg_restore by hand."""
    await write(connections, project.name, "before")
    diagnose = FeedDiagnoses(ChangeFeed(connections)).numbers
    async with connections.get_project_connection(project.name) as connection:
        assert await diagnose(project.name, connection) == []
        await connection.execute("UPDATE workflow.changes SET txid = txid + 1000000")
        (finding,) = await diagnose(project.name, connection)
        assert finding.code == "feed_ahead"
    assert (await ChangeFeed(connections).changes(project.name)).changes == []
    assert finding.mend is not None
    await finding.mend()
    await write(connections, project.name, "after")
    assert (await read(connections, project.name, None, 2))[0] == ["before", "after"]
    async with connections.get_project_connection(project.name) as connection:
        assert await diagnose(project.name, connection) == []
