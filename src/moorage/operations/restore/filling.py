"""Filling an empty database from a dump with pg_restore; indexes over vectors are left to be built afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.postgres.pools import Connection, connected
from moorage.core.postgres.programs import Login, Programs, find_programs, login_to, major_version, run_program
from moorage.operations.restore import store
from moorage.operations.restore.contents import Contents, contents_of
from moorage.projects.provisioning import Provisioner

# pg_restore of 17 and later sets transaction_timeout, which older servers do not know:
# https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-TRANSACTION-TIMEOUT
FIRST_WITH_TRANSACTION_TIMEOUT = 17


@dataclass(frozen=True)
class Dump:
    """A dump of one database in pg_dump's custom format.

    Attributes:
        dumped_with: the version of pg_dump, such as "18.4".
    """

    path: Path
    dumped_with: str

    def programs(self, folder: Path | None) -> Programs:
        """Return programs that read it, from `folder` when one is set."""
        return find_programs(major_version(self.dumped_with), folder=folder)


@dataclass(frozen=True)
class Filled:
    """What came out of a dump.

    Attributes:
        has_vectors: False when the dump has vectors and the server has no pgvector for them.
    """

    contents: Contents
    has_vectors: bool

    @property
    def tables_left_out(self) -> frozenset[str]:
        return frozenset() if self.has_vectors else self.contents.vector_tables


async def template_for_dumps(provisioner: Provisioner) -> str:
    """Return the template of databases that dumps are restored into.

    An empty one, unless only an administrator may add pgvector: they add it to template1, for databases to come.
    """
    async with provisioner.maintenance() as server:
        return "template0" if await store.extension_is_within_reach(server, "vector") else "template1"


async def fill_database(
    provisioner: Provisioner, database_name: str, dump: Dump, *, jobs: int = 1, programs_folder: Path | None = None
) -> Filled:
    """Restore a dump into an empty database: everything but the indexes over vectors.

    Where the server has no pgvector, the tables with vectors are left out as well.

    Raises:
        ProgramMissing, ProgramFailed: what was restored so far stays in the database; drop it.
    """
    programs = dump.programs(programs_folder)
    contents = await contents_of(programs, dump.path)
    with translated(f"looking at the database {database_name!r}"):
        async with connected(provisioner.address, database_name) as connection:
            has_vectors = not contents.needs_vectors or await _takes_vectors(connection)
            major = connection.get_server_version().major
    lines = contents.lines() if has_vectors else contents.lines_without_vectors()
    login = login_to(provisioner.address, database_name)
    await _restore_lines(programs, dump.path, lines, login=login, jobs=jobs, server_major=major)
    return Filled(contents, has_vectors)


async def _restore_lines(
    programs: Programs, dump: Path, lines: Sequence[str], *, login: Login, jobs: int, server_major: int
) -> None:
    is_foreign = server_major < FIRST_WITH_TRANSACTION_TIMEOUT <= programs.major
    with tempfile.TemporaryDirectory(prefix="moorage-restore-") as folder:
        chosen = Path(folder, "chosen.list")
        chosen.write_text("\n".join(lines) + "\n", encoding="utf-8")
        arguments = ["--no-owner", "--no-privileges", f"--use-list={chosen}", f"--jobs={jobs}"]
        arguments += [] if is_foreign else ["--exit-on-error"]
        await run_program(
            programs,
            "pg_restore",
            [*arguments, str(dump)],
            login=login,
            forgiven='"transaction_timeout"' if is_foreign else None,
        )


async def _takes_vectors(connection: Connection) -> bool:
    """Tell whether pgvector is here, or can be added to this database.

    Where the catalogue says no it is tried all the same: providers have rules of their own.
    """
    if await store.extension_is_within_reach(connection, "vector"):
        return True
    attempt = connection.transaction()
    await attempt.start()
    try:
        with translated("adding the extension vector"):
            await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except MoorageError:
        return False
    finally:
        await attempt.rollback()
    return True
