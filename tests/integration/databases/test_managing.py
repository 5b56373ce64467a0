"""Databases added, changed, removed and tried while the program runs, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from moorage.core.access import Caller, NotAllowed, Scope, acting_as, parse_grant
from moorage.databases.errors import (
    DatabaseExists,
    DatabaseNotFound,
    DatabaseUnavailable,
    DefinitionsNotKept,
    InvalidDefinition,
)
from moorage.databases.execution.running import Request
from moorage.databases.managing.tools import ManagingTools
from moorage.databases.managing.trying import FailedTrial, Trial
from moorage.databases.opening import open_databases
from moorage.databases.service import DatabasesService
from moorage.databases.sources import watching
from moorage.databases.sources.configuration import Configuration
from tests.support.many_databases import FreshDatabase, open_service


def fields_of(bench: FreshDatabase, **changes: Any) -> dict[str, Any]:
    """Describe the database as its reader, as a caller would."""
    definition = bench.definition(**changes).model_dump(mode="json", exclude_unset=True, exclude={"password"})
    return {name: value for name, value in definition.items() if value is not None}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "databases.yaml"


@pytest.fixture
async def service(file: Path) -> AsyncIterator[DatabasesService]:
    """The service over a file that is empty at first."""
    file.write_text("# Ours.\ndatabases:\n")
    async with open_databases(Configuration(file, environment={"WORD": "hunter2"}).read()) as opened:
        yield opened


async def ask(service: DatabasesService, database: str, sql: str = "SELECT 1 AS one") -> Any:
    return (await service.run_query(database, Request(sql))).rows


class TestAdding:
    async def test_makes_a_database_usable_at_once_and_keeps_it(self, service, bench: FreshDatabase, file: Path):
        await service.managing.add("shop", fields_of(bench))
        assert await ask(service, "shop", "SELECT count(*)::int FROM bench.orders") == [[100]]
        assert file.read_text().startswith("# Ours.\n")
        async with open_databases(Configuration(file).read()) as another:
            assert await ask(another, "shop") == [[1]]

    async def test_what_is_there_is_refused(self, service, bench: FreshDatabase):
        await service.managing.add("shop", fields_of(bench))
        with pytest.raises(DatabaseExists):
            await service.managing.add("shop", fields_of(bench))

    async def test_what_flags_describe_is_refused_as_well(self, file: Path):
        file.write_text("databases:\n")
        single = ("shop", {"database": "x"})
        async with open_databases(Configuration(file, single).read()) as opened:
            with pytest.raises(DatabaseExists):
                await opened.managing.add("shop", {"database": "y"})
        assert file.read_text() == "databases:\n"

    @pytest.mark.parametrize(
        ("name", "definition", "said"),
        [
            ("shop", {}, "databases.shop.database: is missing"),
            ("shop", {"database": "x", "prt": 5}, "did you mean port"),
            ("a b", {"database": "x"}, "is no id"),
            ("project:x", {"database": "x"}, "projects"),
            ("shop", {"database": "x", "password": "${NOWHERE_SET}"}, "the variable NOWHERE_SET is not set"),
            ("shop", {"database": "x", "description": "${WORD}"}, "password and url only"),
        ],
    )
    async def test_what_would_not_hold_is_refused_and_the_file_stays(
        self, service, file: Path, name: str, definition: Mapping[str, Any], said: str
    ):
        before = file.read_text()
        with pytest.raises(InvalidDefinition) as caught:
            await service.managing.add(name, definition)
        assert said in caught.value.message
        assert file.read_text() == before

    async def test_a_password_in_clear_is_kept_in_a_private_file_only(self, service, file: Path):
        file.chmod(0o644)
        definition = {"database": "x", "password": "hunter2"}
        with pytest.raises(InvalidDefinition) as caught:
            await service.managing.add("shop", definition)
        assert "hunter2" not in caught.value.as_text() + file.read_text()
        file.chmod(0o600)
        await service.managing.add("shop", definition)
        assert "hunter2" in file.read_text()

    async def test_many_at_once_lose_nothing(self, service):
        await asyncio.gather(*(service.managing.add(f"db_{n}", {"database": "x"}) for n in range(8)))
        assert len(await service.catalog.all()) == 8

    async def test_without_a_file_is_refused(self):
        async with open_service({}) as opened:
            with pytest.raises(DefinitionsNotKept):
                await opened.managing.add("shop", {"database": "x"})


class TestChangingAndRemoving:
    async def test_a_change_holds_for_the_next_call(self, service, bench: FreshDatabase):
        await service.managing.add("shop", fields_of(bench, limits={"rows": 3}))
        await service.managing.change("shop", {"limits": {"rows": 2}})
        assert len(await ask(service, "shop", "SELECT * FROM bench.orders")) == 2

    async def test_connections_under_the_old_definition_are_closed(self, service, bench: FreshDatabase, superuser):
        await service.managing.add("shop", fields_of(bench))
        await ask(service, "shop")
        assert await sessions_of(bench, superuser) == 1
        await service.managing.remove("shop")
        assert await sessions_of(bench, superuser) == 0

    async def test_what_was_removed_is_unknown(self, service, bench: FreshDatabase, file: Path):
        await service.managing.add("shop", fields_of(bench))
        await service.managing.remove("shop")
        with pytest.raises(DatabaseNotFound):
            await service.catalog.find("shop")
        assert yaml.safe_load(file.read_text()) == {"databases": {}}

    async def test_what_the_default_is_cannot_be_removed(self, service, file: Path):
        file.write_text("default_database: shop\ndatabases:\n  shop:\n    database: x\n")
        with pytest.raises(InvalidDefinition) as caught:
            await service.managing.remove("shop")
        assert "default_database" in caught.value.message

    @pytest.mark.parametrize("name", ["shop", "project:web", ""])
    async def test_what_is_not_in_the_file_is_told(self, service, name: str):
        with pytest.raises(DatabaseNotFound):
            await service.managing.change(name, {"port": 1})


class TestTrying:
    async def test_tells_what_a_database_is(self, service, bench: FreshDatabase):
        trial = await service.managing.test(None, {**fields_of(bench), "username": bench.owner})
        assert isinstance(trial, Trial)
        assert (trial.database_id, trial.database, trial.login) == ("candidate", bench.name, bench.owner)
        assert "owns the database" in trial.too_much
        assert int(trial.server_version.split(".")[0]) >= 14

    async def test_tells_why_one_cannot_be_reached(self, service):
        trial = await service.managing.test(None, {"hostname": "127.0.0.1", "port": 9, "database": "x"})
        assert isinstance(trial, FailedTrial)
        assert trial.code == DatabaseUnavailable.code

    async def test_keeps_nothing(self, service, bench: FreshDatabase, file: Path, superuser):
        before = file.read_text()
        await service.managing.test("new", fields_of(bench))
        assert (file.read_text(), await service.catalog.all()) == (before, [])
        assert await sessions_of(bench, superuser) == 0


class TestWhoMay:
    @pytest.mark.parametrize(
        "caller",
        [
            Caller("reader", Scope.READ),
            Caller("writer", Scope.WRITE),
            Caller("of a project", Scope.ADMIN, projects=frozenset({"web"})),
            Caller("of a database", Scope.ADMIN, databases=(parse_grant("shop=write"),)),
        ],
    )
    async def test_nobody_but_administrators_of_the_whole_server(self, service, caller: Caller):
        managing = service.managing
        with acting_as(caller):
            for calling in (
                managing.add("x", {"database": "x"}),
                managing.change("x", {}),
                managing.remove("x"),
                managing.test(None, {"database": "x"}),
            ):
                with pytest.raises(NotAllowed):
                    await calling


class TestTheTools:
    async def test_lists_health_as_calls_have_found_it(self, service, bench: FreshDatabase):
        await service.managing.add("shop", fields_of(bench, description="Orders."))
        await service.managing.add("gone", {"hostname": "127.0.0.1", "port": 9, "database": "x"})
        await service.managing.add("other", {"database": "x"})
        await ask(service, "shop")
        with pytest.raises(DatabaseUnavailable):
            await ask(service, "gone")
        found = json.loads(await tools_of(service).list_databases())
        health = {row[0]: row[2] for row in found["databases"]}
        assert health["gone"].startswith("down since 2")
        assert (health["shop"], health["other"]) == ("reachable", "unused")

    async def test_tells_administrators_that_the_file_is_not_followed(self, service, file: Path, monkeypatch):
        monkeypatch.setattr(watching, "LOOK_SECONDS", 0.0)
        file.write_text("databases: 5\n")
        assert "not followed" in await tools_of(service).list_databases()
        with acting_as(Caller("reader", Scope.READ)):
            assert "notices" not in await tools_of(service).list_databases()

    async def test_change_what_is_kept_and_say_so(self, service, file: Path):
        file.chmod(0o600)
        tools = tools_of(service)
        assert json.loads(await tools.add_database("shop", {"database": "x", "password": "a"})) == {"added": "shop"}
        assert json.loads(await tools.change_database("shop", {"password": "${WORD}"})) == {"changed": "shop"}
        assert (await service.catalog.find("shop")).definition.password.get_secret_value() == "hunter2"
        assert json.loads(await tools.remove_database("shop")) == {"removed": "shop"}


async def test_calls_go_on_while_the_file_changes(service, bench: FreshDatabase, file: Path, monkeypatch):
    """Every call meets one state of the file or another, whatever is written meanwhile."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(watching, "SETTLE_SECONDS", 0.0)
    await service.managing.add("shop", fields_of(bench))
    steady = file.read_text()
    changing = True

    async def call() -> int:
        calls = 0
        while changing:
            assert await ask(service, "shop") == [[1]]
            calls += 1
        return calls

    callers = [asyncio.create_task(call()) for _ in range(4)]
    for number in range(20):
        file.write_text("databases: [" if number % 2 else f"{steady}  other_{number}:\n    database: x\n")
        await ask(service, "shop")
    file.write_text(f"{steady}  last:\n    database: x\n")
    await service.catalog.read_again()
    changing = False
    assert min(await asyncio.gather(*callers)) > 0
    assert [each.id for each in await service.catalog.all()] == ["last", "shop"]


def tools_of(service: DatabasesService) -> ManagingTools:
    return ManagingTools(service.catalog, service.connections, service.managing, service.powers)


async def sessions_of(bench: FreshDatabase, superuser: Any) -> int:
    """Count the sessions of the reader, once those that are ending have ended."""
    for _ in range(200):
        count = await superuser.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = $2", bench.name, bench.reader
        )
        if count == 0:
            return 0
    return count
