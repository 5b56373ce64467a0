"""Projects on several PostgreSQL servers: placed, found, and unharmed when another server is down."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.errors import InvalidInput
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ServerDown, ServerUnknown
from moorage.projects.service import ProjectService


async def database_names(address: Address) -> set[str]:
    connection = await connect(address, "postgres")
    try:
        return {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()


async def where_it_is(manager: ProjectConnectionManager, name: str) -> str:
    async with manager.get_project_connection(name) as connection:
        return await connection.fetchval("SELECT current_setting('data_directory')")


async def test_a_project_is_made_found_and_deleted_on_the_server_it_was_placed_on(
    servers, address, second_server, name: str
):
    projects = ProjectService(servers)
    made = await projects.create(name, created_by="test", server="second")
    assert made.server == "second"
    assert await where_it_is(servers, name) == str(second_server.data_folder)
    assert made.database_name in await database_names(second_server.start())
    assert made.database_name not in await database_names(address)
    assert (await projects.stats(name)).database_bytes > 0
    await projects.delete(name, confirm=name, force=True)
    assert made.database_name not in await database_names(second_server.start())


async def test_the_least_loaded_server_that_answers_is_chosen(servers, name: str):
    everywhere = ProjectService(servers, placed_on=["main", "second", "gone"])
    await ProjectService(servers).create(f"{name}_a", created_by="test", server="main")
    placed = await everywhere.create(f"{name}_b", created_by="test")
    assert placed.server == "second"
    for each in (f"{name}_a", f"{name}_b"):
        await everywhere.delete(each, confirm=each, force=True)


async def test_no_project_is_left_behind_by_a_server_that_is_down(servers, name: str):
    with pytest.raises(ServerDown, match="none of the servers gone, gone"):
        await ProjectService(servers, placed_on=["gone", "gone"]).create(name, created_by="test")
    with servers.registry() as registry:
        assert await registry.fetchval("SELECT count(*) FROM public.projects WHERE name = $1", name) == 0


async def test_a_server_that_is_not_in_the_settings_is_refused(servers, name: str):
    with pytest.raises(ServerUnknown, match="'elsewhere'") as refused:
        await ProjectService(servers).create(name, created_by="test", server="elsewhere")
    assert "main, second, gone" in refused.value.hint


async def test_asking_for_another_server_for_a_project_that_exists_tells_how_to_move_it(servers, project):
    with pytest.raises(InvalidInput, match="exists on the server 'main'") as refused:
        await ProjectService(servers).create(project.name, created_by="test", server="second")
    assert f"moorage project move {project.name} --to second" in refused.value.hint


async def test_a_server_that_is_down_harms_only_its_own_projects(servers, project, second_server, name: str):
    projects = ProjectService(servers)
    distant = f"{name}_d"
    await projects.create(distant, created_by="test", server="second")
    await where_it_is(servers, distant)
    second_server.stop()
    try:
        with pytest.raises(ServerDown, match="'second'"):
            await projects.create(f"{name}_late", created_by="test", server="second")
        with pytest.raises(ServerDown, match="'second'") as told:
            await where_it_is(servers, distant)
        assert told.value.details == {"project_name": distant, "server": "second"}
        near = await asyncio.gather(*(where_it_is(servers, project.name) for _ in range(5)))
        assert len(set(near)) == 1
        assert (await servers.health_check())["registry"]
    finally:
        second_server.start()
    assert await where_it_is(servers, distant) == str(second_server.data_folder)
    late = await projects.create(f"{name}_late", created_by="test")  # finishes where it was begun
    assert late.server == "second"
    for each in (distant, late.name):
        await projects.delete(each, confirm=each, force=True)
