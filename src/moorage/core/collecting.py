"""When Python looks for garbage."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Look for garbage after fifty thousand new objects; to be called before the first import that counts.

    Importing makes a hundred thousand objects and hardly a cycle: with the usual threshold a tenth of a second of each
    start is spent looking.
    """
    gc.set_threshold(50_000, 20, 20)
