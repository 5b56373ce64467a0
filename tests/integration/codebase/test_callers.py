"""Code search in the name of callers: what is begun for one goes on for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.codebase.git.errors import UnfitUrl
from moorage.codebase.scanning import UnfitRoot
from moorage.core.access import Caller, Scope, acting_as, current_caller, system_user
from moorage.projects.errors import ProjectNotFound
from tests.support.gated_embedder import GatedEmbedder
from tests.unit.codebase.repositories import make_folder


class NotingEmbedder(GatedEmbedder):
    """Notes in whose name it is asked."""

    def __init__(self) -> None:
        super().__init__(hold_at=1_000)
        self.callers: set[str] = set()

    async def embed(self, texts):
        self.callers.add(current_caller().name)
        return await super().embed(texts)


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "port", {"ship.py": "def ship():\n    return 'harbour'\n"})


async def test_a_run_acts_as_the_system_whoever_began_it(serving, projects, project, port):
    await projects.lifecycle.edit(project.name, folder=str(port))
    embedder = NotingEmbedder()
    async with serving(embedder) as codebase:
        with acting_as(Caller("ada", Scope.WRITE, frozenset({project.name}))):
            await codebase.index_repository(project.name, str(port), wait_seconds=30)
    assert embedder.callers == {system_user().name}


async def test_a_run_is_not_begun_for_a_caller_that_does_not_see_the_project(codebase, project, port):
    with acting_as(Caller("eve", Scope.WRITE, frozenset({"boats"}))), pytest.raises(ProjectNotFound):
        await codebase.index_repository(project.name, str(port), wait_seconds=30)


async def test_a_caller_with_a_token_has_the_project_s_folder_read_and_no_other(codebase, projects, project, port):
    elsewhere = {str(port.parent): UnfitRoot, "https://127.0.0.1/shop.git": UnfitUrl}
    await projects.lifecycle.edit(project.name, folder=str(port))
    with acting_as(Caller("ada", Scope.WRITE, frozenset({project.name}))):
        indexed = await codebase.index_repository(project.name, str(port), wait_seconds=30)
        for place, refused in elsewhere.items():
            with pytest.raises(refused):
                await codebase.index_repository(project.name, place, wait_seconds=30)
    assert indexed.total_files == 1
