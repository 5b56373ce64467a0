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
from moorage.settings import DESIGN_VARIABLES, Settings


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
        """The variables with which a Moorage process uses this home, and no setting from outside."""
        return {**_without_settings(), "MOORAGE_HOME": str(self.folder)}

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder)


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


def _without_settings() -> dict[str, str]:
    outside = {name for name in os.environ if name.startswith("MOORAGE_") or name in DESIGN_VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in outside}
