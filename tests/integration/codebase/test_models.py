"""One embedding model a project; and what is left of search where the server has no vectors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.codebase import vector_table
from moorage.codebase.errors import ModelMismatch
from moorage.core.postgres.pools import connect
from tests.support.gated_embedder import GatedEmbedder
from tests.support.index_checks import check_index
from tests.unit.codebase.repositories import make_folder

WAIT = 30.0
FILES = {"quay.py": "def quay():\n    return 'harbour'\n", "dock.py": "def dock():\n    return 'basin'\n"}


def open_embedder(model: str = "moorage-hash-1") -> GatedEmbedder:
    embedder = GatedEmbedder(model=model)
    embedder.gate.set()
    return embedder


async def index(codebase, project, folder: Path):
    return await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT)


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "port", FILES)


@pytest.fixture
async def without_pgvector(project, address):
    """Take the extension out of a project's database, as on a server that has none; yield how to bring it."""
    connection = await connect(address, project.database_name)
    await connection.execute("DROP EXTENSION vector")
    yield lambda: connection.execute("CREATE EXTENSION vector")
    await connection.close()


async def test_another_model_is_refused_with_both_ways_out(serving, project, port: Path):
    async with serving(open_embedder("first")) as codebase:
        await index(codebase, project, port)
    async with serving(open_embedder("second")) as codebase:
        for attempt in (index(codebase, project, port), codebase.search_code(project.name, "harbour")):
            with pytest.raises(ModelMismatch, match="indexed with first") as refused:
                await attempt
            assert "--reembed" in refused.value.hint
            assert "back to first" in refused.value.hint
    async with serving(open_embedder("first")) as codebase:
        assert (await codebase.search_code(project.name, "harbour")).outcome == "found"


async def test_reembedding_changes_the_model_and_embeds_every_chunk_again(serving, project, connections, port: Path):
    async with serving(open_embedder("first")) as codebase:
        first = await index(codebase, project, port)
    second = open_embedder("second")
    async with serving(second) as codebase:
        (repository,) = await codebase.reembed(project.name)
        status = await index(codebase, project, Path(repository.repo_path))
        assert (status.status, second.texts) == ("completed", first.total_chunks)
        assert (await codebase.list_repositories(project.name)).embedding_model == "second"
        assert (await codebase.search_code(project.name, "harbour")).searched_by == ("words", "meaning")
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, port, list(FILES))


async def test_a_changed_model_leaves_no_index_that_calls_itself_ready_without_vectors(serving, project, port: Path):
    async with serving(open_embedder("first")) as codebase:
        await index(codebase, project, port)
    async with serving(open_embedder("second")) as codebase:
        await codebase.reembed(project.name)
        results = await codebase.search_code(project.name, "harbour")
        assert results.outcome == "found"
        assert results.searched_by == ("words", "meaning") or results.index[0].status != "ready"


async def test_without_pgvector_search_works_by_words_and_says_so(codebase, project, port: Path, without_pgvector):
    assert (await index(codebase, project, port)).status == "completed"
    results = await codebase.search_code(project.name, "harbour")
    assert [hit.file_path for hit in results.results] == ["quay.py"]
    assert results.searched_by == ("words",)
    assert results.results[0].why.meaning is None


async def test_pgvector_that_comes_later_is_used_from_the_next_index_on(
    codebase, project, connections, port: Path, without_pgvector
):
    await index(codebase, project, port)
    await without_pgvector()
    assert (await index(codebase, project, port)).files_done == len(FILES)
    assert (await codebase.search_code(project.name, "harbour")).searched_by == ("words", "meaning")
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, port, list(FILES))


