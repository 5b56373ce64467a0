"""The script of `moorage doctor --sql` gives exactly what Moorage needs: its whole life runs as the role it makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.codebase.diagnosing import CodebaseDiagnoses
from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.errors import InvalidInput
from moorage.core.postgres.address import Address
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.errors import NotPermitted
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import Connection, connect
from moorage.core.postgres.programs import find_programs, login_to, run_program
from moorage.operations.backup.taking import take_backup
from moorage.operations.doctor.examination import Doctor
from moorage.operations.doctor.grants import grants_script
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.lifecycle.copies import ProjectCopies
from moorage.projects.lifecycle.service import ProjectLifecycle
from moorage.projects.provisioning import Provisioner
from moorage.projects.roles import RoleKind, ensure_role
from moorage.projects.service import ProjectService
from moorage.settings import PostgresSettings
from moorage.systems import LINES
from tests.integration.conftest import NOT_NEEDED
from tests.support.homes import temporary_home
from tests.unit.codebase.repositories import ISOLATED, make_folder

ROLE = "o'moor\"age\\"
ROLE_NAME = quote_identifier(ROLE)
REGISTRY = 'the "registry"'
REGISTRY_NAME = quote_identifier(REGISTRY)


@pytest.fixture(scope="module")
def administrator() -> Iterator[Address]:
    """A server of these tests' own, by the login of its superuser: the script changes template1."""
    with temporary_home() as home, EmbeddedServer(home).running() as address:
        spare = [f"ALTER SYSTEM SET {setting} = off" for setting in NOT_NEEDED]
        asyncio.run(execute(address, *spare, "SELECT pg_reload_conf()"))
        yield address


@asynccontextmanager
async def connected(address: Address) -> AsyncGenerator[Connection]:
    connection = await connect(address, "postgres")
    try:
        yield connection
    finally:
        await connection.close()


async def execute(administrator: Address, *statements: str) -> None:
    async with connected(administrator) as connection:
        for statement in statements:
            await connection.execute(statement)


@pytest.fixture
async def granted(administrator: Address, tmp_path: Path) -> AsyncIterator[Address]:
    """The server by the login that the script makes, twice, because it may be repeated."""
    script = tmp_path / "grants.sql"
    script.write_text(grants_script(ROLE, registry_database=REGISTRY), encoding="utf-8")
    for _ in range(2):
        arguments = ["--no-psqlrc", "--quiet", f"--file={script}"]
        await run_program(find_programs(18), "psql", arguments, login=login_to(administrator, "postgres"))
    yield replace(administrator, arguments={**administrator.arguments, "user": ROLE})
    async with connected(administrator) as connection:
        rows = await connection.fetch("SELECT datname FROM pg_database WHERE datname ~ '^(project_|moorage_|the )'")
        for row in rows:
            await connection.execute(f"DROP DATABASE {quote_identifier(row['datname'])} WITH (FORCE)")
        await connection.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
        await connection.execute(f"DROP OWNED BY {ROLE_NAME}")
        await connection.execute(f"DROP ROLE {ROLE_NAME}")


@asynccontextmanager
async def house(address: Address) -> AsyncGenerator[ProjectConnectionManager]:
    connections = ProjectConnectionManager(Provisioner(address, REGISTRY, LINES))
    try:
        await connections.initialize()
        yield connections
    finally:
        await connections.close()


async def test_the_whole_life_runs_as_the_role_of_the_script(granted: Address, tmp_path: Path, monkeypatch, name: str):
    for variable, value in ISOLATED.items():
        monkeypatch.setenv(variable, value)
    folder = make_folder(tmp_path / "port", {"a.py": "def load_ship():\n    return 'harbour'\n"})
    async with house(granted) as connections:
        projects, life = ProjectService(connections), ProjectLifecycle(connections)
        await projects.create(name, created_by="test")
        codebase = CodebaseService(connections, BuiltinEmbedder(), CodebaseSettings(), tmp_path / "clones")
        try:
            assert (await codebase.index_repository(name, str(folder), wait_seconds=30.0)).status == "completed"
            assert (await codebase.search_code(name, "where are ships loaded")).results
        finally:
            await codebase.close()
        await life.archive(name, force=True)
        await life.unarchive(name)
        await ProjectCopies(connections).clone(name, f"{name}_copy", force=True)
        taken = await take_backup(connections, tmp_path / "backups")
        assert (taken.manifest.is_full, taken.manifest.failed) == (True, ())
        await connections.provisioner.migrate_database(await projects.get(name))
        assert await Doctor(connections, CodebaseDiagnoses(connections).all).examine() == []
        for each in (name, f"{name}_copy"):
            await projects.delete(each, confirm=each, force=True)


async def test_the_role_is_no_superuser_and_makes_no_roles(granted: Address):
    async with connected(granted) as connection:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb"
            " FROM pg_roles WHERE rolname = current_user"
        )
    assert tuple(row) == (False, False, False, False, True)


@pytest.mark.parametrize(
    ("taken_away", "named"),
    [
        (f"ALTER ROLE {ROLE_NAME} NOCREATEDB", "CREATEDB"),
        (f"REVOKE CONNECT ON DATABASE postgres FROM PUBLIC, {ROLE_NAME}", "CONNECT"),
        (f"REVOKE CONNECT ON DATABASE {REGISTRY_NAME} FROM {ROLE_NAME}", "CONNECT"),
        (
            f"ALTER DATABASE {REGISTRY_NAME} OWNER TO postgres; GRANT CONNECT ON DATABASE {REGISTRY_NAME} TO PUBLIC",
            "the ownership of",
        ),
    ],
    ids=["createdb", "connect to postgres", "connect to the registry", "owner of the registry"],
)
async def test_without_a_grant_a_failure_names_it(
    administrator: Address, granted: Address, name: str, taken_away: str, named: str
):
    await execute(administrator, taken_away)
    with pytest.raises(NotPermitted) as refused:
        async with house(granted) as connections:
            await ProjectService(connections).create(name, created_by="test")
    assert named in refused.value.message
    assert "moorage doctor --sql" in refused.value.hint


async def test_without_createrole_no_role_of_a_project_is_made(administrator: Address, granted: Address, name: str):
    async with house(granted) as connections:
        project = await ProjectService(connections).create(name, created_by="test")
        with pytest.raises(NotPermitted, match="CREATEROLE"):
            await ensure_role(connections.provisioner, project, RoleKind.READ)
        await execute(administrator, f"ALTER ROLE {ROLE_NAME} CREATEROLE")
        assert await ensure_role(connections.provisioner, project, RoleKind.READ) == f"project_{name}_read"
        await ProjectService(connections).delete(name, confirm=name, force=True)


def test_names_that_would_break_out_of_a_line_are_refused():
    with pytest.raises(InvalidInput):
        grants_script("a\nDROP DATABASE b", registry_database=None)


def test_a_superuser_is_not_made_less_by_the_script():
    assert '"moorage"' in grants_script("postgres", registry_database=None)


def test_the_names_of_a_url_are_those_of_the_script():
    settings = PostgresSettings(url="postgresql://me%40home:secret@db:5433/reg")
    assert (settings.login_role, settings.registry_database) == ("me@home", "reg")
