"""The program's entry: `moorage`, and `python -m moorage`."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from moorage.core.collecting import collect_rarely


def main() -> None:
    """Run the command line."""
    collect_rarely()
    from moorage.cli import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # titles have letters that a terminal may not know
            stream.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
