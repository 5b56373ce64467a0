"""The embedded PostgreSQL, shared by processes that come, leave and are killed."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from fasteners import InterProcessLock

from moorage.core.postgres.embedded import REVIVE_SECONDS, EmbeddedServer, EmbeddedServerFailed
from moorage.core.postgres.pools import connect
from tests.support.holding_process import ROOT, WAIT_SECONDS, holding, let_go
from tests.support.homes import temporary_home


@pytest.fixture(scope="module")
def own_home() -> Generator[Path]:
    """A data folder whose server these tests start and stop as they like."""
    with temporary_home() as folder:
        yield folder


@pytest.fixture
def server(own_home: Path) -> Generator[EmbeddedServer]:
    server = EmbeddedServer(own_home)
    yield server
    server.stop()


async def answers(server: EmbeddedServer) -> bool:
    connection = await connect(server.start(), "postgres")
    try:
        return await connection.fetchval("SELECT true")
    finally:
        await connection.close()


def library(server: EmbeddedServer) -> type:
    """Return the library's class of servers; importing it by name would warn where XDG_RUNTIME_DIR is not set."""
    return type(server._server())


async def gone(pid: int) -> None:
    """Wait until a process is no more."""
    async with asyncio.timeout(WAIT_SECONDS):
        while Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.01)


async def test_two_processes_share_one_server_and_the_last_one_stops_it(server: EmbeddedServer):
    async with holding(server.home) as (one, pid), holding(server.home) as (other, same):
        assert pid == same
        assert await let_go(one) == 0
        assert server.pid() == pid
        assert not server.stop_unless_used()
        assert await let_go(other) == 0
    assert server.pid() is None


async def test_a_killed_process_leaves_the_server_to_the_next_which_stops_it(server: EmbeddedServer):
    async with holding(server.home) as (killed, pid):
        killed.kill()
        await killed.wait()
    assert server.pid() == pid
    async with holding(server.home) as (following, same):
        assert same == pid
        assert await let_go(following) == 0
    assert server.pid() is None


async def test_a_killed_process_does_not_keep_the_server_from_being_stopped(server: EmbeddedServer):
    async with holding(server.home) as (killed, _pid):
        killed.kill()
        await killed.wait()
    assert server.stop_unless_used()
    assert server.pid() is None


async def test_a_server_whose_holders_were_all_killed_is_known_as_left_running(server: EmbeddedServer):
    async with holding(server.home) as (killed, _pid):
        assert not server.is_left_running()
        killed.kill()
        await killed.communicate()
        assert server.is_left_running()
    assert server.stop_unless_used()
    assert not server.is_left_running()


async def test_a_program_with_the_process_id_of_a_lost_server_is_left_alone(server: EmbeddedServer):
    """A crash of the machine leaves the file; after the restart its number is anybody's."""
    async with holding(server.home) as (process, _pid):
        file = server.data_folder / "postmaster.pid"
        lines = file.read_text().splitlines()
        await let_go(process)
    stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
    assert (server.pid(), server.stale_pid()) == (None, stranger.pid)
    server.stop()
    async with holding(server.home) as (process, pid):
        assert (server.stale_pid(), pid != stranger.pid) == (None, True)
        await let_go(process)
    assert stranger.returncode is None
    await stranger.communicate(b"\n")
    assert stranger.returncode == 0


async def test_a_killed_server_is_started_again_by_the_next_call(server: EmbeddedServer):
    async with holding(server.home) as (_process, pid):
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        assert await answers(server)
        assert server.pid() != pid


async def test_a_killed_server_is_started_again_while_it_is_held(server: EmbeddedServer):
    async with holding(server.home) as (process, pid):
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        async with asyncio.timeout(WAIT_SECONDS):
            while server.pid() in (None, pid):
                await asyncio.sleep(0.05)
        assert await let_go(process) == 0
    assert server.pid() is None


async def test_a_server_stopped_in_order_stays_stopped_though_it_is_held(server: EmbeddedServer):
    async with holding(server.home) as (process, _pid):
        server.stop()
        await asyncio.sleep(2 * REVIVE_SECONDS)
        assert server.pid() is None
        assert await let_go(process) == 0


async def test_a_server_killed_while_it_is_stopped_is_no_failure(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
):
    async with holding(server.home) as (killed, pid):
        killed.kill()
        await killed.wait()

    def find_nobody(_library: object) -> None:
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.01)
        raise ProcessLookupError(pid)

    monkeypatch.setattr(library(server), "stop", find_nobody)
    server.stop()
    assert server.pid() is None


