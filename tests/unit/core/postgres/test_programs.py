"""PostgreSQL's programs: the right ones are found, and run without showing a secret or leaving one behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.core.postgres.address import address_from_parts, address_from_url, address_of_socket
from moorage.core.postgres.programs import (
    Login,
    ProgramFailed,
    ProgramMissing,
    Programs,
    find_programs,
    login_to,
    run_program,
)
from tests.support.gated_dump import process_is_gone
from tests.support.waiting import until


def program(folder: Path, name: str, text: str) -> Programs:
    """Write a program of one's own, in the shell's language."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return Programs(folder, "18.4")


def of_version(folder: Path, version: str) -> Path:
    program(folder, "pg_restore", "")
    return program(folder, "pg_dump", f"echo 'pg_dump (PostgreSQL) {version}'").folder


def by_url(url: str, database: str = "app") -> Login:
    return login_to(address_from_url(url)[0], database)


def test_the_programs_of_the_embedded_server_are_always_there():
    assert find_programs(18).major >= 18


def test_programs_older_than_the_server_are_refused_with_what_was_found(tmp_path: Path):
    folder = of_version(tmp_path / "bin", "15.18 (Debian 15.18-0+deb12u1)")
    assert find_programs(14, folder=folder) == Programs(folder, "15.18")
    with pytest.raises(ProgramMissing, match="PostgreSQL 16 or newer") as refused:
        find_programs(16, folder=folder)
    assert (refused.value.details, refused.value.retryable) == ({"found": ["15.18"]}, False)
    assert "postgresql-client-16" in refused.value.hint


def test_the_oldest_programs_that_are_new_enough_are_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for version in ("14.2", "99.1", "98.3"):
        of_version(tmp_path / version, version)
    monkeypatch.setattr("moorage.core.postgres.programs.PACKAGE_FOLDERS", (str(tmp_path / "*"),))
    assert find_programs(97).version == "98.3"


def test_a_folder_without_both_programs_has_none(tmp_path: Path):
    program(tmp_path, "pg_dump", "echo 'pg_dump (PostgreSQL) 18.4'")
    with pytest.raises(ProgramMissing):
        find_programs(18, folder=tmp_path)


def test_a_login_in_parts_has_the_password_in_the_environment_alone():
    login = login_to(address_from_parts(host="db.example", port=5433, user="an@na", password="s3:cret"), "app")
    assert login == Login("postgresql://an%40na@db.example:5433/app", {"PGPASSWORD": "s3:cret"})
    assert "s3:cret" not in repr(login)


def test_a_login_through_a_socket_names_its_folder():
    login = login_to(address_of_socket("/run/my sockets", user="postgres"), "app")
    assert login == Login("postgresql://postgres@%2Frun%2Fmy%20sockets:5432/app", {})


@pytest.mark.parametrize(
    ("url", "argument", "password"),
    [
        ("postgresql://anna:s3%3Acret@db/x", "postgresql://anna@db/app", "s3:cret"),
        ("postgresql+asyncpg://anna@db:1/x?password=s3", "postgresql://anna@db:1/app", "s3"),
        ("postgresql://a@h1:1,h2:2/x?sslmode=require", "postgresql://a@h1:1,h2:2/app?sslmode=require", None),
        ("postgresql:///x?host=/run/pg&dbname=y", "postgresql:///app?host=%2Frun%2Fpg", None),
        ("postgresql://a@h/x?role=ops%20team", "postgresql://a@h/app?options=-c%20role%3Dops%5C%20team", None),
    ],
)
def test_a_login_by_url_means_to_libpq_what_it_means_to_the_driver(url: str, argument: str, password: str | None):
    assert by_url(url) == Login(argument, {"PGPASSWORD": password} if password else {})


async def test_what_a_program_says_when_it_fails_is_told_without_the_password(tmp_path: Path):
    programs = program(tmp_path, "pg_dump", 'echo "bad password $PGPASSWORD for $*" >&2; exit 3')
    with pytest.raises(ProgramFailed) as failed:
        await run_program(programs, "pg_dump", ["-Fc"], login=by_url("postgresql://anna:s3cret@db/x"))
    assert failed.value.message == (
        "pg_dump failed: bad password *** for -Fc --no-password --dbname=postgresql://anna@db/app"
    )
    assert failed.value.details == {"program": "pg_dump", "status": 3}


async def test_a_program_that_a_signal_ended_is_told_so(tmp_path: Path):
    with pytest.raises(ProgramFailed, match="ended by SIGKILL"):
        await run_program(program(tmp_path, "pg_dump", "kill -9 $$"), "pg_dump", [])


async def test_a_program_is_stopped_when_the_call_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One that does not listen is killed."""
    monkeypatch.setattr("moorage.core.postgres.programs.STOP_SECONDS", 0.05)
    begun = tmp_path / "begun"
    deaf = f"trap '' TERM; echo $$ > {begun}.new; mv {begun}.new {begun}; while :; do sleep 0.01; done"
    call = asyncio.create_task(run_program(program(tmp_path / "bin", "pg_dump", deaf), "pg_dump", []))

    async def has_begun() -> bool:
        return begun.exists()

    await until(has_begun)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await process_is_gone(int(begun.read_text()))
