"""The commands as a person or a script calls them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.core.postgres.address import Address
from tests.support.programs import run
from tests.unit.codebase.repositories import make_folder

CART = "class Cart:\n    def add_item(self, item):\n        self.items.append(item)\n"


GUIDE = "# Guide\n\nAdd items.\n"
NAME = "cli_shop"


@pytest.fixture(scope="module")
def shop(home: Path, address: Address, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is indexed into the project of these tests; they leave it as it is."""
    folder = make_folder(
        tmp_path_factory.mktemp("cli") / "shop", {"cart.py": CART, "docs/guide.md": "# Guide\n\nAdd items.\n"}
    )
    for arguments in (("project", "create", NAME), ("index", ".", "-p", NAME)):
        assert asyncio.run(run(home, folder, *arguments)).status == 0
    return folder


async def test_search_prints_places_for_people_and_json_for_programs(home: Path, shop: Path):
    shown = await run(home, shop, "search", "add_item", "-p", NAME)
    as_json = await run(home, shop, "search", "add_item", "-p", NAME, "--json")
    assert (shown.status, as_json.status) == (0, 0)
    assert "cart.py:1-3" in shown.stdout
    assert as_json.json["results"][0]["file_path"] == "cart.py"
    assert (shown.stderr, as_json.stderr) == ("", "")


async def test_filters_of_the_shell_narrow_a_search(home: Path, shop: Path):
    done = await run(home, shop, "search", "items", "-p", NAME, "--path", "docs/", "--language", "markdown", "--json")
    assert [each["file_path"] for each in done.json["results"]] == ["docs/guide.md"]


async def test_chunks_and_outline_show_what_search_found(home: Path, shop: Path):
    found = (await run(home, shop, "search", "add_item", "-p", NAME, "--json")).json["results"][0]
    chunks = await run(home, shop, "chunks", found["chunk_id"], "-p", NAME)
    outline = await run(home, shop, "outline", "cart.py", "-p", NAME, "--json")
    assert "self.items.append(item)" in chunks.stdout
    assert [each["name"] for each in outline.json["symbols"]] == ["Cart", "add_item"]


async def test_a_repository_is_listed_shown_and_removed_whatever_it_is_called(home: Path, shop: Path):
    """Square brackets mean colours to the library that prints."""
    odd = make_folder(shop.parent / "[bold]odd[red]", {"[link=x]a.py": "def odd_ship():\n    pass\n"})
    indexed = await run(home, odd, "index", ".", "-p", NAME)
    found = await run(home, odd, "search", "odd_ship", "-p", NAME, "-r", odd.name)
    listed = await run(home, odd, "repo", "list", "-p", NAME, "--json")
    status = await run(home, odd, "repo", "status", "-p", NAME, "-r", odd.name)
    removed = await run(home, odd, "repo", "remove", odd.name, "-p", NAME)
    assert [each.status for each in (indexed, found, listed, status, removed)] == [0] * 5
    assert f"{odd.name}: " in indexed.stdout
    assert "[link=x]a.py:1-2" in found.stdout
    assert {each["repository"] for each in listed.json["repositories"]} == {"shop", odd.name}
    assert f"{odd.name} is completed" in status.stdout
    assert f"{odd.name} is removed" in removed.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("search", "", "-p", "{name}"), 2, "codebase.invalid_query"),
        (("search", "x", "-p", "No-Such"), 2, "projects.invalid_name"),
        (("search", "x", "-p", "no_such"), 1, "projects.not_found"),
        (("search", "x", "-p", "{name}", "-r", "nobody"), 1, "codebase.repository_not_found"),
        (("search", "\udcff", "-p", "{name}"), 2, "codebase.invalid_query"),
        (("index", "no/such/folder", "-p", "{name}"), 2, "codebase.unfit_root"),
        (("up", "no/such/folder"), 2, "codebase.unfit_root"),
        (("outline", "crat.py", "-p", "{name}"), 1, "codebase.file_not_indexed"),
        (("repo", "cancel", "-p", "{name}"), 1, "codebase.job_not_found"),
    ],
    ids=lambda value: " ".join(value).encode(errors="replace").decode() if isinstance(value, tuple) else None,
)
async def test_failures_name_their_code_and_a_way_out_and_set_the_status(
    home: Path, shop: Path, arguments: tuple[str, ...], status: int, code: str
):
    done = await run(home, shop, *(each.format(name=NAME) for each in arguments))
    assert (done.status, done.stdout.strip()) == (status, "")
    assert f"{code}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2


async def test_a_command_that_another_system_adds_to_a_group_is_there_in_a_fresh_process(home: Path, tmp_path: Path):
    done = await run(home, tmp_path, "project", "move", "--help")
    assert (done.status, "Move a project" in done.stdout) == (0, True)
