"""Which database an id means, and what becomes of that when the files change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from moorage.core.access import Caller, Scope, acting_as, parse_grant
from moorage.databases.definitions import Database, DirectPostgres, Origin
from moorage.databases.errors import DatabaseNotFound, DatabaseNotNamed
from moorage.databases.sources import watching
from moorage.databases.sources.catalog import Catalog, Known, ProjectDatabases, known_from
from moorage.databases.sources.configuration import Configuration
from moorage.databases.sources.watching import Watched
from moorage.projects.errors import RegistryUnavailable

_moments = count(1)


class Projects:
    """Projects of a registry that may be down."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.is_down = False
        self.asked = 0

    async def all(self) -> list[Database]:
        if self.is_down:
            raise RegistryUnavailable("the registry does not answer")
        return [self._database(name) for name in self.names]

    async def find(self, project_name: str) -> Database | None:
        self.asked += 1
        return self._database(project_name) if project_name in self.names else None

    @staticmethod
    def _database(name: str) -> Database:
        definition = DirectPostgres(database=f"project_{name}")
        return Database(id=f"project:{name}", definition=definition, origin=Origin.PROJECT)


def catalog_of(*names: str, default: str | None = None, projects: ProjectDatabases | None = None) -> Catalog:
    databases = {
        name: Database(id=name, definition=DirectPostgres(database=name), origin=Origin.FILE) for name in names
    }
    return Catalog(Watched(Known(databases, default)), projects=projects)


class TestFinding:
    async def test_a_name_leads_to_its_database(self):
        assert (await catalog_of("a", "b").find("b")).definition.database == "b"

    async def test_no_name_means_the_default(self):
        assert (await catalog_of("a", "b", default="b").find(None)).id == "b"

    async def test_no_name_without_a_default_is_refused(self):
        with pytest.raises(DatabaseNotNamed):
            await catalog_of("a").find(None)

    @pytest.mark.parametrize("name", ["shp", "", "SHOP", "shop?user=x", "shop\x00", " shop", 5, True, ["shop"], {}])
    async def test_what_is_no_id_never_means_the_default(self, name: Any):
        with pytest.raises(DatabaseNotFound):
            await catalog_of("shop", default="shop").find(name)

    @pytest.mark.parametrize("several", ["*", "tag:shops", "shop,other"])
    async def test_names_of_several_are_told_apart_from_an_id_that_there_is_not(self, several):
        with pytest.raises(DatabaseNotFound, match="is not one database") as caught:
            await catalog_of("shop", "other").find(several)
        assert "run_everywhere" in caught.value.hint

    async def test_the_nearest_ids_are_named(self):
        with pytest.raises(DatabaseNotFound) as caught:
            await catalog_of("shop", "lab").find("shp")
        assert (caught.value.hint, caught.value.details["nearest"]) == ("Did you mean shop?", ["shop"])

    async def test_what_the_caller_may_not_see_is_never_named(self):
        catalog = catalog_of("shop", "shop_secret", default="shop_secret")
        with acting_as(Caller("ada", Scope.READ, databases=(parse_grant("shop"),))):
            with pytest.raises(DatabaseNotFound) as caught:
                await catalog.find("shop_")
            with pytest.raises(DatabaseNotNamed):
                await catalog.find(None)
            assert [each.id for each in await catalog.all()] == ["shop"]
        assert caught.value.details["nearest"] == ["shop"]


class TestProjects:
    async def test_are_among_all_databases(self):
        catalog = catalog_of("shop", projects=Projects("web"))
        assert [each.id for each in await catalog.all()] == ["project:web", "shop"]

    async def test_are_found_by_one_look_up(self):
        projects = Projects("web")
        found = await catalog_of("shop", projects=projects).find("project:web")
        assert (found.definition.database, projects.asked) == ("project_web", 1)

    async def test_cost_others_nothing(self):
        projects = Projects("web")
        await catalog_of("shop", projects=projects).find("shop")
        assert projects.asked == 0

    async def test_that_cannot_be_listed_leave_the_others(self):
        projects = Projects("web")
        catalog = catalog_of("shop", projects=projects)
        projects.is_down = True
        assert [each.id for each in await catalog.all()] == ["shop"]
        assert catalog.projects_problem == "the registry does not answer"
        projects.is_down = False
        assert len(await catalog.all()) == 2
        assert catalog.projects_problem is None


