"""Lines that somebody types, with a history in the home folder; or that come over a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

HISTORY_FILE = "sql_history"
HISTORY_LINES = 2_000
OWNER_ONLY = 0o600


@contextmanager
def history_in(home: Path) -> Generator[None]:
    """Remember the lines of a terminal from one time to the next, for their owner alone; nothing where none is.

    Arrows and searching come with it: they are those of `readline`, which `input` uses once it is imported.
    """
    if not sys.stdin.isatty():
        yield
        return
    try:
        import readline
    except ImportError:  # Python can be built without it
        yield
        return
    file = home / HISTORY_FILE
    with suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(HISTORY_LINES)
    try:
        yield
    finally:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, OWNER_ONLY))
            file.chmod(OWNER_ONLY)
            readline.write_history_file(file)


def next_line(prompt: str) -> str:
    """Return the next line.

    Raises:
        EOFError: there is none.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    if sys.stdin.isatty():
        return input(prompt)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.removesuffix("\n")
