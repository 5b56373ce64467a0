"""The program's entry: `moorage`, and `python -m moorage`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line."""
    # Importing makes a hundred thousand objects and hardly a cycle: with the usual threshold a tenth of a second of
    # each start is spent looking for garbage. Set before the first import that counts.
    gc.set_threshold(50_000, 20, 20)
    from moorage.cli import app

    app()


if __name__ == "__main__":
    main()
