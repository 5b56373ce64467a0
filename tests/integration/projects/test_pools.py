"""Connections under load: the budget holds, and cancelled, endless and cut calls leak nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from moorage.core.postgres import pools
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ProjectNotReady
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES

WAIT = 30.0


@pytest.fixture
def managed(address):
    """Open a manager with settings of the test's own: `async with managed(budget=2) as manager`."""

    @asynccontextmanager
    async def opened(**settings) -> AsyncGenerator[ProjectConnectionManager]:
        manager = ProjectConnectionManager(
            Provisioner(address, "mcp_registry", LINES), ConnectionSettings(registry_min=0, **settings)
        )
        await manager.initialize()
        try:
            yield manager
        finally:
            await manager.close()

    return opened


@pytest.fixture
async def several(projects: ProjectService, name: str):
    """Make projects of which the test has the names."""
    made: list[str] = []

    async def make(count: int) -> list[str]:
        made.extend([(await projects.create(f"{name}_{number}", created_by="test")).name for number in range(count)])
        return made

    yield make
    for each in made:
        await projects.delete(each, confirm=each, force=True)


async def pid(manager: ProjectConnectionManager, project: str, *, seconds: float = 0) -> int:
    async with manager.get_project_connection(project) as connection:
        await connection.execute(f"SELECT pg_sleep({seconds})")
        return connection.get_server_pid()


async def sessions(admin, names: list[str]) -> int:
    databases = [f"project_{each}" for each in names]
    return await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = ANY ($1)", databases)


async def until(condition) -> None:
    """Wait until something that the event loop brings about is true."""
    async with asyncio.timeout(WAIT):
        while not condition():
            await asyncio.sleep(0)


async def test_the_budget_is_never_exceeded_by_many_callers_of_many_projects(managed, several, admin):
    names = await several(12)
    async with managed(budget=6, project_max=3) as manager:
        calls = [asyncio.create_task(pid(manager, each, seconds=0.005)) for each in names * 6]
        most = 0
        while not all(call.done() for call in calls):
            # A session that was ended is on PostgreSQL's list for a moment more.
            most = max(most, min([await sessions(admin, names) for _ in range(3)]))
            assert manager.budget.used <= 6
        await asyncio.gather(*calls)
    assert 1 <= most <= 6


async def test_one_project_never_takes_more_than_its_share(managed, project, admin):
    async with managed(budget=10, project_max=2) as manager:
        calls = [asyncio.create_task(pid(manager, project.name, seconds=0.01)) for _ in range(12)]
        most = 0
        while not all(call.done() for call in calls):
            most = max(most, await sessions(admin, [project.name]))
        await asyncio.gather(*calls)
    assert most <= 2


async def test_cancelled_calls_leave_no_connection_behind(managed, project):
    async with managed(budget=2, project_max=2) as manager:
        for _ in range(5):
            calls = [asyncio.create_task(pid(manager, project.name, seconds=60)) for _ in range(6)]
            await until(lambda: manager.budget.waiting == 4)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        member = manager.budget.members[project.id]
        assert (member.active, manager.budget.waiting) == (0, 0)
        assert len(await asyncio.gather(*(pid(manager, project.name) for _ in range(6)))) == 6


async def test_calls_cancelled_while_they_connect_leave_no_connection_behind(managed, project):
    async with managed(budget=2, project_max=2) as manager:
        for turns in range(40):
            call = asyncio.create_task(pid(manager, project.name))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert len(await asyncio.gather(*(pid(manager, project.name) for _ in range(4)))) == 4
        assert manager.budget.members[project.id].active == 0


async def test_closing_does_not_wait_for_ever_for_a_call_that_does_not_end(
    managed, project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pools, "CLOSE_TIMEOUT_SECONDS", 0.1)
    async with managed() as manager:
        endless = asyncio.create_task(pid(manager, project.name, seconds=600))
        await until(lambda: manager.get_pool_stats().get(project.name, {}).get("active") == 1)
        async with asyncio.timeout(WAIT):
            await manager.close()
        with pytest.raises(ConnectionError):
            await endless


async def test_deleting_by_force_does_not_wait_for_a_call_that_does_not_end(
    managed, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pools, "CLOSE_TIMEOUT_SECONDS", 0.1)
    async with managed() as manager:
        projects = ProjectService(manager)
        await projects.create(name, created_by="test")
        endless = asyncio.create_task(pid(manager, name, seconds=600))
        await until(lambda: manager.get_pool_stats().get(name, {}).get("active") == 1)
        async with asyncio.timeout(WAIT):
            await projects.delete(name, confirm=name, force=True)
        # Where it had not reached the database yet, it asks the registry again, and hears why.
        with pytest.raises((ConnectionError, ProjectNotReady)):
            await endless


async def test_a_connection_cut_after_the_work_was_done_does_not_undo_its_success(managed, project, admin):
    async with managed() as manager, AsyncExitStack() as stack:
        connection = await stack.enter_async_context(manager.get_project_connection(project.name))
        await connection.execute("CREATE TABLE public.done ()")
        await admin.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
        await until(lambda: connection._con is None)  # the driver has noticed
        await stack.aclose()
        assert await pid(manager, project.name)


async def test_two_managers_do_not_see_each_others_calls(managed, project):
    async with managed(budget=1) as one, managed(budget=1) as other, one.get_project_connection(project.name):
        assert await pid(other, project.name)


async def test_a_pool_closes_also_when_a_connection_breaks_over_its_last_word(address):
    pool = await pools.open_pool(address, "postgres", pools.PoolSize(min_size=1))
    async with pool.acquire() as connection:
        connection._transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await pools.close_pool(pool)
    assert pool.is_closing()