async def test_the_vector_index_is_built_once_when_there_are_enough_rows(
    serving, project, connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(vector_table, "INDEX_FROM_ROWS", 2)
    definition = "SELECT indexdef FROM pg_indexes WHERE indexname = 'embeddings_by_direction'"
    async with serving() as codebase:
        await index(codebase, project, make_folder(tmp_path / "one", {"a.py": "x = 1\n"}))
        async with connections.get_project_connection(project.name) as connection:
            assert await connection.fetchval(definition) is None
        await index(codebase, project, make_folder(tmp_path / "two", FILES))
        async with connections.get_project_connection(project.name) as connection:
            assert "USING hnsw" in await connection.fetchval(definition)


async def test_vectors_too_wide_for_an_index_are_searched_without_one(
    serving, project, connections, port: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(vector_table, "INDEX_FROM_ROWS", 1)
    monkeypatch.setattr(vector_table, "MAX_INDEXED_DIMENSIONS", 1)
    async with serving() as codebase:
        assert (await index(codebase, project, port)).status == "completed"
        assert (await codebase.search_code(project.name, "harbour")).searched_by == ("words", "meaning")
    async with connections.get_project_connection(project.name) as connection:
        assert await connection.fetchval("SELECT to_regclass('codebase.embeddings_by_direction')") is None


async def test_the_process_that_indexes_first_also_searches_with_the_settings(codebase, project, connections, port):
    async with connections.get_project_connection(project.name) as connection:
        before = connection.get_server_pid()
    await index(codebase, project, port)
    async with connections.get_project_connection(project.name) as connection:
        assert connection.get_server_pid() != before
        assert await connection.fetchval("SHOW hnsw.iterative_scan") == "strict_order"


@pytest.mark.parametrize(("version", "settings"), [((0, 4, 4), 0), ((0, 6, 0), 1), ((0, 8, 1), 2)])
async def test_an_older_pgvector_is_asked_only_for_what_it_knows(project, connections, version, settings: int):
    """Ubuntu 24.04 brings pgvector 0.6, which refuses the names of settings that came later."""
    count = (
        "SELECT COALESCE(array_length(setconfig, 1), 0) FROM pg_database"
        " LEFT JOIN pg_db_role_setting ON setdatabase = oid WHERE datname = current_database()"
    )
    async with connections.get_project_connection(project.name) as connection:
        await vector_table._set_search_settings_in(connection, version)
        assert await connection.fetchval(count) == settings


async def test_two_runs_that_miss_the_vector_index_at_once_build_one(
    serving, project, connections, port: Path, address
):
    async with serving() as codebase:
        await index(codebase, project, port)
    gate = await connect(address, project.database_name)

    async def build() -> bool:
        async with connections.get_project_connection(project.name) as connection:
            return await vector_table._create_index(connection, "hnsw (embedding vector_cosine_ops)", 64)

    async with gate.transaction():
        await gate.execute("LOCK TABLE codebase.embeddings IN ROW EXCLUSIVE MODE")  # as a batch being written does
        builds = [asyncio.create_task(build()) for _ in range(2)]
        await one_waits(gate)
        await asyncio.wait(builds, return_when=asyncio.FIRST_COMPLETED, timeout=WAIT)  # the other leaves it to this one
    assert sorted(await asyncio.gather(*builds)) == [False, True]
    await gate.close()


async def one_waits(connection) -> None:
    """Wait until a session of this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(WAIT):
        while await connection.fetchval(waiting) < 1:
            await asyncio.sleep(0.01)


async def test_a_run_with_the_old_model_writes_nothing_once_the_model_has_changed(serving, project, connections, port):
    first = GatedEmbedder(model="first")
    async with serving(first) as old, serving(open_embedder("second")) as new:
        await old.index_repository(project.name, str(port), wait_seconds=0)
        await first.reached.wait()
        await new.reembed(project.name)
        first.gate.set()
        with pytest.raises(ModelMismatch):
            await index(old, project, port)
        async with connections.get_project_connection(project.name) as connection:
            assert await connection.fetchval("SELECT count(*) FROM codebase.embeddings") == 0
        assert (await index(new, project, port)).status == "completed"
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, port, list(FILES))
