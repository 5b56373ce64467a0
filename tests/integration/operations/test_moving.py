"""Moving projects between PostgreSQL servers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from moorage.core.access import system_user
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import connect
from moorage.operations import moving
from moorage.operations.copying import copy_database
from moorage.operations.moving import move_project
from moorage.projects import store
from moorage.projects.errors import (
    DatabaseTaken,
    ProjectArchived,
    ProjectInUse,
    ProjectNotReady,
    ServerDown,
    ServerUnknown,
)
from moorage.projects.models import ProjectState
from moorage.projects.service import ProjectService
from tests.support.programs import started
from tests.support.waiting import until

ADD = "INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ($1, '{}', upper($1))"
COUNT = "SELECT count(*) FROM workflow.entity_schemas"


@pytest.fixture
async def filled(servers, name: str):
    """A project on the main server with rows of its own."""
    projects = ProjectService(servers)
    made = await projects.create(name, created_by=system_user().name)
    async with servers.get_project_connection(name) as connection:
        await connection.executemany(ADD, [(f"kind_{number}",) for number in range(7)])
    yield made
    await projects.delete(name, confirm=name, force=True)


async def rows(servers, name: str) -> int:
    async with servers.get_project_connection(name) as connection:
        return await connection.fetchval(COUNT)


async def add(servers, name: str, kind: str) -> None:
    async with servers.get_project_connection(name) as connection:
        await connection.execute(ADD, kind)


async def has_database(address, database: str) -> bool:
    connection = await connect(address, "postgres")
    try:
        return await store.database_state(connection, database) is not None
    finally:
        await connection.close()


async def execute(address, statement: str) -> None:
    connection = await connect(address, "postgres")
    await connection.execute(statement)
    await connection.close()


async def test_a_moved_project_has_all_its_rows_and_takes_new_ones(servers, filled, address, second_server):
    moved = await move_project(servers, filled.name, to="second", force=True)
    assert (moved.moved, moved.from_server, moved.to_server, moved.old_database) == (True, "main", "second", "dropped")
    assert await rows(servers, filled.name) == 7
    await add(servers, filled.name, "kind_after")
    assert not await has_database(address, filled.database_name)
    assert await has_database(second_server.start(), filled.database_name)
    now = await servers.find_project(filled.name)
    assert (now.server, now.state, now.id) == ("second", ProjectState.READY, filled.id)
    assert now.generation > filled.generation


async def test_moving_there_and_back_and_once_more_changes_nothing_else(servers, filled):
    await move_project(servers, filled.name, to="second", force=True)
    await move_project(servers, filled.name, to="main", force=True)
    again = await move_project(servers, filled.name, to="main", force=True)
    assert not again.moved
    assert await rows(servers, filled.name) == 7


async def test_an_archived_project_is_archived_where_it_comes_to(servers, filled):
    projects = ProjectService(servers)
    await projects.lifecycle.archive(filled.name, force=True)
    await move_project(servers, filled.name, to="second", force=True)
    assert (await servers.find_project(filled.name)).state is ProjectState.ARCHIVED
    assert await rows(servers, filled.name) == 7
    with pytest.raises(ProjectArchived):
        await add(servers, filled.name, "kind_late")


async def test_a_project_in_use_is_not_moved_unless_forced(servers, filled):
    async with servers.get_project_connection(filled.name) as connection, connection.transaction():
        await connection.execute(ADD, "kind_open")
        other = ProjectService(servers).connections
        with pytest.raises(ProjectInUse):
            await asyncio.shield(move_without_forgetting(other, filled.name))
    assert (await servers.find_project(filled.name)).server == "main"


async def move_without_forgetting(servers, name: str) -> None:
    """Move as another process would: this one's connection stays open."""
    manager = type(servers)(servers.provisioner, others={"second": servers.servers["second"].provisioner.address})
    await manager.initialize()
    try:
        await move_project(manager, name, to="second")
    finally:
        await manager.close()


async def test_a_copy_that_fails_leaves_the_project_where_it_was(servers, filled, monkeypatch):
    async def broken(*_arguments, **_options):
        raise ServerDown("the new server went away")

    monkeypatch.setattr(moving, "copy_database", broken)
    with pytest.raises(ServerDown, match="went away"):
        await move_project(servers, filled.name, to="second", force=True)
    now = await servers.find_project(filled.name)
    assert (now.server, now.state) == ("main", ProjectState.READY)
    await add(servers, filled.name, "kind_after")
    assert await rows(servers, filled.name) == 8


async def test_a_move_to_a_server_that_is_down_is_told_and_taken_back(servers, filled):
    with pytest.raises(ConnectionError):
        await move_project(servers, filled.name, to="gone", force=True)
    await add(servers, filled.name, "kind_after")


