"""How far an answer can be trusted: fresh, stale, indexing, never indexed, or truly without a match."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moorage.codebase import freshness, processing
from moorage.codebase.errors import JobNotFound, RepositoryNotFound
from moorage.codebase.models import SearchFilters
from moorage.codebase.service import REFRESH_FILES
from tests.support.gated_embedder import GatedEmbedder
from tests.unit.codebase.repositories import make_folder

WAIT = 30.0
NOTHING = SearchFilters(path="no/such/folder/")
OLD_NS = 1_700_000_000 * 10**9


@pytest.fixture(autouse=True)
def look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the folder at every search, and wait for it: what a test changes has not been looked at before."""
    monkeypatch.setattr(freshness, "LOOK_AGAIN_SECONDS", -1.0)
    monkeypatch.setattr(freshness, "WAIT_SECONDS", WAIT)


def harbour(folder: Path, *names: str, at_ns: int = OLD_NS) -> Path:
    for name in names:
        make_folder(folder, {f"{name}.py": f"def {name}():\n    return 'harbour'\n"})
        os.utime(folder / f"{name}.py", ns=(at_ns, at_ns))
    return folder


async def index(codebase, project, folder: Path):
    return await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT)


async def found(codebase, project, query: str = "harbour") -> list[str]:
    return sorted(hit.file_path for hit in (await codebase.search_code(project.name, query)).results)


async def test_a_project_without_repositories_says_what_to_do(codebase, project):
    results = await codebase.search_code(project.name, "harbour")
    assert (results.outcome, results.results, results.index) == ("not_indexed", (), ())
    assert "index_repository" in results.message


async def test_a_first_index_that_is_not_finished_is_told_apart_from_no_match(serving, project, tmp_path: Path):
    embedder = GatedEmbedder()
    async with serving(embedder) as codebase:
        folder = harbour(tmp_path / "port", "quay")
        begun = await codebase.index_repository(project.name, str(folder), wait_seconds=0)
        await embedder.reached.wait()
        results = await codebase.search_code(project.name, "harbour")
        embedder.gate.set()
        assert begun.status == "in_progress"
        assert (results.outcome, results.index[0].status) == ("no_match", "indexing")
        assert "not finished" in results.message
        assert "0 of 1 files" in results.index[0].message
        assert (await codebase.index_status(project.name, "port", wait_seconds=WAIT)).status == "completed"
        assert await found(codebase, project) == ["quay.py"]


async def test_an_index_that_is_ready_and_has_no_match_says_so(codebase, project, tmp_path: Path):
    await index(codebase, project, harbour(tmp_path / "port", "quay"))
    results = await codebase.search_code(project.name, "harbour", NOTHING)
    assert (results.outcome, results.index[0].status) == ("no_match", "ready")


async def test_a_failed_index_is_told_with_its_reason(serving, project, tmp_path: Path):
    folder = harbour(tmp_path / "port", "quay")
    async with serving() as codebase:
        await index(codebase, project, folder)
        (repository,) = await codebase._repositories(project.name)
        folder.rename(tmp_path / "away")
        await codebase._indexer.begin(project.name, repository)
        await codebase.index_status(project.name, None, wait_seconds=WAIT)
        results = await codebase.search_code(project.name, "harbour")
    assert (results.outcome, results.index[0].status) == ("found", "failed")
    assert "is gone" in results.index[0].message


async def test_search_goes_on_with_the_old_state_while_files_are_indexed_again(serving, project, tmp_path: Path):
    folder = harbour(tmp_path / "port", "quay")
    async with serving() as codebase:
        await index(codebase, project, folder)
    embedder = GatedEmbedder()
    async with serving(embedder) as codebase:
        harbour(folder, "dock")
        await codebase.index_repository(project.name, str(folder), wait_seconds=0)
        await embedder.reached.wait()
        results = await codebase.search_code(project.name, "harbour")
        embedder.gate.set()
    assert ([hit.file_path for hit in results.results], results.index[0].status) == (["quay.py"], "indexing")


async def test_few_changed_files_are_indexed_before_the_answer(codebase, project, tmp_path: Path):
    folder = harbour(tmp_path / "port", "quay", "pier", "crane")
    await index(codebase, project, folder)
    harbour(folder, "dock")
    (folder / "pier.py").write_text("def mole():\n    return 'breakwater'\n")
    (folder / "crane.py").unlink()
    assert await found(codebase, project, "breakwater harbour") == ["dock.py", "pier.py", "quay.py"]
    results = await codebase.search_code(project.name, "harbour")
    assert {hit.symbol for hit in results.results if hit.file_path == "pier.py"} <= {"mole", None}
    assert [each.status for each in results.index] == ["ready"]


async def test_many_changed_files_are_told_and_not_waited_for(codebase, project, tmp_path: Path):
    folder = harbour(tmp_path / "port", "quay")
    await index(codebase, project, folder)
    harbour(folder, *(f"dock{number}" for number in range(REFRESH_FILES + 1)))
    results = await codebase.search_code(project.name, "harbour")
    assert [hit.file_path for hit in results.results] == ["quay.py"]
    assert (results.index[0].status, results.index[0].message) == (
        "stale",
        f"{REFRESH_FILES + 1} files changed since it was indexed; call index_repository",
    )


