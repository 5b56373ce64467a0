"""A data folder with a PostgreSQL of its own, for one benchmark."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moorage.core.postgres.address import Address
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.settings import DESIGN_VARIABLES, PostgresSettings, Settings


@dataclass(frozen=True)
class Home:
    """A running PostgreSQL and the folder it lives in."""

    folder: Path
    server: EmbeddedServer
    address: Address

    @property
    def postgres_pid(self) -> int:
        pid = self.server.pid()
        assert pid is not None, "it runs as long as the home is open"
        return pid

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.folder)

    @property
    def settings(self) -> Settings:
        """For use in this process, which holds the server already: a second holder in it would stop it on leaving."""
        arguments = self.address.arguments
        return Settings(
            home=self.folder,
            postgres=PostgresSettings(host=arguments["host"], port=arguments["port"], user=arguments["user"]),
        )


@contextmanager
def temporary_folder() -> Generator[Path]:
    """Yield a folder whose path is short enough for a Unix socket, and which the server's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="moorage-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_home() -> Generator[Home]:
    """Yield an empty home whose PostgreSQL runs; it is stopped and removed afterwards."""
    with temporary_folder() as folder:
        server = EmbeddedServer(folder)
        try:
            with server.running() as address:
                yield Home(folder, server, address)
        finally:
            server.stop()


def environment_of(folder: Path) -> dict[str, str]:
    """Return the variables with which a Moorage process uses this folder as its home, and no setting from outside.

    Python keeps what it has compiled, as it does for users; where it may not, every start would compile all libraries.
    """
    outside = {name for name in os.environ if name.startswith("MOORAGE_") or name in DESIGN_VARIABLES}
    outside.add("PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if name not in outside}
    return {**inherited, "MOORAGE_HOME": str(folder)}
