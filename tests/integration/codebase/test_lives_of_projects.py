"""Code search in projects that are archived, full, copied, or rolled back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from moorage.codebase import indexing
from moorage.projects.errors import ProjectArchived, QuotaExceeded
from tests.support.gated_embedder import GatedEmbedder
from tests.unit.codebase.repositories import make_folder

WAIT = 30.0
FILES = {f"f{number}.py": f"def ship{number}():\n    return 'harbour {number}'\n" for number in range(6)}
ROWS = """
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_catalog.pg_tables
    WHERE schemaname IN ('codebase', 'workflow', 'moorage')
"""


@pytest.fixture
def port(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "port", FILES)
    for name in FILES:
        os.utime(folder / name, (0, 0))  # a file as young as its reading would be read again
    return folder


@pytest.fixture
async def contents(connections, project) -> Callable[[], Awaitable[dict[str, int]]]:
    """Count the rows of every table of the project."""

    async def count() -> dict[str, int]:
        async with connections.get_project_connection(project.name) as connection:
            tables = [row["name"] for row in await connection.fetch(ROWS)]
            return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}

    return count


async def index(codebase, project, folder: Path):
    return await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT)


async def found(codebase, project_name: str, query: str) -> list[tuple]:
    results = await codebase.search_code(project_name, query)
    return [(each.file_path, each.start_line, each.score, each.content) for each in results.results]


class TestArchived:
    async def test_projects_are_searched_as_they_are_and_say_so(self, codebase, projects, project, port):
        await index(codebase, project, port)
        await projects.lifecycle.archive(project.name, force=True)
        (port / "f0.py").write_text("def submarine():\n    return 'sunk'\n")
        results = await codebase.search_code(project.name, "ship1")
        assert results.results[0].file_path == "f1.py"
        assert "this project is archived" in results.message
        assert "f0.py" not in [path for path, *_ in await found(codebase, project.name, "submarine")][:1]

    async def test_projects_are_not_indexed_and_say_what_to_do(self, codebase, projects, project, port):
        await projects.lifecycle.archive(project.name, force=True)
        with pytest.raises(ProjectArchived) as refused:
            await index(codebase, project, port)
        assert "unarchive" in refused.value.hint

    async def test_projects_are_searched_beside_a_run_that_died(
        self, codebase, projects, project, port, admin, address
    ):
        await index(codebase, project, port)
        async with projects.connections.get_project_connection(project.name) as connection:
            await connection.execute(
                "UPDATE codebase.index_jobs SET state = 'in_progress', lease_until = now() - interval '1 second'"
            )
        await projects.lifecycle.archive(project.name, force=True)
        assert (await found(codebase, project.name, "ship2"))[0][0] == "f2.py"


class TestFull:
    async def test_projects_are_not_indexed_but_searched(self, codebase, projects, project, port):
        await index(codebase, project, port)
        await projects.lifecycle.limit(project.name, max_bytes=1_000_000)
        (port / "f0.py").write_text("def submarine():\n    return 'sunk'\n")
        with pytest.raises(QuotaExceeded):
            await index(codebase, project, port)
        assert (await found(codebase, project.name, "ship3"))[0][0] == "f3.py"

    async def test_projects_end_a_run_that_crosses_the_limit(self, serving, projects, project, port, monkeypatch):
        monkeypatch.setattr(indexing, "BATCH_FILES", 1)
        embedder = GatedEmbedder(hold_at=3)
        async with serving(embedder, workers=1) as codebase:
            running = asyncio.create_task(index(codebase, project, port))
            await embedder.reached.wait()
            await projects.lifecycle.limit(project.name, max_bytes=1_000_000)
            embedder.gate.set()
            status = await running
            assert (status.status, status.error["code"]) == ("failed", "projects.quota_exceeded")
            assert status.files_done == 2
            assert len(await found(codebase, project.name, "harbour")) == 2


class TestCopied:
    async def test_clones_answer_as_their_source_does(self, codebase, projects, project, port):
        await index(codebase, project, port)
        clone = await projects.copies.clone(project.name, f"{project.name}_b", force=True)
        answers = await found(codebase, project.name, "ship4")
        assert answers
        assert await found(codebase, clone.name, "ship4") == answers
        await projects.delete(clone.name, confirm=clone.name, force=True)

    async def test_a_rollback_brings_back_every_row_and_every_answer(self, codebase, projects, project, port, contents):
        await index(codebase, project, port)
        rows, answers = await contents(), await found(codebase, project.name, "harbour")
        snapshot = await projects.copies.snapshot(project.name, label="s", force=True)
        make_folder(port, {"late.py": "def harbour_master():\n    return 'harbour'\n"})
        await index(codebase, project, port)
        assert await contents() != rows
        (port / "late.py").unlink()
        await projects.copies.rollback(project.name, to=snapshot.name, confirm=project.name, force=True)
        assert await contents() == rows
        assert await found(codebase, project.name, "harbour") == answers
        await projects.delete(snapshot.name, confirm=snapshot.name, force=True)
