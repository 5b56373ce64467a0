"""Backups as an operator takes them: from the shell, killed, on a full disk, two at once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shlex import join

import pytest

from moorage.core.postgres.address import Address
from moorage.projects.models import Project
from tests.support.gated_dump import Gate, gated_dump, process_is_gone
from tests.support.programs import MOORAGE, Done, environment, run, started

pytestmark = pytest.mark.usefixtures("address")


@pytest.fixture
def gate(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Commands under test find a pg_dump that waits."""
    gate = gated_dump(tmp_path_factory.mktemp("programs"))
    monkeypatch.setenv("MOORAGE_BACKUP__PROGRAMS", str(gate.folder))
    return gate


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "moorage-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def in_it(target: Path) -> list[str]:
    return sorted(each.name for each in target.iterdir() if each.name != ".moorage.lock")


async def run_limited(home: Path, folder: Path, limit: str, *arguments: str) -> Done:
    """Run a command under limits of the shell."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", f"{limit}; exec {join([*MOORAGE, *arguments])}"),
        cwd=folder, env=environment(home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), errors.decode())


async def test_a_backup_is_taken_listed_and_verified(home: Path, project: Project, tmp_path: Path):
    taken = await run(home, tmp_path, "backup", "--to", "copies", "--json")
    assert (taken.status, taken.stderr) == (0, "")
    assert project.name in [each["project"]["name"] for each in taken.json["manifest"]["projects"]]
    listed = await run(home, tmp_path, "backups", "copies", "--json")
    assert [(each["folder"], each["is_whole"]) for each in listed.json] == [(taken.json["folder"], True)]
    verified = await run(home, tmp_path, "verify", taken.json["folder"], "--json")
    assert (verified.status, verified.json["problems"]) == (0, [])
    assert verified.json["bytes"] == listed.json[0]["bytes"]


async def test_people_read_what_was_done_and_whether_it_is_whole(home: Path, project: Project, tmp_path: Path):
    taken = await run(home, tmp_path, "backup", "--to", "copies", "--project", project.name)
    [name] = in_it(tmp_path / "copies")
    assert taken.stdout.startswith("1 projects, ")
    assert taken.stdout.endswith(f"{tmp_path}/copies/{name}\n")
    listed = await run(home, tmp_path, "backups", "copies")
    assert "no: chosen projects only" in listed.stdout
    verified = await run(home, tmp_path, "verify", f"copies/{name}")
    assert verified.stdout.endswith("good\n")


async def test_a_tampered_backup_ends_verification_with_a_status_that_tells(
    home: Path, project: Project, tmp_path: Path
):
    await run(home, tmp_path, "backup", "--to", "copies", "--project", project.name)
    [backup] = (tmp_path / "copies").glob("moorage-*")
    (backup / "projects" / f"{project.name}.dump").write_bytes(b"PGDMP")
    verified = await run(home, tmp_path, "verify", str(backup))
    assert (verified.status, verified.stdout.endswith("1 problems\n")) == (1, True)
    assert f"projects/{project.name}.dump: it has 5 bytes" in verified.stderr
    (backup / "manifest.json").write_text("{")
    damaged = await run(home, tmp_path, "verify", str(backup))
    assert (damaged.status, damaged.stderr.startswith("backup.manifest_unreadable: ")) == (1, True)


async def test_older_backups_go_after_a_good_one(home: Path, tmp_path: Path):
    taken = [(await run(home, tmp_path, "backup", "--to", "copies", "--keep", "1", "--json")).json for _ in range(2)]
    assert taken[1]["removed"] == [taken[0]["folder"]]
    assert in_it(tmp_path / "copies") == [Path(taken[1]["folder"]).name]


async def test_a_project_that_fails_ends_the_command_with_a_status_that_tells_and_keeps_what_there_is(
    home: Path, project: Project, admin, tmp_path: Path
):
    await run(home, tmp_path, "backup", "--to", "copies")
    await admin.execute(f"DROP DATABASE {project.database_name} WITH (FORCE)")
    incomplete = await run(home, tmp_path, "backup", "--to", "copies", "--keep", "1")
    assert (incomplete.status, len(in_it(tmp_path / "copies"))) == (1, 2)
    assert f"failed {project.name}: " in incomplete.stderr
    listed = await run(home, tmp_path, "backups", "copies", "--json")
    assert [each["is_whole"] for each in listed.json] == [True, False]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_backup_that_is_stopped_ends_its_pg_dump_and_leaves_nothing(
    home: Path, project: Project, gate: Gate, tmp_path: Path, number: int
):
    async with started(home, tmp_path, "backup", "--to", "copies", "--project", project.name) as program:
        pid = await gate.reached()
        assert await program.ends_after(number) == 130
    await process_is_gone(pid)
    assert in_it(tmp_path / "copies") == []


async def test_a_backup_that_is_killed_ends_its_pg_dump_and_the_next_one_clears_up(
    home: Path, project: Project, gate: Gate, tmp_path: Path
):
    arguments = ("backup", "--to", "copies", "--project", project.name)
    async with started(home, tmp_path, *arguments) as program:
        pid = await gate.reached()
        assert "lock" in {each.readlink().name for each in Path(f"/proc/{pid}/fd").iterdir()}  # held by it as well
        await program.ends_after(signal.SIGKILL)
    await process_is_gone(pid)
    [partial] = in_it(tmp_path / "copies")
    assert partial.endswith(".partial")
    assert (await run(home, tmp_path, "backups", "copies", "--json")).json == []
    gate.open()
    assert (await run(home, tmp_path, *arguments)).status == 0
    [whole] = in_it(tmp_path / "copies")
    assert whole.startswith("moorage-")


async def test_two_operators_at_once_each_have_a_backup(home: Path, project: Project, tmp_path: Path):
    arguments = ("backup", "--to", "copies", "--project", project.name, "--json")
    taken = await asyncio.gather(*(run(home, tmp_path, *arguments) for _ in range(2)))
    assert [each.status for each in taken] == [0, 0]
    assert in_it(tmp_path / "copies") == sorted(Path(each.json["folder"]).name for each in taken)


async def test_a_full_disk_is_told_by_the_folder_and_nothing_is_left(home: Path, project: Project, small_disk: Path):
    (small_disk / "ballast").write_bytes(b"x" * 12_000)
    done = await run(home, small_disk, "backup", "--to", ".", "--project", project.name)
    assert (done.status, in_it(small_disk)) == (1, ["ballast"])
    assert f"backup.folder_full: there is no room for the backup in {small_disk}" in done.stderr.replace("\n", " ")


async def test_the_limit_of_a_files_size_is_told_as_a_full_disk(home: Path, project: Project, tmp_path: Path):
    arguments = ("backup", "--to", "copies", "--project", project.name)
    done = await run_limited(home, tmp_path, "ulimit -f 8", *arguments)
    assert (done.status, in_it(tmp_path / "copies")) == (1, [])
    assert "backup.folder_full" in done.stderr


async def test_only_the_owner_reads_dumps_whatever_the_umask(home: Path, project: Project, tmp_path: Path):
    await run_limited(home, tmp_path, "umask 0", "backup", "--to", "copies", "--project", project.name)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "copies").rglob("*")} == {0}


async def test_a_password_is_never_among_the_arguments_of_a_program(
    home: Path, address: Address, project: Project, gate: Gate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Every user of the machine reads those; the server under test trusts whoever reaches its socket."""
    server = address.arguments
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:s3cret@/mcp_registry?host={server['host']}")
    async with started(home, tmp_path, "backup", "--to", "copies", "--project", project.name) as program:
        pid = await gate.reached()
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        gate.open()
        assert await program.says("1 projects")
    assert project.database_name in arguments
    assert "s3cret" not in arguments
