"""What the doctor finds between the registry's rows and the databases of a server, each broken for real."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from moorage.core.postgres.address import address_of_socket
from moorage.core.shape import Severity
from moorage.operations.doctor import strays
from moorage.operations.doctor.errors import DatabaseOfProject, NoSuchDatabase, NotAdoptable
from moorage.operations.doctor.examination import Doctor
from moorage.operations.doctor.mending import Outcome, treat
from moorage.projects import staging, store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import NotConfirmed
from moorage.projects.models import Project, ProjectState
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.systems import LINES
from tests.conftest import REGISTRY
from tests.support.doctoring import found, mended
from tests.support.programs import started
from tests.support.waiting import until


@pytest.fixture
def doctor(connections: ProjectConnectionManager) -> Doctor:
    return Doctor(connections)


@pytest.fixture
async def stray(admin, name: str):
    """The name of a database; whatever has that name is dropped after the test."""
    database = f"project_{name}"
    yield database
    await admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


async def set_state(connections: ProjectConnectionManager, project: Project, state: ProjectState) -> None:
    """Leave a project as a process that was killed leaves it."""
    await store.project_set_state(connections.registry_pool, project.id, state, from_states=list(ProjectState))


async def database_exists(admin, name: str) -> bool:
    return await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name) == 1


async def test_nothing_is_found_about_a_sound_project(doctor: Doctor, project: Project):
    assert await found(doctor, project.name) == {}


async def test_a_row_whose_database_was_dropped_by_hand_is_found_and_left_to_a_person(doctor, project, admin):
    await admin.execute(f'DROP DATABASE "{project.database_name}" WITH (FORCE)')
    findings = await found(doctor, project.name)
    assert findings.keys() == {"row_without_database"}
    assert findings["row_without_database"].severity is Severity.ERROR
    assert findings["row_without_database"].mend is None
    assert "moorage restore" in findings["row_without_database"].remedy


async def test_a_creation_that_was_killed_before_its_database_is_finished(doctor, connections, projects, name: str):
    await store.project_insert(
        connections.registry_pool, name=name, description=None, folder=None, created_by="test", server="main"
    )
    assert await mended(doctor, name, "half_created") == {}
    assert (await projects.get(name)).state is ProjectState.READY
    await projects.delete(name, confirm=name, force=True)


async def test_a_creation_killed_in_the_middle_is_found_only_then_and_finished(
    doctor, connections, projects, home, tmp_path, name: str
):
    async def is_unattended() -> bool:
        return "half_created" in await found(doctor, name)

    async with connections.provisioner.registry_transaction() as registry:
        await store.template_lock_in(registry, "main")
        async with started(home, tmp_path, "project", "create", name):  # killed at the end
            await until(lambda: registry.fetchrow("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
            assert await found(doctor, name) == {}
    await until(is_unattended)
    assert await mended(doctor, name, "half_created") == {}
    await projects.delete(name, confirm=name, force=True)


async def test_a_creation_that_goes_on_is_no_finding(doctor, connections, project):
    await set_state(connections, project, ProjectState.CREATING)
    async with connections.provisioner.locked(project):
        assert await found(doctor, project.name) == {}
    assert (await found(doctor, project.name)).keys() == {"half_created"}


async def test_a_deletion_that_was_killed_is_finished_only_as_one_that_deletes_data(doctor, connections, admin, name):
    project = await ProjectService(connections).create(name, created_by="test")
    await set_state(connections, project, ProjectState.DELETING)
    assert (await found(doctor, name))["half_deleted"].deletes_data
    assert await mended(doctor, name, "half_deleted") == {}
    assert not await database_exists(admin, project.database_name)


async def test_a_copy_that_was_in_place_is_opened(doctor, connections, projects, project):
    await set_state(connections, project, ProjectState.COPYING)
    assert await mended(doctor, project.name, "half_copied") == {}
    assert (await projects.get(project.name)).state is ProjectState.READY


async def test_a_snapshot_that_was_in_place_is_archived(doctor, connections, projects, project, admin):
    await admin.execute(f'ALTER DATABASE "{project.database_name}" SET default_transaction_read_only = on')
    await set_state(connections, project, ProjectState.COPYING)
    assert await mended(doctor, project.name, "half_copied") == {}
    assert (await projects.get(project.name)).state is ProjectState.ARCHIVED


async def test_the_row_of_a_copy_that_never_came_is_taken_away(doctor, connections, name: str):
    made = await store.project_insert(
        connections.registry_pool, name=name, description=None, folder=None, created_by="test", server="main"
    )
    assert made is not None
    await set_state(connections, made, ProjectState.COPYING)
    assert await mended(doctor, name, "half_copied") == {}
    assert await store.project_by_name(connections.registry_pool, name) is None


async def test_a_project_whose_move_was_killed_is_opened_where_it_is(doctor, connections, projects, project, admin):
    await admin.execute(f'ALTER DATABASE "{project.database_name}" SET default_transaction_read_only = on')
    await set_state(connections, project, ProjectState.MOVING)
    assert await mended(doctor, project.name, "half_moved") == {}
    async with connections.get_project_connection(project.name) as connection:
        assert await connection.fetchval("SHOW transaction_read_only") == "off"


async def test_an_archived_project_that_takes_writes_is_closed_to_them(doctor, connections, project):
    await set_state(connections, project, ProjectState.ARCHIVED)
    assert await mended(doctor, project.name, "archived_but_writable") == {}
    async with connections.get_project_connection(project.name) as connection:
        assert await connection.fetchval("SHOW transaction_read_only") == "on"


async def test_a_ready_project_that_takes_no_writes_is_opened_to_them(doctor, connections, project, admin):
    await admin.execute(f'ALTER DATABASE "{project.database_name}" SET default_transaction_read_only = on')
    async with connections.get_project_connection(project.name):
        pass  # a pool from before
    assert await mended(doctor, project.name, "ready_but_read_only") == {}
    async with connections.get_project_connection(project.name) as connection:
        assert await connection.fetchval("SHOW transaction_read_only") == "off"


async def test_a_database_closed_by_hand_is_opened(doctor, project, admin):
    await admin.execute(f'ALTER DATABASE "{project.database_name}" ALLOW_CONNECTIONS false')
    assert await mended(doctor, project.name, "database_closed") == {}


async def test_what_an_interrupted_drop_left_is_found(doctor, project, admin):
    """PostgreSQL marks it so before the files go: https://www.postgresql.org/docs/current/catalog-pg-database.html"""
    await admin.execute("UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1", project.database_name)
    assert (await found(doctor, project.name)).keys() == {"database_half_dropped"}


