"""Where a repository's files are: its folder, or a clone of its address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.codebase.git.errors import UnfitUrl
from moorage.codebase.places import locate
from moorage.codebase.settings import CodebaseSettings
from tests.unit.codebase.repositories import ISOLATED, make_repository


@pytest.fixture(autouse=True)
def own_git_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ISOLATED.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("address", ["http://host/shop.git", "git://host/shop", "ext::sh -c id://"])
async def test_an_address_that_may_not_be_cloned_is_not_taken_for_a_folder(tmp_path: Path, address: str):
    with pytest.raises(UnfitUrl, match="can be cloned") as refused:
        await locate(address, CodebaseSettings(), tmp_path / "clones")
    assert "https://" in refused.value.hint


async def test_calls_at_once_for_one_address_share_one_clone(tmp_path: Path):
    origin = make_repository(tmp_path / "shop.git", {"cart.py": "total = 0\n"})
    calls = [locate(origin.as_uri(), CodebaseSettings(), tmp_path / "clones") for _ in range(6)]
    places = await asyncio.gather(*calls)
    assert {(each.name, each.repo_path) for each in places} == {("shop", origin.as_uri())}
    assert list((tmp_path / "clones").iterdir()) == [places[0].folder]
    assert (places[0].folder / "cart.py").read_text() == "total = 0\n"
