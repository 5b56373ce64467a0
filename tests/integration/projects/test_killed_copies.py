"""A process that is killed while it copies a project leaves the old state or the new one, and repeating finishes."""

from __future__ import annotations

import asyncio

import pytest

from moorage.projects import store
from moorage.projects.errors import NameTaken, ProjectNotReady
from moorage.projects.models import ProjectState
from moorage.projects.staging import STAGING_PREFIX, is_abandoned
from tests.support.copying_process import copying_process


@pytest.fixture(autouse=True)
async def abandoned(admin, connections, project, projects, name):
    """What killed processes leave is found by its lock, as the doctor finds it, and dropped after the test."""
    yield
    left = await admin.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", STAGING_PREFIX)
    async with connections.registry_pool.acquire() as registry:
        for row in left:
            assert await is_abandoned(registry, row["datname"])
            await admin.execute(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)')
    for other in (f"{name}_b", f"{name}_s"):
        if await store.project_by_name(connections.registry_pool, other):
            await projects.delete(other, confirm=other, force=True)


@pytest.fixture
async def killed(address, connections):
    """Run a copy up to a point and kill it there; its lock is free when this returns."""

    async def kill(hold_before: str, action: str, project: str, other: str, *, locked: str) -> None:
        async with copying_process(address, hold_before, action, project, other) as process:
            process.kill()
        async with asyncio.timeout(10), connections.provisioner.registry_transaction() as waiting:
            await store.project_lock_in(waiting, locked)

    return kill


async def write(connections, project: str, line: str) -> None:
    async with connections.get_project_connection(project) as connection:
        await connection.execute("INSERT INTO moorage.lines (name) VALUES ($1)", line)


async def written(connections, project: str) -> set[str]:
    async with connections.get_project_connection(project) as connection:
        return set(await store.line_names(connection)) - {"projects", "codebase", "workflow"}


@pytest.mark.parametrize("hold_before", ["write_identity", "put_in_place"])
async def test_a_clone_killed_in_the_middle_is_made_by_the_next_call(
    projects, project, connections, killed, name, hold_before
):
    await killed(hold_before, "clone", name, f"{name}_b", locked=f"{name}_b")
    with pytest.raises(ProjectNotReady, match="copying"):
        await written(connections, f"{name}_b")
    await write(connections, name, "since")
    clone = await projects.copies.clone(name, f"{name}_b", force=True)
    assert clone.state is ProjectState.READY
    assert await written(connections, clone.name) == {"since"}


async def test_a_clone_killed_when_all_was_copied_is_not_overwritten(projects, project, connections, killed, name):
    await killed("enter", "clone", name, f"{name}_b", locked=f"{name}_b")
    with pytest.raises(NameTaken, match="database"):
        await projects.copies.clone(name, f"{name}_b")
    assert (await projects.get(f"{name}_b")).state is ProjectState.COPYING


@pytest.mark.parametrize(("hold_before", "left"), [("write_identity", {"before", "after"}), ("_answers", {"before"})])
async def test_a_rollback_killed_in_the_middle_leaves_the_old_or_the_new(
    projects, project, connections, killed, name, hold_before, left
):
    await write(connections, name, "before")
    await projects.copies.snapshot(name, label="s", force=True)
    await write(connections, name, "after")
    await connections.forget(project)
    await killed(hold_before, "rollback", name, f"{name}_s", locked=name)
    assert await written(connections, name) == left
    await projects.copies.rollback(name, to=f"{name}_s", confirm=name, force=True)
    assert await written(connections, name) == {"before"}
