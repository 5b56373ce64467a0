"""Data folders for tests: their paths are short enough for a Unix socket, and open to the server's user."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from moorage.core.postgres.embedded import EmbeddedServer


@contextmanager
def temporary_home() -> Generator[Path]:
    """Yield an empty folder; whatever server runs in it afterwards is stopped, and the folder removed."""
    folder = Path(tempfile.mkdtemp(prefix="moorage-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        server = EmbeddedServer(folder)
        if server.data_folder.exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
