"""What can be chosen for a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How much is measured.

    Attributes:
        corpus: a folder of sources to index; None takes those installed on this machine.
        quick: about a tenth of the work: to see that everything runs, not to be quoted.
    """

    corpus: Path | None = None
    quick: bool = False

    def scaled(self, count: int) -> int:
        """Return a count of files, chunks or calls, cut down when the run is to be quick."""
        return max(count // 10, 1) if self.quick else count