class TestFilesThatChange:
    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(watching, "LOOK_SECONDS", 0.0)
        file = tmp_path / "databases.yaml"
        write(file, "databases:\n  shop:\n    database: shop\n")
        return file

    async def test_are_followed(self, file: Path):
        catalog = following(file)
        write(file, "default_database: lab\ndatabases:\n  lab:\n    database: lab\n")
        assert (await catalog.find(None)).id == "lab"
        with pytest.raises(DatabaseNotFound):
            await catalog.find("shop")

    @pytest.mark.parametrize(
        "text", ["databases: [", "databases:\n  shop:\n    prt: 5\n", "databases:\n  lab:\n    database: x\n  a: {}\n"]
    )
    async def test_wrongly_keep_what_was_there_until_they_are_right(self, file: Path, text: str):
        catalog = following(file)
        write(file, text)
        assert [each.id for each in await catalog.all()] == ["shop"]
        assert catalog.problem is not None
        assert not (await catalog.check())[0].ok
        write(file, "databases:\n  lab:\n    database: lab\n")
        assert [each.id for each in await catalog.all()] == ["lab"]
        assert (catalog.problem, (await catalog.check())[0].ok) == (None, True)

    async def test_by_vanishing_keep_what_was_there(self, file: Path):
        catalog = following(file)
        file.unlink()
        assert (await catalog.find("shop")).id == "shop"
        assert catalog.problem is not None

    async def test_by_being_emptied_keep_what_was_there(self, file: Path):
        """As a full disk leaves them behind."""
        catalog = following(file)
        write(file, "")
        assert [each.id for each in await catalog.all()] == ["shop"]
        assert "is empty" in str(catalog.problem)
        write(file, "databases: {}")
        assert (await catalog.all(), catalog.problem) == ([], None)

    async def test_tell_which_definitions_hold_now(self, file: Path):
        told: list[Mapping[str, Database]] = []

        async def on_change(databases: Mapping[str, Database]) -> None:
            told.append(databases)

        catalog = following(file, on_change=on_change)
        await catalog.all()
        write(file, "databases:\n  lab:\n    database: lab\n")
        await catalog.all()
        assert [list(each) for each in told] == [["lab"]]

    async def test_hold_up_nobody_but_who_noticed(self, file: Path):
        reading, may_go_on = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        known = known_from(Configuration(file).read())

        def read() -> Known:
            loop.call_soon_threadsafe(reading.set)
            asyncio.run_coroutine_threadsafe(may_go_on.wait(), loop).result(10)
            return Known()

        catalog = Catalog(Watched(known, [file], read))
        write(file, "databases: {}")
        noticing = asyncio.create_task(catalog.all())
        await reading.wait()
        assert (await catalog.find("shop")).id == "shop"
        may_go_on.set()
        assert await noticing == []

    async def test_are_read_by_the_next_call_where_that_which_noticed_is_cancelled(self, file: Path):
        catalog = following(file)
        write(file, "databases: {}")
        noticing = asyncio.create_task(catalog.all())
        asyncio.get_running_loop().call_soon(noticing.cancel)  # once it waits for the thread that reads
        with pytest.raises(asyncio.CancelledError):
            await noticing
        assert await catalog.all() == []

    async def test_while_being_written_are_read_when_they_are_whole(self, file: Path):
        catalog = following(file)
        file.write_text("")
        noticing = asyncio.create_task(catalog.all())
        await asyncio.sleep(0)
        file.write_text("databases:\n  lab:\n    database: lab\n")
        assert [each.id for each in await noticing] == ["lab"]


def following(file: Path, **options: Any) -> Catalog:
    configuration = Configuration(file)
    watched = Watched(known_from(configuration.read()), [file], lambda: known_from(configuration.read()))
    return Catalog(watched, **options)


def write(file: Path, text: str) -> None:
    """Write a file as if that were done a while ago, each time at another moment."""
    file.write_text(text)
    moment = 1_700_000_000 + next(_moments)
    os.utime(file, (moment, moment))
