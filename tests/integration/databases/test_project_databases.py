"""The databases of projects, which appear by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from moorage.core.access import Caller, Scope, acting_as, parse_grant
from moorage.core.errors import MoorageError
from moorage.core.postgres.address import address_from_url, behind_pooler
from moorage.databases.definitions import DirectPostgres, Limits, Origin, Policy
from moorage.databases.errors import DatabaseNotFound
from moorage.databases.execution.running import Request
from moorage.databases.opening import open_databases
from moorage.databases.service import DatabasesService
from moorage.databases.settings import DatabasesSettings, SqlSettings
from moorage.databases.sources.projects import RegistryDatabases, fields_of_address
from moorage.operations.moving import move_project
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.service import ProjectService

POLICY = Policy(limits=Limits(rows=2), denied_tables=("public.secret",), tags=("project",))


@pytest.fixture
async def service(connections: ProjectConnectionManager) -> AsyncIterator[DatabasesService]:
    sql = SqlSettings(project_policy=POLICY)
    projects = RegistryDatabases(connections, sql.project_policy)
    async with open_databases(
        DatabasesSettings(sql, databases={"other": DirectPostgres(database="x")}), projects
    ) as it:
        yield it


async def test_a_project_is_read_under_the_policy_of_projects(service: DatabasesService, project: Project):
    found = await service.catalog.find(f"project:{project.name}")
    assert (found.origin, found.definition.readonly) == (Origin.PROJECT, True)
    assert {name: getattr(found.definition, name) for name in Policy.model_fields} == dict(POLICY)
    answer = await service.run_query(found.id, Request("SELECT n FROM generate_series(1, 5) AS n"))
    assert answer.rows == [[1], [2]]


async def test_nothing_is_written_into_a_project(service: DatabasesService, project: Project):
    with pytest.raises(MoorageError):
        await service.run_query(f"project:{project.name}", Request("CREATE TABLE t (a int)"))


async def test_it_is_found_once_and_the_same_as_long_as_nothing_changes(service: DatabasesService, project: Project):
    name = f"project:{project.name}"
    assert await service.catalog.find(name) is await service.catalog.find(name)
    assert name in [each.id for each in await service.catalog.all()]


async def test_an_archived_project_is_read_as_well(
    service: DatabasesService, project: Project, projects: ProjectService
):
    await projects.lifecycle.archive(project.name)
    assert (await service.run_query(f"project:{project.name}", Request("SELECT 1"))).rows == [[1]]


async def test_a_project_that_moves_is_followed(servers: ProjectConnectionManager, name: str):
    """`servers` has the main server, and another one called second."""
    await ProjectService(servers).create(name, created_by="test")
    databases = RegistryDatabases(servers, POLICY)
    try:
        before: Any = await databases.find(name)
        await move_project(servers, name, to="second", force=True)
        after: Any = await databases.find(name)
        assert after.definition.hostname == servers.servers["second"].provisioner.address.arguments["host"]
        assert after.definition.hostname != before.definition.hostname
    finally:
        await ProjectService(servers).delete(name, confirm=name, force=True)


def test_a_server_is_reached_by_its_url_and_through_its_pooler():
    url = "postgresql://me:pass%40word@db:5433/registry?sslmode=require&application_name=x"
    server = behind_pooler(address_from_url(url)[0], "postgresql://pooler:6432")
    assert fields_of_address(server.pooler or server) == {
        "hostname": "pooler",
        "port": 6432,
        "username": "me",
        "password": "pass@word",
    }
    assert fields_of_address(address_from_url(url)[0])["sslmode"] == "require"


async def test_a_deleted_project_is_unknown(service: DatabasesService, projects: ProjectService, name: str):
    await projects.create(name, created_by="test")
    await service.run_query(f"project:{name}", Request("SELECT 1"))
    await projects.delete(name, confirm=name, force=True)
    with pytest.raises(DatabaseNotFound):
        await service.catalog.find(f"project:{name}")


@pytest.mark.parametrize("name", ["project:", "project:no such", "project:x?user=y", "project:../x", "project:nowhere"])
async def test_what_names_no_project_is_unknown(service: DatabasesService, name: str):
    with pytest.raises(DatabaseNotFound):
        await service.catalog.find(name)


async def test_who_does_not_see_a_project_does_not_see_its_database(service: DatabasesService, project: Project):
    name = f"project:{project.name}"
    strangers = [
        Caller("of another project", Scope.ADMIN, projects=frozenset({"another"})),
        Caller("of a database", Scope.READ, databases=(parse_grant("other"),)),
    ]
    for caller in strangers:
        with acting_as(caller):
            with pytest.raises(DatabaseNotFound) as caught:
                await service.catalog.find(name)
            assert name not in [each.id for each in await service.catalog.all()]
            assert name not in caught.value.details["nearest"]


async def test_who_sees_it_finds_it_and_no_database_of_others(service: DatabasesService, project: Project):
    name = f"project:{project.name}"
    with acting_as(Caller("ada", Scope.READ, projects=frozenset({project.name}))):
        assert (await service.catalog.find(name)).id == name
        assert [each.id for each in await service.catalog.all()] == [name]
