"""Roles of projects: each reaches one database, reads or writes there, and goes with the project."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import NotPermitted, translated
from moorage.core.postgres.migrations import migrate
from moorage.core.postgres.pools import connect
from moorage.operations.doctor.examination import Doctor
from moorage.projects.errors import RoleTaken
from moorage.projects.roles import RoleKind, ensure_role, role_name
from moorage.systems import LINES
from tests.support.doctoring import found, mended

READ = "SELECT count(*) FROM workflow.entities"
WRITE = "INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ('task', '{}', 'T')"


@pytest.fixture
async def person(admin, address: Address):
    """The address of somebody with a login and nothing else."""
    login = f"person_{secrets.token_hex(6)}"
    await admin.execute(f"CREATE ROLE {login} LOGIN")
    yield replace(address, arguments={**address.arguments, "user": login})
    await admin.execute(f"DROP ROLE {login}")


async def asked(person: Address, database: str, statement: str) -> None:
    with translated("asking"):
        connection = await connect(person, database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def grant(admin, role: str, person: Address) -> None:
    await admin.execute(f'GRANT "{role}" TO {person.arguments["user"]}')


async def test_somebody_without_a_role_reaches_no_project(project, person):
    with pytest.raises(NotPermitted, match="CONNECT"):
        await asked(person, project.database_name, READ)


async def test_the_reading_role_reads_one_project_and_writes_none(connections, projects, project, person, admin, name):
    other = await projects.create(f"{name}_b", created_by="test")
    await grant(admin, await ensure_role(connections.provisioner, project, RoleKind.READ), person)
    await asked(person, project.database_name, READ)
    await asked(person, project.database_name, "SELECT count(*) FROM codebase.code_chunks")
    for database, statement in ((project.database_name, WRITE), (other.database_name, READ), ("mcp_registry", READ)):
        with pytest.raises(NotPermitted):
            await asked(person, database, statement)
    await projects.delete(other.name, confirm=other.name, force=True)


async def test_the_writing_role_writes_all_but_what_only_moorage_writes(connections, project, person, admin):
    await grant(admin, await ensure_role(connections.provisioner, project, RoleKind.WRITE), person)
    await asked(person, project.database_name, WRITE)
    for statement in (
        "UPDATE moorage.identity SET project_id = gen_random_uuid()",
        "DELETE FROM workflow.schema_version",
        "DROP TABLE workflow.entities",
    ):
        with pytest.raises(NotPermitted):
            await asked(person, project.database_name, statement)


async def test_tables_that_migrations_make_later_may_be_read_as_well(connections, project, person, admin, address):
    await grant(admin, await ensure_role(connections.provisioner, project, RoleKind.READ), person)
    own = await connect(address, project.database_name)
    await own.execute("DROP SCHEMA workflow CASCADE")
    await own.close()
    await migrate(address, project.database_name, LINES)
    await asked(person, project.database_name, READ)


async def test_roles_go_with_their_project(connections, projects, name: str, admin):
    project = await projects.create(name, created_by="test")
    made = [await ensure_role(connections.provisioner, project, kind) for kind in RoleKind]
    await projects.delete(name, confirm=name, force=True)
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)", made) == 0


async def test_a_role_that_was_granted_something_else_does_not_keep_a_project_from_being_deleted(
    connections, projects, name: str, admin
):
    project = await projects.create(name, created_by="test")
    role = await ensure_role(connections.provisioner, project, RoleKind.READ)
    await admin.execute(f'GRANT CONNECT ON DATABASE postgres TO "{role}"')
    await projects.delete(name, confirm=name, force=True)
    doctor = Doctor(connections)
    assert (await found(doctor, role)).keys() == {"role_without_project"}
    await admin.execute(f'REVOKE CONNECT ON DATABASE postgres FROM "{role}"')
    assert await mended(doctor, role, "role_without_project") == {}


async def test_a_role_made_for_something_else_is_neither_used_nor_dropped(connections, projects, name: str, admin):
    project = await projects.create(name, created_by="test")
    role = role_name(name, RoleKind.READ)
    await admin.execute(f'CREATE ROLE "{role}"')
    with pytest.raises(RoleTaken):
        await ensure_role(connections.provisioner, project, RoleKind.READ)
    await projects.delete(name, confirm=name, force=True)
    await admin.execute(f'DROP ROLE "{role}"')


async def test_lost_grants_are_found_and_given_again(connections, project, admin):
    role = await ensure_role(connections.provisioner, project, RoleKind.READ)
    doctor = Doctor(connections)
    assert await found(doctor, project.name) == {}
    await admin.execute(f'REVOKE CONNECT ON DATABASE "{project.database_name}" FROM "{role}"')
    assert await mended(doctor, project.name, "role_lacks_grants") == {}


async def test_the_role_of_the_longest_name_is_not_cut_by_postgresql(connections, projects, name: str):
    longest = (name + "x" * 55)[:55]
    project = await projects.create(longest, created_by="test")
    made = [await ensure_role(connections.provisioner, project, kind) for kind in RoleKind]
    assert [len(each) <= 63 for each in made] == [True, True]
    assert made[0] != role_name(f"{longest[:54]}y", RoleKind.READ)
    await projects.delete(longest, confirm=longest, force=True)


def test_a_long_name_is_cut_by_a_visible_rule():
    assert role_name("website", RoleKind.WRITE) == "project_website_write"
    assert role_name("a" * 49, RoleKind.WRITE) == f"project_{'a' * 49}_write"
    assert role_name("a" * 55, RoleKind.READ) == f"project_{'a' * 40}_9f4390f8_read"
