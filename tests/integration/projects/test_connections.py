"""Connections of many callers to many projects, within one budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from moorage.core.postgres.address import Address, address_from_parts
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import PoolExhausted, RegistryUnavailable
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES

REGISTRY = "mcp_registry"


@asynccontextmanager
async def open_manager(address: Address, **settings: Any) -> AsyncGenerator[ProjectConnectionManager]:
    """Open a manager with these settings, and few connections to the registry."""
    sparing = {"registry_min": 0, "registry_max": 4}
    provisioner = Provisioner(address, REGISTRY, LINES)
    manager = ProjectConnectionManager(provisioner, ConnectionSettings(**{**sparing, **settings}))
    await manager.initialize()
    try:
        yield manager
    finally:
        await manager.close()


@pytest.fixture
async def three(projects: ProjectService, name: str) -> AsyncIterator[list[str]]:
    """The names of three fresh projects."""
    names = [f"{name}_{letter}" for letter in "abc"]
    for each in names:
        await projects.create(each, created_by="test")
    yield names
    for each in names:
        await projects.delete(each, confirm=each, force=True)


async def sessions_of(admin: Any, names: Sequence[str]) -> int:
    """Return how many connections the server has to these projects."""
    databases = [f"project_{each}" for each in names]
    return await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = ANY ($1)", databases)


async def use(manager: ProjectConnectionManager, name: str, seconds: float = 0.0) -> None:
    async with manager.get_project_connection(name) as connection:
        await connection.execute("SELECT pg_sleep($1)", seconds)


class TestFirstCalls:
    async def test_thirty_at_once_make_one_pool(self, address: Address, project: Project):
        async with open_manager(address) as manager:
            await asyncio.gather(*(use(manager, project.name) for _ in range(30)))
            assert len(manager.budget.members) == 1
            assert manager.get_pool_stats()[project.name]["size"] <= 5

    async def test_nothing_is_held_before_the_first_call(self, address: Address, project: Project, admin: Any):
        async with open_manager(address):
            assert await sessions_of(admin, [project.name]) == 0


class TestTheBudget:
    async def test_is_never_exceeded_whatever_is_asked(self, address: Address, three: list[str], admin: Any):
        most = 0
        async with open_manager(address, budget=4) as manager:
            callers = asyncio.gather(*(use(manager, three[number % 3], 0.02) for number in range(60)))
            while not callers.done():
                most = max(most, await sessions_of(admin, three), manager.budget.used)
                await asyncio.sleep(0)
            await callers
        assert 0 < most <= 4

    async def test_is_a_quarter_of_what_the_server_allows_when_nothing_is_set(self, address: Address, admin: Any):
        allowed = int(await admin.fetchval("SHOW max_connections"))
        reserved = int(await admin.fetchval("SHOW superuser_reserved_connections"))
        async with open_manager(address) as manager:
            assert manager.budget.limit == (allowed - reserved) // 4

    async def test_closes_the_pool_that_was_unused_for_longest(self, address: Address, three: list[str]):
        first, second, third = three
        async with open_manager(address, budget=2) as manager:
            for each in (first, second, first, third):
                await use(manager, each)
            assert {member.name for member in manager.budget.members.values()} == {first, third}

    async def test_leaves_pools_alone_that_are_in_use(self, address: Address, three: list[str]):
        first, second, _ = three
        async with open_manager(address, budget=1, wait_seconds=0.2) as manager:
            async with manager.get_project_connection(first) as connection:
                with pytest.raises(PoolExhausted):
                    await use(manager, second)
                assert await connection.fetchval("SELECT 1") == 1
            await use(manager, second)


class TestWaiting:
    async def test_ends_with_the_numbers_when_it_takes_too_long(self, address: Address, project: Project):
        async with (
            open_manager(address, budget=1, wait_seconds=0.2) as manager,
            manager.get_project_connection(project.name),
        ):
            with pytest.raises(PoolExhausted) as refused:
                await use(manager, project.name)
        assert isinstance(refused.value, TimeoutError)
        assert refused.value.details == {"budget": 1, "open": 1, "waiting": 1}

    async def test_is_refused_when_too_many_wait_already(self, address: Address, project: Project):
        async with open_manager(address, budget=1, max_waiting=1) as manager, AsyncExitStack() as holding:
            await holding.enter_async_context(manager.get_project_connection(project.name))
            waiting = asyncio.create_task(use(manager, project.name))
            while not manager.budget.waiting:
                await asyncio.sleep(0)
            with pytest.raises(PoolExhausted, match="1 calls wait already"):
                await use(manager, project.name)
            await holding.aclose()
            await waiting

    async def test_goes_on_as_soon_as_a_connection_is_given_back(self, address: Address, project: Project):
        async with open_manager(address, budget=1) as manager:
            began = time.monotonic()
            await asyncio.gather(*(use(manager, project.name, 0.05) for _ in range(4)))
            assert time.monotonic() - began < 5


class TestLostConnections:
    async def test_of_the_server_are_replaced_by_the_next_call(self, address: Address, project: Project, admin: Any):
        async with open_manager(address) as manager:
            await use(manager, project.name)
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            await admin.execute(cut, project.database_name)
            async with asyncio.timeout(10):  # until the cut has reached this process
                while manager.get_pool_stats()[project.name]["size"]:
                    await asyncio.sleep(0.01)
            await use(manager, project.name)

    async def test_are_closed_after_they_were_idle(self, address: Address, project: Project, admin: Any):
        async with open_manager(address, idle_seconds=0.1) as manager:
            await use(manager, project.name)
            async with asyncio.timeout(10):
                while await sessions_of(admin, [project.name]):
                    await asyncio.sleep(0.05)


async def test_a_registry_that_does_not_answer_is_a_connection_error():
    nowhere = address_from_parts(host="127.0.0.1", port=1, user="nobody", password="hunter2")
    manager = ProjectConnectionManager(Provisioner(nowhere, REGISTRY, LINES))
    with pytest.raises(RegistryUnavailable, match="Failed to connect to registry database") as refused:
        await manager.initialize()
    assert isinstance(refused.value, ConnectionError)
    assert "hunter2" not in refused.value.as_text()


async def test_every_pool_answers_its_health(address: Address, project: Project):
    async with open_manager(address) as manager:
        await use(manager, project.name)
        assert await manager.health_check() == {"registry": True, project.name: True}
