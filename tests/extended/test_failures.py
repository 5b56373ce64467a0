"""What calls say while a server or a pooler is away, and that they work again once it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from moorage.codebase.service import CodebaseService
from moorage.core.errors import MoorageError, Unavailable
from moorage.core.postgres.errors import LoginRefused
from moorage.projects.errors import RegistryUnavailable
from moorage.settings import Settings, load_settings
from moorage.systems import House, open_house
from tests.extended.conftest import SITES, Site
from tests.extended.test_own_postgresql import FILES, WAIT, index, paths
from tests.unit.codebase.repositories import make_folder

CALLERS = 20


@pytest.fixture(scope="module", params=["postgres15", "postgres15-pgbouncer"])
def site(request: pytest.FixtureRequest) -> Generator[Site]:
    """A site of this module's own: what is stopped here serves nobody else."""
    with SITES[request.param]() as running:
        yield running


@pytest.fixture
def codebase(house: House) -> CodebaseService:
    return house.opened["codebase"].service


@pytest.fixture
async def indexed(house: House, codebase: CodebaseService, name: str, tmp_path: Path) -> str:
    """The name of a project with a small index; it goes away with its server."""
    await house.ground.projects.create(name, created_by="test")
    await index(codebase, name, make_folder(tmp_path / "port", FILES))
    return name


async def answers_again(codebase: CodebaseService, project: str) -> list[str]:
    """Ask until an answer comes, within a bound; a pooler tries its server once a second."""
    async with asyncio.timeout(WAIT):
        while True:
            with suppress(Unavailable):
                return await paths(codebase, project, "schedule_retry")


async def failures(codebase: CodebaseService, project: str) -> set[type[BaseException]]:
    """Ask many times at once and return the kinds of what went wrong."""
    asked = (paths(codebase, project, "schedule_retry") for _ in range(CALLERS))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    return {type(each) for each in outcomes if isinstance(each, BaseException)}


async def test_a_killed_pooler_fails_calls_plainly_and_they_work_once_it_is_back(site, codebase, indexed):
    if site.pooler is None:
        pytest.skip("no pooler here")
    running = [asyncio.create_task(paths(codebase, indexed, "schedule_retry")) for _ in range(CALLERS)]
    await asyncio.sleep(0)  # they have begun
    site.pooler.kill()
    cut = [each for each in await asyncio.gather(*running, return_exceptions=True) if isinstance(each, BaseException)]
    assert all(isinstance(each, MoorageError) and each.retryable for each in cut)
    assert await failures(codebase, indexed) == {RegistryUnavailable}
    site.pooler.start()
    assert (await answers_again(codebase, indexed))[0] == "retry.py"


async def test_a_stopped_server_fails_calls_plainly_and_they_work_once_it_is_back(site, codebase, indexed):
    site.server.stop()
    assert await failures(codebase, indexed) == {RegistryUnavailable}
    site.server.start()
    assert (await answers_again(codebase, indexed))[0] == "retry.py"


async def test_a_wrong_password_is_told_without_being_shown(site, settings: Settings, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", site.url.replace(site.server.password, "mistyped"))
    with pytest.raises(LoginRefused, match="password authentication failed") as refused:
        async with open_house(load_settings()):
            pass
    assert "POSTGRES_PASSWORD" in refused.value.hint
    assert "mistyped" not in refused.value.as_text()


async def test_a_wrong_password_of_the_pooler_is_told(site, settings: Settings, monkeypatch):
    if site.pooler is None:
        pytest.skip("no pooler here")
    monkeypatch.setenv("MOORAGE_POSTGRES__POOLER_URL", site.pooler.url.replace(site.pooler.password, "mistyped"))
    with pytest.raises(LoginRefused, match="authentication failed"):
        async with open_house(load_settings()):
            pass
