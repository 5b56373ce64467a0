"""PostgreSQL 15 and PgBouncer as Debian packages them: started in temporary folders, on loopback ports of their own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

POSTGRES = Path("/usr/lib/postgresql/15/bin")
PGBOUNCER = Path("/usr/sbin/pgbouncer")
SSHD = Path("/usr/sbin/sshd")
PACKAGES = {POSTGRES / "initdb": "postgresql-15", PGBOUNCER: "pgbouncer", SSHD: "openssh-server"}
WAIT_SECONDS = 20.0
PAUSE_SECONDS = 0.02
# So few that callers wait for each other, as they would behind a busy pooler.
POOLER_SESSIONS = 3


def need(*programs: Path) -> None:
    """Skip where a program is missing, and say how it is installed."""
    missing = sorted(PACKAGES[program] for program in programs if not program.exists())
    if missing:
        pytest.skip(f"missing: apt-get install {' '.join(missing)}")


def ordinary_user() -> str | None:
    """Return the user that servers run as when the tests run as root, which both programs refuse; else None."""
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def folder_of(user: str | int | None) -> Generator[Path]:
    """Yield a temporary folder that belongs to this user, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="moorage-"))
    folder.chmod(0o755)
    if user is not None:
        os.chown(folder, user if isinstance(user, int) else pwd.getpwnam(user).pw_uid, -1)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_for(user: str | int | None, file: Path, content: bytes) -> None:
    """Write a file that only this user can read."""
    file.write_bytes(content)
    file.chmod(0o600)
    if user is not None:
        os.chown(file, user if isinstance(user, int) else pwd.getpwnam(user).pw_uid, -1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Postgres15:
    """A server that wants a password over TCP, as somebody else's would."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}"

    def create(self) -> None:
        word = self.folder / "password"
        write_for(ordinary_user(), word, self.password.encode())
        login = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={word}")
        self._run("initdb", f"--pgdata={self.folder}/data", *login, "--no-sync", "--locale=C.UTF-8")

    def start(self, **settings: str) -> None:
        wanted = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            **settings,
        }
        options = " ".join(f"-c {name}={value}" for name, value in wanted.items())
        self._control("start", "-w", "-l", f"{self.folder}/log", "-o", options)

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        self._control("stop", "-w", "-m", "immediate")

    def stop_in_order(self) -> None:
        """Stop it with everything written, so that its files can be copied."""
        self._control("stop", "-w", "-m", "fast")

    def promote(self) -> None:
        """Make the primary of a standby."""
        self._control("promote", "-w")

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [POSTGRES / program, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, user=ordinary_user(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stdout}"


@contextmanager
def running_postgres15(**settings: str) -> Generator[Postgres15]:
    need(POSTGRES / "initdb")
    with folder_of(ordinary_user()) as folder:
        server = Postgres15(folder)
        server.create()
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()


@dataclass
class PgBouncer:
    """A pooler in transaction mode with few sessions, configured as docs/how-to/use-your-own-postgresql.md says.

    Attributes:
        host, port: of the server behind it; a host that begins with / is the folder of a socket.
        user: whom it runs as; None is the user of the tests.
    """

    folder: Path
    host: str
    port: int
    password: str
    user: str | int | None
    listens_at: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.listens_at}"

    def configure(self) -> None:
        self._write("users", f'"postgres" "{self.password}"\n')
        self._write("pgbouncer.ini", f"""
            [databases]
            * = host={self.host} port={self.port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {self.listens_at}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {self.folder}/users
            pool_mode = transaction
            default_pool_size = {POOLER_SESSIONS}
            max_client_conn = 1000
            server_login_retry = 1
            query_wait_timeout = 10
            """)  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = subprocess.Popen(
            [PGBOUNCER, "--quiet", self.folder / "pgbouncer.ini"], user=self.user, stdin=subprocess.DEVNULL
        )
        deadline = time.monotonic() + WAIT_SECONDS
        while not _listens(self.listens_at):
            assert self.process.poll() is None, "PgBouncer has ended"
            assert time.monotonic() < deadline, "PgBouncer does not listen"
            time.sleep(PAUSE_SECONDS)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _write(self, name: str, text: str) -> None:
        lines = "\n".join(line.strip() for line in text.splitlines())
        write_for(self.user, self.folder / name, lines.encode())


@contextmanager
def running_pgbouncer(*, host: str, port: int, password: str, user: str | int | None) -> Generator[PgBouncer]:
    need(PGBOUNCER)
    with folder_of(user) as folder:
        pooler = PgBouncer(folder, host, port, password, user)
        pooler.configure()
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.kill()


@contextmanager
def listening(command: Sequence[str | Path], port: int) -> Generator[subprocess.Popen]:
    """Run a program until the end, from when it listens on its port of loopback."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _listens(port):
            assert process.poll() is None, f"{command[0]} has ended"
            assert time.monotonic() < deadline, f"{command[0]} does not listen"
            time.sleep(PAUSE_SECONDS)
        yield process
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False
