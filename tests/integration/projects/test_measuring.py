"""Sizes and last use of projects: written to the registry, published as metrics, and nobody's trouble when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from moorage.core.errors import MoorageError
from moorage.core.postgres.address import Address, address_from_parts
from moorage.core.telemetry.metrics import exposition
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.measuring import Sizes, measure, measuring
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings, MetricsSettings
from moorage.systems import LINES
from tests.support.waiting import until


@asynccontextmanager
async def managed(
    address: Address, registry: str = "mcp_registry", **others: Address
) -> AsyncGenerator[ProjectConnectionManager]:
    """Open a manager as another process would have it."""
    provisioner = Provisioner(address, registry, LINES)
    manager = ProjectConnectionManager(provisioner, ConnectionSettings(registry_min=0), others=others)
    await manager.initialize()
    try:
        yield manager
    finally:
        await manager.close()


@pytest.fixture
async def own(address: Address, admin, name: str) -> AsyncGenerator[ProjectConnectionManager]:
    """A manager with a registry that no other test has."""
    async with managed(address, registry := f"registry_{name}") as manager:
        yield manager
    await admin.execute(f"DROP DATABASE {registry} WITH (FORCE)")


@asynccontextmanager
async def registry_away(admin, connections: ProjectConnectionManager) -> AsyncGenerator[None]:
    """Cut the connections to the registry, and let nobody reach it."""
    registry = connections.provisioner.registry_database
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
    await admin.fetch(cut, registry)
    await admin.execute(f"ALTER DATABASE {registry} RENAME TO {registry}_away")
    try:
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {registry}_away RENAME TO {registry}")


async def use(connections: ProjectConnectionManager, project: Project) -> None:
    async with connections.get_project_connection(project.name) as connection:
        await connection.fetchval("SELECT 1")


async def forget_size(connections: ProjectConnectionManager, project: Project, bytes_: int | None) -> None:
    await connections.registry_pool.execute(
        "UPDATE public.projects SET database_bytes = $2 WHERE id = $1", project.id, bytes_
    )


async def test_a_project_that_was_used_is_measured_and_the_others_are_not(connections, projects, project, name: str):
    other = await projects.create(f"{name}_other", created_by="test")
    await forget_size(connections, project, 1)
    await forget_size(connections, other, 1)
    sizes = Sizes(connections)
    await connections.write_down_usage()
    await use(connections, project)
    await sizes.refresh()
    used, unused = await projects.get(project.name), await projects.get(other.name)
    assert used.database_bytes > 1_000_000
    assert unused.database_bytes == 1
    await sizes.refresh(everything=True)
    assert (await projects.get(other.name)).database_bytes > 1_000_000
    await projects.delete(other.name, confirm=other.name, force=True)


async def test_a_project_that_nobody_measured_yet_is_measured(connections, projects, project):
    await forget_size(connections, project, None)
    await Sizes(connections).refresh()
    assert (await projects.get(project.name)).database_bytes > 1_000_000


async def test_one_project_is_measured_when_asked_and_its_size_written(connections, projects, project):
    size = await measure(connections, project)
    assert size == (await projects.get(project.name)).database_bytes > 1_000_000


async def test_measuring_does_not_count_as_a_change_of_the_project(connections, projects, project):
    before = await projects.get(project.name)
    await measure(connections, project)
    assert (await projects.get(project.name)).updated_at == before.updated_at


async def test_a_process_that_ends_has_written_down_what_it_used(address, projects, project):
    before = datetime.now(UTC)
    async with managed(address) as manager:
        await use(manager, project)
    assert before < (await projects.get(project.name)).last_used_at < datetime.now(UTC)


async def test_the_last_use_never_goes_back(connections, projects, project):
    late, early = datetime(2031, 1, 2, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    for at in (late, early):
        await store.project_set_last_used(connections.registry_pool, {project.id: at})
    assert (await projects.get(project.name)).last_used_at == late


async def test_what_was_used_while_the_registry_was_away_is_written_later(own, admin, name: str):
    projects = ProjectService(own)
    project = await projects.create(name, created_by="test")
    await use(own, project)
    async with registry_away(admin, own):
        with pytest.raises(MoorageError):
            await own.write_down_usage()
    assert await own.write_down_usage() == {project.id}
    assert (await projects.get(name)).last_used_at is not None
    await projects.delete(name, confirm=name, force=True)


async def test_measuring_goes_on_after_the_registry_was_away(own, admin, name: str):
    projects = ProjectService(own)
    await projects.create(name, created_by="test")

    async def has_failed() -> bool:
        return "measure.failed" in {line["event"] for line in lines}

    async def is_measured() -> bool:
        return bool((await projects.get(name)).database_bytes)

    async with AsyncExitStack() as stack:
        async with registry_away(admin, own):
            lines = stack.enter_context(capture_logs())
            await stack.enter_async_context(measuring(own, MetricsSettings(interval_seconds=0.001)))
            await until(has_failed)
        await until(is_measured)
    await projects.delete(name, confirm=name, force=True)


async def test_measuring_ends_with_its_context(connections):
    before = asyncio.all_tasks()
    async with measuring(connections, MetricsSettings()):
        assert len(asyncio.all_tasks()) == len(before) + 1
    assert asyncio.all_tasks() == before
    assert "moorage_project_database_bytes" not in exposition().decode()


async def test_sizes_and_states_are_published(connections, project):
    async with measuring(connections, MetricsSettings(labelled_projects=100_000)) as known:
        await known.refresh()
        shown = exposition().decode()
    size = next(line for line in shown.splitlines() if f'database_bytes{{project="{project.name}"}}' in line)
    assert float(size.split()[1]) > 1_000_000
    assert 'moorage_projects{server="main",state="ready"}' in shown


async def test_projects_beyond_the_limit_share_one_label(connections, projects, project, name: str):
    other = await projects.create(f"{name}_other", created_by="test")
    async with measuring(connections, MetricsSettings(labelled_projects=1)) as known:
        await known.refresh()
        labels = [line for line in exposition().decode().splitlines() if line.startswith("moorage_project_database")]
    assert len(labels) == 2
    assert any('moorage_project_database_bytes{project="(others)"}' in label for label in labels)
    await projects.delete(other.name, confirm=other.name, force=True)


async def test_a_server_that_is_down_keeps_nobody_else_from_being_measured(address, projects, project, name: str):
    nowhere = address_from_parts(host="127.0.0.1", port=1, user="nobody", password=None)
    async with managed(address, elsewhere=nowhere) as connections:
        moved = await projects.create(f"{name}_moved", created_by="test")
        registry = connections.registry_pool
        await registry.execute("UPDATE public.projects SET server = 'elsewhere' WHERE id = $1", moved.id)
        await forget_size(connections, project, None)
        with capture_logs() as lines:
            await Sizes(connections).refresh()
        assert (await projects.get(project.name)).database_bytes is not None
        assert [line["server"] for line in lines if line["event"] == "measure.failed"] == ["elsewhere"]
        await registry.execute("UPDATE public.projects SET server = 'main' WHERE id = $1", moved.id)
    await projects.delete(moved.name, confirm=moved.name, force=True)
