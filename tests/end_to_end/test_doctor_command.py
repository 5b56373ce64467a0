"""`moorage doctor` as an operator and a script call it: what it prints, how it ends, and that asking comes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moorage import cli
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connect
from tests.support.programs import Done, run


async def execute(address: Address, database: str, statements: str) -> None:
    connection = await connect(address, database)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@pytest.fixture
async def broken(home: Path, address: Address, admin, tmp_path: Path, name: str):
    """A project whose database everybody may enter and that lacks an index."""
    assert (await run(home, tmp_path, "project", "create", name)).status == 0
    await admin.execute(f'GRANT CONNECT ON DATABASE "project_{name}" TO PUBLIC')
    await execute(address, f"project_{name}", "DROP INDEX codebase.code_chunks_by_file")
    yield name
    await run(home, tmp_path, "project", "delete", name, "--yes", "--force")


@pytest.fixture
def shell(home: Path, monkeypatch: pytest.MonkeyPatch):
    """Call the program in this process, with answers typed."""
    monkeypatch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr

    def call(*arguments: str, typed: str = ""):
        return CliRunner(env={"MOORAGE_HOME": str(home)}).invoke(cli.app, ["doctor", *arguments], input=typed)

    return call


def codes(done: Done) -> set[str]:
    return {each["code"] for each in done.json}


async def test_it_looks_first_and_mends_only_when_told(home: Path, tmp_path: Path, broken: str):
    looked = await run(home, tmp_path, "doctor", "--project", broken, "--json")
    again = await run(home, tmp_path, "doctor", "--project", broken)
    assert (looked.status, codes(looked)) == (1, {"open_to_public", "index_missing"})
    assert again.status == 1
    assert "can mend 2 of them" in again.stdout
    mended = await run(home, tmp_path, "doctor", "--project", broken, "--fix", "--yes", "--json")
    assert (mended.status, {each["outcome"] for each in mended.json}) == (0, {"mended"})
    sound = await run(home, tmp_path, "doctor", "--project", broken)
    assert (sound.status, sound.stdout) == (0, "healthy: nothing was found\n")


def test_findings_that_are_declined_stay(shell, broken: str):
    result = shell("--project", broken, "--fix", "--json", typed="n\nn\n")
    assert result.exit_code == 1
    assert '"outcome": "left"' in result.stdout
    assert '"outcome": "mended"' not in result.stdout


@pytest.fixture
async def left_behind(address: Address, admin, name: str):
    """What a restore that was killed left: a staging database that says whose it is."""
    database = f"moorage_staging_{name}"
    await admin.execute(f'CREATE DATABASE "{database}"')
    identity = "CREATE SCHEMA moorage; CREATE TABLE moorage.identity AS SELECT gen_random_uuid() AS project_id"
    await execute(address, database, identity)
    yield database
    await admin.execute(f'DROP DATABASE IF EXISTS "{database}"')


def test_yes_never_deletes_data_and_dropping_asks_for_the_name(shell, left_behind: str):
    findings = json.loads(shell("--fix", "--yes", "--json").stdout)
    assert [each["outcome"] for each in findings if left_behind in each["subject"]] == ["left"]
    refused = shell("--drop", left_behind, typed="yes\n")
    dropped = shell("--drop", left_behind, typed=f"{left_behind}\n")
    assert (refused.exit_code, "projects.not_confirmed" in refused.output) == (1, True)
    assert (dropped.exit_code, f"{left_behind} is dropped" in dropped.output) == (0, True)


async def test_a_database_that_is_nobodys_is_told_and_not_adopted(home, tmp_path, admin, name: str):
    await admin.execute(f'CREATE DATABASE "project_{name}"')
    found = await run(home, tmp_path, "doctor", "--json")
    adopted = await run(home, tmp_path, "doctor", "--adopt", f"project_{name}")
    await admin.execute(f'DROP DATABASE "project_{name}"')
    assert "database_without_row" in codes(found)
    assert (adopted.status, "doctor.not_adoptable" in adopted.stderr) == (1, True)


async def test_a_registry_that_does_not_answer_is_a_finding_and_ends_with_two(home, tmp_path, monkeypatch):
    monkeypatch.setenv("POSTGRES_HOST", str(tmp_path))
    done = await run(home, tmp_path, "doctor", "--json")
    assert (done.status, codes(done)) == (2, {"could_not_look"})


async def test_a_newer_registry_is_a_finding_and_ends_with_two(home, tmp_path, address, admin, monkeypatch, name: str):
    await admin.execute(f'CREATE DATABASE "{name}"')
    version = "CREATE TABLE moorage_schema_version AS SELECT '20990101_01_future'::text AS version_num"
    await execute(address, name, version)
    monkeypatch.setenv("POSTGRES_DB", name)
    done = await run(home, tmp_path, "doctor", "--json")
    await admin.execute(f'DROP DATABASE "{name}"')
    assert (done.status, codes(done)) == (2, {"registry_newer"})


async def test_the_grants_are_printed_without_asking_any_server(home, tmp_path, monkeypatch):
    monkeypatch.setenv("POSTGRES_HOST", "nowhere.invalid")
    monkeypatch.setenv("POSTGRES_USER", 'serv"ice')
    done = await run(home, tmp_path, "doctor", "--sql")
    assert done.status == 0
    assert 'ALTER ROLE "serv""ice" LOGIN CREATEDB;' in done.stdout
