"""A pg_dump that waits at its beginning until a test lets it go on: what happens meanwhile happens for certain."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from moorage.core.postgres.programs import find_programs
from tests.support.waiting import until

_SCRIPT = """\
#!/bin/sh
[ "$1" = --version ] && exec {real}/pg_dump --version
echo $$ > {gate}/begun.$$ && mv {gate}/begun.$$ {gate}/begun
while [ ! -e {gate}/open ]; do sleep 0.01; done
exec {real}/pg_dump "$@"
"""


@dataclass(frozen=True)
class Gate:
    """Programs of which pg_dump stands before a gate; `folder` is for the setting backup.programs."""

    folder: Path

    async def reached(self) -> int:
        """Wait until a pg_dump stands before the gate, and return its process id."""

        async def begun() -> bool:
            return (self.folder / "begun").exists()

        await until(begun)
        return int((self.folder / "begun").read_text())

    def open(self) -> None:
        (self.folder / "open").touch()


def gated_dump(folder: Path, *, server_major: int = 18) -> Gate:
    """Make such programs in an empty folder."""
    real = find_programs(server_major).folder
    (folder / "pg_dump").write_text(_SCRIPT.format(real=real, gate=folder))
    (folder / "pg_dump").chmod(0o755)
    (folder / "pg_restore").symlink_to(real / "pg_restore")
    return Gate(folder)


async def process_is_gone(pid: int) -> None:
    """Wait until no process has this id, or only the memory of one that has ended."""

    async def gone() -> bool:
        try:
            os.kill(pid, 0)
            return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
        except (ProcessLookupError, FileNotFoundError):
            return True

    await until(gone)
