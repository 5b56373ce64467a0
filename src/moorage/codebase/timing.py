"""Where the time of an index run goes."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager


class StepSeconds(dict[str, float]):
    """Seconds by step, added up over a run."""

    @contextmanager
    def timed(self, step: str) -> Generator[None]:
        """Add the time spent inside to a step, also when it fails."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self[step] = self.get(step, 0.0) + time.perf_counter() - began

    def add(self, other: Mapping[str, float]) -> None:
        for step, seconds in other.items():
            self[step] = self.get(step, 0.0) + seconds
