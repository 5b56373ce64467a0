"""The main job on PostgreSQL servers that are not Moorage's own, straight and through a pooler."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.codebase.service import CodebaseService
from moorage.core.postgres.pools import connect
from moorage.projects.errors import ProjectArchived
from moorage.projects.service import ProjectService
from moorage.systems import House
from tests.extended.conftest import Site
from tests.extended.servers import POOLER_SESSIONS
from tests.support.index_checks import check_index
from tests.unit.codebase.repositories import make_folder, make_repository

WAIT = 60.0
CALLERS = 20
RETRY = "def schedule_retry(job, attempt):\n    '''Send a failed job again.'''\n    return job.send(2**attempt)\n"
FILES = {"retry.py": RETRY, "guide.md": "# Guide\n\nA failed job is sent again after a delay.\n"}
OTHER_FILES = {"quay.py": "def moor(ship):\n    '''Tie a ship to the quay.'''\n    return ship.tie()\n"}
WRITE = "INSERT INTO moorage.lines (name) VALUES ('written') ON CONFLICT DO NOTHING"


@pytest.fixture
def projects(house: House) -> ProjectService:
    return house.ground.projects


@pytest.fixture
def codebase(house: House) -> CodebaseService:
    return house.opened["codebase"].service


@pytest.fixture
async def two(projects: ProjectService, name: str):
    """The names of two fresh projects."""
    names = f"{name}_a", f"{name}_b"
    for each in names:
        await projects.create(each, created_by="test")
    yield names
    for each in names:
        await projects.delete(each, confirm=each, force=True)


async def index(codebase: CodebaseService, project: str, folder: Path):
    status = await codebase.index_repository(project, str(folder), wait_seconds=WAIT)
    assert status.status == "completed"
    return status


async def paths(codebase: CodebaseService, project: str, query: str) -> list[str]:
    return [hit.file_path for hit in (await codebase.search_code(project, query)).results]


async def test_two_projects_are_indexed_and_searched_apart(codebase, two, tmp_path: Path):
    for project, files in zip(two, (FILES, OTHER_FILES), strict=True):
        await index(codebase, project, make_repository(tmp_path / project, files))
    assert (await paths(codebase, two[0], "schedule_retry"))[0] == "retry.py"
    assert await paths(codebase, two[1], "moor ship quay") == ["quay.py"]
    assert await paths(codebase, two[1], "schedule_retry") == []


async def test_search_says_whether_meaning_was_asked(codebase, two, site: Site, tmp_path: Path):
    await index(codebase, two[0], make_folder(tmp_path / "port", FILES))
    found = await codebase.search_code(two[0], "schedule_retry")
    assert found.searched_by == (("words", "meaning") if site.has_vectors else ("words",))


async def test_changed_and_removed_files_are_right_after_the_next_run(codebase, house, two, tmp_path: Path):
    folder = make_folder(tmp_path / "port", FILES)
    await index(codebase, two[0], folder)
    (folder / "retry.py").unlink()
    make_folder(folder, OTHER_FILES)
    await index(codebase, two[0], folder)
    async with house.ground.connections.get_project_connection(two[0]) as connection:
        await check_index(connection, folder, ["guide.md", "quay.py"])


async def test_twenty_callers_at_once_all_get_their_answer(codebase, house, two, tmp_path: Path):
    """More callers than the pooler has sessions; each statement of a call may run in another session."""
    for project in two:
        await index(codebase, project, make_folder(tmp_path / project, FILES))
    found = await asyncio.gather(*(paths(codebase, two[number % 2], "schedule_retry") for number in range(CALLERS * 5)))
    assert {answer[0] for answer in found} == {"retry.py"}


async def test_a_pooler_spares_the_server_sessions(codebase, house, two, site: Site, tmp_path: Path):
    if site.pooler is None:
        pytest.skip("no pooler here")
    await index(codebase, two[0], make_folder(tmp_path / "port", FILES))
    await asyncio.gather(*(paths(codebase, two[0], "schedule_retry") for _ in range(CALLERS)))
    server = await connect(house.ground.connections.address, "postgres")
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1"
    assert 1 <= await server.fetchval(sessions, f"project_{two[0]}") <= POOLER_SESSIONS
    await server.close()


async def test_search_settings_reach_the_sessions_a_pooler_keeps(codebase, house, two, site: Site, tmp_path: Path):
    """Settings of a database count for sessions that begin later; a pooler's began before the first index."""
    if not site.has_vectors:
        pytest.skip("no pgvector here")
    connections = house.ground.connections
    async with connections.get_project_connection(two[0]) as connection:
        assert await connection.fetchval("SELECT current_setting('hnsw.iterative_scan', true)") != "strict_order"
    await index(codebase, two[0], make_folder(tmp_path / "port", FILES))
    async with connections.get_project_connection(two[0]) as connection:
        assert await connection.fetchval("SHOW hnsw.iterative_scan") == "strict_order"


async def test_an_archived_project_takes_no_writes_in_any_session(projects, house, two):
    async def write() -> None:
        async with house.ground.connections.get_project_connection(two[0]) as connection:
            await connection.execute(WRITE)

    await asyncio.gather(*(write() for _ in range(CALLERS)))
    await projects.lifecycle.archive(two[0], force=True)
    refused = await asyncio.gather(*(write() for _ in range(CALLERS)), return_exceptions=True)
    assert {type(each) for each in refused} == {ProjectArchived}
    await projects.lifecycle.unarchive(two[0])
    await asyncio.gather(*(write() for _ in range(CALLERS)))


async def test_a_project_made_again_under_its_name_is_never_the_old_one(codebase, projects, house, two, tmp_path: Path):
    await index(codebase, two[0], make_folder(tmp_path / "port", FILES))
    before = await projects.get(two[0])
    await projects.delete(two[0], confirm=two[0], force=True)
    after = await projects.create(two[0], created_by="test")
    assert after.id != before.id
    assert (await codebase.list_repositories(two[0])).repositories == ()
    async with house.ground.connections.get_project_connection(two[0]) as connection:
        assert await connection.fetchval("SELECT project_id FROM moorage.identity") == after.id