async def test_a_database_that_everybody_may_enter_is_closed_to_public(doctor, project, admin):
    await admin.execute(f'GRANT CONNECT ON DATABASE "{project.database_name}" TO PUBLIC')
    assert await mended(doctor, project.name, "open_to_public") == {}


async def test_the_registry_is_closed_to_public_as_well(doctor, admin):
    await admin.execute(f'GRANT CONNECT ON DATABASE "{REGISTRY}" TO PUBLIC')
    assert await mended(doctor, f"database {REGISTRY}", "open_to_public") == {}


async def test_a_database_that_nobody_knows_is_told_and_left(doctor, stray: str, admin):
    await admin.execute(f'CREATE DATABASE "{stray}"')
    findings = await found(doctor, stray)
    assert findings.keys() == {"database_without_row"}
    assert findings["database_without_row"].mend is None


async def test_a_lost_row_comes_back_by_adopting_its_database(doctor, connections, projects, stray, name, admin):
    project = await projects.create(name, created_by="test")
    await connections.forget(project)
    await admin.execute(f'ALTER DATABASE "{project.database_name}" RENAME TO "{name}_kept"')
    await projects.delete(name, confirm=name, force=True)
    await admin.execute(f'ALTER DATABASE "{name}_kept" RENAME TO "{project.database_name}"')
    assert (await found(doctor, stray)).keys() == {"database_without_row"}
    assert await strays.adopt(connections, stray, server="main", created_by="test") == name
    assert (await projects.get(name)).id == project.id
    assert await found(doctor, name) == {}
    await projects.delete(name, confirm=name, force=True)


async def test_a_copy_of_a_living_project_is_not_adopted(connections, project, stray: str, admin):
    copy = f"{stray[:50]}_c"
    await connections.forget(project)
    await admin.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{project.database_name}"')
    with pytest.raises(NotAdoptable, match="in the registry"):
        await strays.adopt(connections, copy, server="main", created_by="test")
    await strays.drop(connections, copy, server="main", confirm=copy)
    assert not await database_exists(admin, copy)


async def test_a_database_that_says_nothing_of_its_project_is_not_adopted(connections, stray: str, admin):
    await admin.execute(f'CREATE DATABASE "{stray}"')
    with pytest.raises(NotAdoptable, match="does not say"):
        await strays.adopt(connections, stray, server="main", created_by="test")


@pytest.mark.parametrize("strangers", ["postgres", REGISTRY, "template1", "project_nowhere"])
async def test_only_databases_of_moorage_are_dropped(connections, admin, strangers: str):
    with pytest.raises(NoSuchDatabase):
        await strays.drop(connections, strangers, server="main", confirm=strangers)
    assert await database_exists(admin, strangers) is not strangers.endswith("nowhere")


async def test_the_database_of_a_living_project_is_neither_dropped_nor_adopted(connections, project, admin):
    for refused in (
        strays.drop(connections, project.database_name, server="main", confirm=project.database_name),
        strays.adopt(connections, project.database_name, server="main", created_by="test"),
    ):
        with pytest.raises(DatabaseOfProject):
            await refused
    assert await database_exists(admin, project.database_name)


