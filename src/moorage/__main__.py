"""The program's entry: `moorage`, and `python -m moorage`."""

from __future__ import annotations

import gc
import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line."""
    # Importing makes a hundred thousand objects and hardly a cycle: with the usual threshold a tenth of a second of
    # each start is spent looking for garbage. Set before the first import that counts.
    gc.set_threshold(50_000, 20, 20)
    from moorage.cli import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # titles have letters that a terminal may not know
            stream.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