def test_the_lock_file_of_another_user_is_in_nobodys_way(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(library(server), "_lock", InterProcessLock(tmp_path))  # a folder cannot be opened to lock it
    with server.running():
        assert server.pid() is not None


def test_stopping_what_never_ran_changes_nothing(tmp_path: Path):
    server = EmbeddedServer(tmp_path / "nothing")
    assert server.stop_unless_used()
    assert not server.home.exists()


def test_a_path_too_long_for_a_socket_is_refused_with_the_way_out(tmp_path: Path):
    server = EmbeddedServer(tmp_path / ("x" * 80))
    with pytest.raises(EmbeddedServerFailed, match="too long") as refused, server.running():
        pass
    assert not server.home.exists()
    assert "MOORAGE_HOME" in refused.value.hint


def test_a_home_that_is_no_folder_is_refused_with_the_way_out():
    with temporary_home() as folder:  # its path is short
        (folder / "file").touch()
        for home in (folder / "file", folder / "file" / "below"):
            with pytest.raises(EmbeddedServerFailed, match="cannot be used") as refused, EmbeddedServer(home).running():
                pass
            assert "MOORAGE_HOME" in refused.value.hint


def test_a_damaged_data_folder_is_told_with_the_servers_own_words():
    with temporary_home() as home:
        data = EmbeddedServer(home).data_folder
        data.mkdir()
        (data / "PG_VERSION").write_text("9\n")
        with pytest.raises(EmbeddedServerFailed) as refused, EmbeddedServer(home).running():
            pass
    assert str(data) in refused.value.message


def test_a_full_disk_is_told_though_the_server_says_more_after_it(tmp_path: Path):
    server = EmbeddedServer(tmp_path)
    server.data_folder.mkdir()
    (server.data_folder / "PG_VERSION").write_text("18\n")
    (server.data_folder / "log").write_text(FULL_DISK)
    with pytest.raises(EmbeddedServerFailed, match="No space left on device") as refused, server.running():
        pass
    assert "aborted an hour ago" not in refused.value.message
    assert "Free disk space" in refused.value.hint


def test_sessions_of_a_killed_server_are_waited_for_rather_than_the_data_moved_away(tmp_path: Path):
    server = EmbeddedServer(tmp_path)
    server.data_folder.mkdir()
    (server.data_folder / "PG_VERSION").write_text("18\n")
    (server.data_folder / "log").write_text(SESSIONS_LEFT)
    with pytest.raises(EmbeddedServerFailed) as refused, server.running():
        pass
    assert "Try again" in refused.value.hint
    assert "move the folder away" not in refused.value.hint


SESSIONS_LEFT = """\
LOG:  starting PostgreSQL 18.4
FATAL:  pre-existing shared memory block (key 2662861, ID 1605633) is still in use
HINT:  Terminate any old server processes associated with data directory "postgres".
"""

FULL_DISK = """\
LOG:  starting PostgreSQL 18.4
FATAL:  aborted an hour ago
LOG:  starting PostgreSQL 18.4
FATAL:  could not write to file "pg_wal/xlogtemp.12906": No space left on device
LOG:  startup process (PID 12906) exited with exit code 1
LOG:  terminating any other active server processes
LOG:  shutting down due to startup process failure
LOG:  database system is shut down
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="it runs as an ordinary user in all other tests")
def test_it_runs_as_an_ordinary_user_too():
    nobody = pwd.getpwnam("nobody")
    try:
        run_as(nobody, "import asyncio").check_returncode()
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("this interpreter lies where other users cannot read it")
    with temporary_home() as home:
        shutil.chown(home, nobody.pw_uid, nobody.pw_gid)
        done = run_as(nobody, USE, str(home))
        assert (done.returncode, done.stdout.split()) == (0, [str(nobody.pw_uid), "True"]), done.stderr[-2000:]
        assert EmbeddedServer(home).pid() is None


def run_as(user: pwd.struct_passwd, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    environment = {**os.environ, "HOME": "/"}
    options: dict[str, Any] = {
        "cwd": ROOT,
        "env": environment,
        "user": user.pw_uid,
        "group": user.pw_gid,
        "extra_groups": [],
    }
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, **options)


USE = """
import asyncio, os, pathlib, sys
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.pools import connect

async def ask(address):
    connection = await connect(address, "postgres")
    print(await connection.fetchval("SELECT true"))
    await connection.close()

with EmbeddedServer(pathlib.Path(sys.argv[1])).running() as address:
    print(os.geteuid())
    asyncio.run(ask(address))
"""