async def test_a_database_is_dropped_only_by_its_name_typed(connections, stray: str, admin):
    await admin.execute(f'CREATE DATABASE "{stray}"')
    with pytest.raises(NotConfirmed):
        await strays.drop(connections, stray, server="main", confirm=stray[:-1])
    assert await database_exists(admin, stray)


async def test_a_staging_database_is_dropped_once_nobody_fills_it(doctor, connections, admin):
    async with staging.staged(connections.provisioner) as name:
        assert await found(doctor, name) == {}
        with pytest.raises(DatabaseOfProject):
            await strays.drop(connections, name, server="main", confirm=name)
    left_behind = f"{staging.STAGING_PREFIX}{uuid4().hex}"
    await admin.execute(f'CREATE DATABASE "{left_behind}"')
    assert await mended(doctor, left_behind, "staging_left_behind") == {}
    assert not await database_exists(admin, left_behind)


async def test_a_staging_database_that_says_whose_it_is_counts_as_data(doctor, connections, project, admin):
    """A restore killed right after the exchange leaves there what the project held until then."""
    left_behind = f"{staging.STAGING_PREFIX}{uuid4().hex}"
    await connections.forget(project)
    await admin.execute(f'CREATE DATABASE "{left_behind}" TEMPLATE "{project.database_name}"')
    assert (await found(doctor, left_behind))["staging_left_behind"].deletes_data
    assert await mended(doctor, left_behind, "staging_left_behind") == {}


async def test_a_template_of_another_version_is_dropped(doctor, admin, name: str):
    template = f"moorage_template_{name[-12:]}"
    await admin.execute(f'CREATE DATABASE "{template}"')
    assert (await found(doctor, template))["template_of_another_version"].severity is Severity.INFO
    assert await mended(doctor, template, "template_of_another_version") == {}


async def test_a_project_on_a_server_that_the_settings_do_not_name_is_found(doctor, connections, project):
    registry = connections.registry_pool
    await registry.execute("UPDATE projects SET server = 'elsewhere' WHERE id = $1", project.id)
    findings = await found(doctor, project.name)
    await registry.execute("UPDATE projects SET server = 'main' WHERE id = $1", project.id)
    assert findings.keys() == {"server_unknown", "database_without_row"}


async def test_a_server_that_is_down_is_a_finding_and_stops_nothing(address, connections, project, tmp_path):
    away = address_of_socket(str(tmp_path), user="postgres")
    manager = ProjectConnectionManager(Provisioner(address, REGISTRY, LINES), others={"away": away})
    await manager.initialize()
    try:
        await manager.registry_pool.execute("UPDATE projects SET max_bytes = 1 WHERE id = $1", project.id)
        findings = {each.code for each in await Doctor(manager).examine()}
    finally:
        await manager.close()
    assert {"server_down", "quota_exceeded"} <= findings


async def test_two_operators_at_once_mend_once(doctor, connections, project, admin):
    await admin.execute(f'ALTER DATABASE "{project.database_name}" SET default_transaction_read_only = on')
    finding = (await found(doctor, project.name))["ready_but_read_only"]
    treated = await asyncio.gather(treat(doctor, finding), treat(Doctor(connections), finding))
    assert sorted(each.outcome for each in treated) == [Outcome.GONE, Outcome.MENDED]
    assert await found(doctor, project.name) == {}


async def test_two_operators_finish_one_creation(doctor, connections, projects, name: str):
    await store.project_insert(
        connections.registry_pool, name=name, description=None, folder=None, created_by="test", server="main"
    )
    finding = (await found(doctor, name))["half_created"]
    treated = await asyncio.gather(treat(doctor, finding), treat(Doctor(connections), finding))
    assert {each.outcome for each in treated} <= {Outcome.MENDED, Outcome.GONE}
    assert await found(doctor, name) == {}
    await projects.delete(name, confirm=name, force=True)


async def test_what_was_mended_meanwhile_is_left_alone(doctor, connections, project, admin):
    await admin.execute(f'GRANT CONNECT ON DATABASE "{project.database_name}" TO PUBLIC')
    finding = (await found(doctor, project.name))["open_to_public"]
    await admin.execute(f'REVOKE CONNECT ON DATABASE "{project.database_name}" FROM PUBLIC')
    assert (await treat(doctor, finding)).outcome is Outcome.GONE


async def test_a_mending_that_fails_is_an_outcome_with_its_reason(doctor, connections, project, admin, monkeypatch):
    await admin.execute(f'GRANT CONNECT ON DATABASE "{project.database_name}" TO PUBLIC')
    finding = (await found(doctor, project.name))["open_to_public"]
    monkeypatch.setattr("moorage.operations.doctor.mending.LOCK_WAIT_SECONDS", 0.01)
    async with connections.provisioner.locked(project):
        treated = await treat(doctor, finding)
    assert treated.outcome is Outcome.FAILED
    assert "lock timeout" in treated.detail
