"""PostgreSQL stops and starts while it is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from moorage.codebase import indexing
from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.core.errors import Unavailable
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import RegistryUnavailable
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings
from moorage.systems import LINES
from tests.support.gated_embedder import GatedEmbedder
from tests.support.homes import temporary_home
from tests.support.index_checks import check_index
from tests.unit.codebase.repositories import make_folder

WAIT = 60.0
FILES = {f"f{number}.py": f"def ship{number}():\n    return 'harbour {number}'\n" for number in range(4)}


@pytest.fixture(scope="module")
def server() -> Generator[EmbeddedServer]:
    """A server of these tests' own, which they may stop."""
    with temporary_home() as home, EmbeddedServer(home).running():
        yield EmbeddedServer(home)


@pytest.fixture
async def manager(server: EmbeddedServer) -> AsyncGenerator[ProjectConnectionManager]:
    provisioner = Provisioner(server.start(), "mcp_registry", LINES)
    manager = ProjectConnectionManager(provisioner, ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield manager
    await manager.close()


@pytest.fixture
async def own_project(manager: ProjectConnectionManager, name: str) -> str:
    return (await ProjectService(manager).create(name, created_by="test")).name


async def ask(manager: ProjectConnectionManager, project: str) -> int:
    async with manager.get_project_connection(project) as connection:
        return await connection.fetchval("SELECT 1")


async def test_calls_that_ask_the_registry_fail_plainly_while_it_is_down(
    server: EmbeddedServer, manager: ProjectConnectionManager
):
    projects = ProjectService(manager)
    server.stop()
    try:
        for call in (projects.list(), projects.resolve(None), projects.create("late", created_by="test")):
            with pytest.raises(RegistryUnavailable, match="registry"):
                await call
    finally:
        server.start()


async def test_calls_fail_plainly_while_it_is_down_and_work_again_afterwards(
    server: EmbeddedServer, manager: ProjectConnectionManager, own_project: str
):
    await asyncio.gather(*(ask(manager, own_project) for _ in range(8)))
    server.stop()
    failures = await asyncio.gather(*(ask(manager, own_project) for _ in range(8)), return_exceptions=True)
    assert all(isinstance(each, Unavailable) and each.retryable and each.hint for each in failures), failures
    server.start()
    assert await asyncio.gather(*(ask(manager, own_project) for _ in range(8))) == [1] * 8


async def test_calls_that_run_when_it_stops_fail_plainly_and_hold_nothing(
    server: EmbeddedServer, manager: ProjectConnectionManager, own_project: str
):
    async def long() -> None:
        async with manager.get_project_connection(own_project) as connection:
            await connection.execute("SELECT pg_sleep(600)")

    calls = [asyncio.create_task(long()) for _ in range(3)]
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'"
    async with asyncio.timeout(WAIT):
        while await manager.registry_pool.fetchval(asleep) < len(calls):
            await asyncio.sleep(0.01)
    server.stop()
    failures = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, ConnectionError) for each in failures), failures
    server.start()
    assert await ask(manager, own_project) == 1
    assert all(member.active == 0 for member in manager.budget.members.values())


@pytest.mark.parametrize("batch", [1, 3])
async def test_an_index_run_survives_a_restart_between_its_batches(
    server: EmbeddedServer,
    manager: ProjectConnectionManager,
    own_project: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
):
    monkeypatch.setattr(indexing, "BATCH_FILES", 1)
    folder = make_folder(tmp_path / "port", FILES)
    embedder = GatedEmbedder(hold_at=batch)
    codebase = CodebaseService(manager, embedder, CodebaseSettings(workers=1), tmp_path / "clones")
    await codebase.index_repository(own_project, str(folder), wait_seconds=0)
    await embedder.reached.wait()
    server.stop()
    embedder.gate.set()
    address = await asyncio.to_thread(server.start)
    status = await codebase.index_status(own_project, None, wait_seconds=WAIT)
    await codebase.close()
    assert (status.status, status.total_files) == ("completed", len(FILES))
    connection = await connect(address, f"project_{own_project}")
    await check_index(connection, folder, list(FILES))
    await connection.close()


async def test_an_index_run_survives_a_restart_at_its_end(
    server: EmbeddedServer, manager: ProjectConnectionManager, own_project: str, tmp_path: Path
):
    """Outside the batches, too: here while the run says that it is done."""
    folder = make_folder(tmp_path / "port", FILES)
    embedder = GatedEmbedder(hold_at=1)
    codebase = CodebaseService(manager, embedder, CodebaseSettings(workers=1), tmp_path / "clones")
    await codebase.index_repository(own_project, str(folder), wait_seconds=0)
    await embedder.reached.wait()
    blocker = await connect(server.start(), f"project_{own_project}")
    await blocker.execute("BEGIN; SELECT 1 FROM codebase.repositories FOR NO KEY UPDATE")
    embedder.gate.set()
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(WAIT):
        while await blocker.fetchval(waits) is None:
            await asyncio.sleep(0.01)
    server.stop()
    blocker.terminate()
    await asyncio.to_thread(server.start)
    status = await codebase.index_status(own_project, None, wait_seconds=WAIT)
    assert (status.status, status.total_files) == ("completed", len(FILES))
    await codebase.close()
