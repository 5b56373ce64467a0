"""When Python looks for garbage."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Look for garbage after fifty thousand new objects; to be called before the first import that counts.

    Importing makes a hundred thousand objects and hardly a cycle: with the usual threshold a tenth of a second of each
    start is spent looking.
    """
    gc.set_threshold(50_000, 20, 20)


def collect_as_usual() -> None:
    """Look for garbage as often as Python does, but not among what is there now; to be called when starting ends.

    A server that looked rarely would carry megabytes of it; one that looked through its modules would stop for them.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 10)  # Python's own until 3.13