async def test_a_result_of_a_changed_file_says_so_although_nobody_has_looked(
    codebase, project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(freshness, "LOOK_AGAIN_SECONDS", 1000.0)
    folder = harbour(tmp_path / "port", "quay", "pier", "crane")
    await index(codebase, project, folder)
    await found(codebase, project)
    (folder / "quay.py").write_text("def quay():\n    return 'harbour and more'\n")
    (folder / "pier.py").unlink()
    results = await codebase.search_code(project.name, "harbour")
    assert {hit.file_path: hit.changed_since for hit in results.results} == {"quay.py": True, "crane.py": False}


async def test_a_change_right_after_indexing_is_not_missed_for_being_of_the_same_size(
    codebase, project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A file as young as its reading is recorded without its time, which may not tell the next change."""
    monkeypatch.setattr(processing, "RACY_NS", 10**12)
    folder = make_folder(tmp_path / "port", {"quay.py": "def quay():\n    return 'harbour'\n"})
    await index(codebase, project, folder)
    (folder / "quay.py").write_text("def mole():\n    return 'harbour'\n")
    results = await codebase.search_code(project.name, "harbour")
    assert "mole" in results.results[0].content


async def test_a_folder_that_is_missing_is_told_and_its_text_still_served(codebase, project, tmp_path: Path):
    folder = harbour(tmp_path / "port", "quay")
    await index(codebase, project, folder)
    folder.rename(tmp_path / "away")
    results = await codebase.search_code(project.name, "harbour")
    assert (results.outcome, results.index[0].status) == ("found", "stale")
    assert "missing" in results.index[0].message
    assert results.results[0].changed_since


async def test_a_touched_binary_does_not_make_an_index_stale_for_ever(codebase, project, tmp_path: Path):
    folder = make_folder(harbour(tmp_path / "port", "quay"), {"data.py": bytes(range(256)) * 40})
    await index(codebase, project, folder)
    os.utime(folder / "data.py")
    for _ in range(2):
        results = await codebase.search_code(project.name, "harbour")
    assert results.index[0].status == "ready"


class TestRepositories:
    async def test_are_listed_with_their_state_and_the_model(self, codebase, project, tmp_path: Path):
        await index(codebase, project, harbour(tmp_path / "b", "quay"))
        await index(codebase, project, harbour(tmp_path / "a", "dock", "pier"))
        listed = await codebase.list_repositories(project.name)
        rows = [(each.repository, each.status, each.total_files) for each in listed.repositories]
        assert rows == [("a", "completed", 2), ("b", "completed", 1)]
        assert listed.embedding_model == "moorage-hash-1"

    async def test_that_are_removed_leave_nothing_and_come_back(self, codebase, project, connections, tmp_path: Path):
        folder, other = harbour(tmp_path / "port", "quay"), harbour(tmp_path / "other", "dock")
        await index(codebase, project, folder)
        await index(codebase, project, other)
        removed = await codebase.remove_repository(project.name, "port")
        assert (removed.repository, removed.chunks_removed) == ("port", 1)
        assert await found(codebase, project) == ["dock.py"]
        await codebase.remove_repository(project.name, str(other))
        async with connections.get_project_connection(project.name) as connection:
            for table in ("files", "code_chunks", "segments", "postings", "embeddings", "index_jobs"):
                assert await connection.fetchval(f"SELECT count(*) FROM codebase.{table}") == 0, table
        assert (await index(codebase, project, folder)).total_files == 1
        assert await found(codebase, project) == ["quay.py"]

    async def test_that_nobody_knows_are_errors_that_list_the_known(self, codebase, project, tmp_path: Path):
        with pytest.raises(RepositoryNotFound) as refused:
            await codebase.index_status(project.name, "port", wait_seconds=0)
        assert "none yet" in refused.value.hint
        await index(codebase, project, harbour(tmp_path / "port", "quay"))
        with pytest.raises(RepositoryNotFound) as refused:
            await codebase.remove_repository(project.name, "prot")
        assert str(tmp_path / "port") in refused.value.hint

    async def test_that_rest_have_nothing_to_cancel(self, codebase, project, tmp_path: Path):
        await index(codebase, project, harbour(tmp_path / "port", "quay"))
        with pytest.raises(JobNotFound):
            await codebase.cancel_indexing(project.name, "port")

    async def test_removed_while_they_are_indexed_leave_nothing(self, serving, project, connections, tmp_path: Path):
        embedder = GatedEmbedder()
        async with serving(embedder) as codebase:
            folder = harbour(tmp_path / "port", "quay")
            await codebase.index_repository(project.name, str(folder), wait_seconds=0)
            await embedder.reached.wait()
            await codebase.remove_repository(project.name, "port")
            embedder.gate.set()
        async with connections.get_project_connection(project.name) as connection:
            for table in ("repositories", "code_chunks", "postings", "embeddings"):
                assert await connection.fetchval(f"SELECT count(*) FROM codebase.{table}") == 0, table