async def test_a_move_that_is_killed_while_copying_is_finished_by_repeating_it(
    servers, filled, second_server, home, tmp_path, monkeypatch
):
    """Its pg_dump never ends; what it has written stays in the folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    dumping = tmp_path / "dumping"
    programs = never_ending_programs(tmp_path / "programs", dumping)
    at = second_server.start().arguments
    second = {"host": at["host"], "port": at["port"], "user": at["user"]}
    settings = {"postgres": {"servers": {"second": second}}, "backup": {"programs": str(programs)}}
    (tmp_path / "moorage.yaml").write_text(json.dumps(settings))
    async with started(home, tmp_path, "project", "move", filled.name, "--to", "second", "--force") as moving_program:
        await until(lambda: asyncio.to_thread(dumping.exists))
        moving_program.process.kill()
    with pytest.raises(ProjectNotReady):
        await add(servers, filled.name, "kind_meanwhile")
    assert await rows(servers, filled.name) == 7
    assert (await move_project(servers, filled.name, to="second", force=True)).moved
    await add(servers, filled.name, "kind_after")


async def test_a_copy_that_a_killed_move_left_in_place_is_thrown_away(servers, filled, second_server):
    await move_project(servers, filled.name, to="second", force=True)
    await move_project(servers, filled.name, to="main", force=True)
    leftover = quote_identifier(filled.database_name)
    template = servers.servers["second"].provisioner.template_name
    await ProjectService(servers).create(f"{filled.name}_x", created_by="test", server="second")
    await execute(second_server.start(), f'CREATE DATABASE {leftover} TEMPLATE "{template}"')
    await write_owner(second_server.start(), filled.database_name, filled.id)
    await be_moving(servers, filled)
    assert (await move_project(servers, filled.name, to="second", force=True)).moved
    assert await rows(servers, filled.name) == 7
    await ProjectService(servers).delete(f"{filled.name}_x", confirm=f"{filled.name}_x", force=True)


async def test_a_database_of_somebody_else_is_not_overwritten(servers, filled, second_server):
    await execute(second_server.start(), f"CREATE DATABASE {quote_identifier(filled.database_name)}")
    with pytest.raises(DatabaseTaken, match="does not belong"):
        await move_project(servers, filled.name, to="second", force=True)
    await execute(second_server.start(), f"DROP DATABASE {quote_identifier(filled.database_name)}")
    await add(servers, filled.name, "kind_after")


async def test_the_second_of_two_operators_is_told(servers, filled):
    results = await asyncio.gather(
        *(move_project(servers, filled.name, to="second", force=True) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in results) == ["MovedProject", "ProjectInUse"]
    assert await rows(servers, filled.name) == 7


async def test_an_unknown_server_is_refused_before_anything_is_done(servers, filled):
    with pytest.raises(ServerUnknown):
        await move_project(servers, filled.name, to="elsewhere")
    await add(servers, filled.name, "kind_after")


def never_ending_programs(folder: Path, began: Path) -> Path:
    """Make a folder with programs that say who they are, or touch a file and wait to be ended."""
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\ncase "$1" in --version) exec echo "{name} (PostgreSQL) 18.4";; esac\n'
            f'touch "{began}"\nexec sleep 60\n'
        )
        program.chmod(0o755)
    return folder


async def be_moving(servers, project) -> None:
    """Leave the project as a move leaves it that was killed while it copied."""
    await execute(
        servers.address,
        f"ALTER DATABASE {quote_identifier(project.database_name)} SET default_transaction_read_only = on",
    )
    await store.project_set_state(
        servers.registry_pool, project.id, ProjectState.MOVING, from_states=[ProjectState.READY]
    )


async def write_owner(address, database: str, project_id) -> None:
    connection = await connect(address, database)
    await store.identity_insert(connection, project_id)
    await connection.close()


async def test_a_project_that_moves_while_it_is_backed_up_is_deleted_where_it_is(servers, name, address, second_server):
    async def move(name: str) -> str:
        await move_project(servers, name, to="second", force=True)
        return "a backup"

    projects = ProjectService(servers, back_up=move)
    made = await projects.create(name, created_by=system_user().name)
    await projects.delete(name, confirm=name, force=True, back_up_first=True)
    for server in (address, second_server.start()):
        assert not await has_database(server, made.database_name)


async def test_a_deletion_that_comes_during_a_move_leaves_nothing_on_either_server(
    servers, name, address, second_server, monkeypatch: pytest.MonkeyPatch
):
    projects, deletions = ProjectService(servers), []
    made = await projects.create(name, created_by=system_user().name)

    async def copy_while_it_is_deleted(*arguments: Any, **more: Any) -> Any:
        deletions.append(asyncio.create_task(projects.delete(name, confirm=name, force=True)))
        await until(lambda: is_waited_for(servers))
        return await copy_database(*arguments, **more)

    monkeypatch.setattr(moving, "copy_database", copy_while_it_is_deleted)
    await move_project(servers, name, to="second", force=True)
    await deletions[0]
    for server in (address, second_server.start()):
        assert not await has_database(server, made.database_name)


async def is_waited_for(servers) -> bool:
    return await servers.registry_pool.fetchval("SELECT true FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
