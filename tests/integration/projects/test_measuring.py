"""Sizes and last use of projects: written to the registry, published as metrics, and nobody's trouble when it fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from moorage.core.postgres.errors import ServerUnavailable
from moorage.core.telemetry.metrics import exposition
from moorage.projects import measuring as measuring_module
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import RegistryUnavailable
from moorage.projects.measuring import Sizes, measure, measuring
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.settings import ConnectionSettings, MetricsSettings
from moorage.systems import LINES

WAIT_SECONDS = 10.0


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
    manager = ProjectConnectionManager(Provisioner(address, "mcp_registry", LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    before = datetime.now(UTC)
    await use(manager, project)
    await manager.close()
    assert before < (await projects.get(project.name)).last_used_at < datetime.now(UTC)


async def test_the_last_use_never_goes_back(connections, projects, project):
    late, early = datetime(2031, 1, 2, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    for at in (late, early):
        await store.project_set_last_used(connections.registry_pool, {project.id: at})
    assert (await projects.get(project.name)).last_used_at == late


async def test_what_was_used_while_the_registry_was_away_is_written_later(
    connections, projects, project, monkeypatch: pytest.MonkeyPatch
):
    await use(connections, project)
    with monkeypatch.context() as patch:
        patch.setattr(store, "project_set_last_used", away)
        with pytest.raises(RegistryUnavailable):
            await connections.write_down_usage()
    assert await connections.write_down_usage() == {project.id}
    assert (await projects.get(project.name)).last_used_at is not None


async def away(*_arguments: object) -> None:
    raise ServerUnavailable("asking the registry: PostgreSQL does not answer")


async def test_measuring_goes_on_after_the_registry_was_away(connections, project, monkeypatch: pytest.MonkeyPatch):
    asked = asyncio.Queue[None]()

    async def sizes(*arguments: object):
        asked.put_nowait(None)
        if asked.qsize() == 1:
            await away()
        return await real(*arguments)

    real = store.project_sizes
    monkeypatch.setattr(store, "project_sizes", sizes)
    with capture_logs() as lines:
        async with measuring(connections, MetricsSettings(interval_seconds=0.001)) as known:
            async with asyncio.timeout(WAIT_SECONDS):
                while not known.projects:
                    await asyncio.sleep(0)
    assert ("measure.failed", "projects.registry_unavailable") in [(line["event"], line.get("code")) for line in lines]


async def test_measuring_ends_with_its_context(connections, monkeypatch: pytest.MonkeyPatch):
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
    assert 'moorage_project_database_bytes{project="(others)"}' in labels[1]
    await projects.delete(other.name, confirm=other.name, force=True)


async def test_a_server_that_is_down_keeps_nobody_else_from_being_measured(
    connections, projects, project, monkeypatch: pytest.MonkeyPatch
):
    async def of_server(manager, server: str, names):
        if server == "elsewhere":
            await away()
        return await real(manager, server, names)

    real = measuring_module._sizes_on
    monkeypatch.setattr(measuring_module, "_sizes_on", of_server)
    moved = await projects.create(f"{project.name}_2", created_by="test")
    await connections.registry_pool.execute("UPDATE public.projects SET server = 'elsewhere' WHERE id = $1", moved.id)
    await forget_size(connections, project, None)
    with capture_logs() as lines:
        await Sizes(connections).refresh()
    assert (await projects.get(project.name)).database_bytes is not None
    assert [line["server"] for line in lines if line["event"] == "measure.failed"] == ["elsewhere"]
    await connections.registry_pool.execute("UPDATE public.projects SET server = 'main' WHERE id = $1", moved.id)
    await projects.delete(moved.name, confirm=moved.name, force=True)
