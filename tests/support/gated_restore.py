"""A pg_restore that waits until a test lets it go on, when it has a database before it; or one that fails there."""

from __future__ import annotations

from pathlib import Path

from moorage.core.postgres.programs import find_programs
from tests.support.gated_dump import Gate

_GATED = """\
#!/bin/sh
case "$*" in
*--dbname=*)
    echo $$ > {folder}/begun.$$ && mv {folder}/begun.$$ {folder}/begun
    while [ ! -e {folder}/open ]; do sleep 0.01; done ;;
esac
exec {real}/pg_restore "$@"
"""
# All is restored, and only then something goes wrong: more cannot be left behind.
_FAILING = """\
#!/bin/sh
case "$*" in
*--dbname=*) {real}/pg_restore "$@"; echo 'pg_restore: error: No space left on device' >&2; exit 1 ;;
esac
exec {real}/pg_restore "$@"
"""


def gated_restore(folder: Path) -> Gate:
    """Make programs in an empty folder whose pg_restore stands before a gate."""
    _write(folder, _GATED)
    return Gate(folder)


def failing_restore(folder: Path) -> Path:
    """Make programs in an empty folder whose pg_restore fails at its very end."""
    _write(folder, _FAILING)
    return folder


def _write(folder: Path, script: str) -> None:
    real = find_programs(18).folder
    (folder / "pg_restore").write_text(script.format(real=real, folder=folder))
    (folder / "pg_restore").chmod(0o755)
    (folder / "pg_dump").symlink_to(real / "pg_dump")
