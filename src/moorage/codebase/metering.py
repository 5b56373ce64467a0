"""The metrics of index runs: how far those of this process are, and what became of those that ended."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Literal, Protocol, get_args
from uuid import UUID

from moorage.core.telemetry.metrics import Readings, counter, published, read_gauge

JobOutcome = Literal["completed", "failed", "cancelled", "lost", "stopped"]

INDEX_JOBS = counter(
    "moorage_index_jobs_total",
    "Index runs that ended; lost: taken over by another process, stopped: to be continued by the next one.",
    ["outcome"],
)
for _outcome in get_args(JobOutcome):
    INDEX_JOBS.labels(_outcome)  # shown at 0: an increase is seen only from a value that was there before
INDEX_FILES = counter("moorage_index_files_total", "Files that index runs have read and written.", [])
INDEX_CHUNKS = counter("moorage_index_chunks_total", "Chunks that index runs have written.", [])
INDEX_RUNNING = read_gauge("moorage_index_running", "Index runs under way in this process, by project.", ["project"])
INDEX_PROGRESS = read_gauge(
    "moorage_index_running_files",
    "Files of the index runs under way, by project: done and total.",
    ["project", "state"],
)


class Progress(Protocol):
    """How far a run is."""

    @property
    def files_done(self) -> int: ...

    @property
    def files_total(self) -> int: ...


@contextmanager
def metered(runs: Mapping[UUID, tuple[str, Progress]]) -> Generator[None]:
    """Publish the progress of runs while the context is open.

    Args:
        runs: those under way, by job, each with its project; read whenever somebody asks.
    """
    with ExitStack() as stack:
        stack.callback(published(INDEX_RUNNING, lambda: _running(runs)))
        stack.callback(published(INDEX_PROGRESS, lambda: _progress(runs)))
        yield


def _running(runs: Mapping[UUID, tuple[str, Progress]]) -> Readings:
    counts: dict[tuple[str, ...], float] = {}
    for project, _ in runs.values():
        counts[project,] = counts.get((project,), 0) + 1
    return counts


def _progress(runs: Mapping[UUID, tuple[str, Progress]]) -> Readings:
    files: dict[tuple[str, ...], float] = {}
    for project, run in runs.values():
        for state, count in (("done", run.files_done), ("total", run.files_total)):
            files[project, state] = files.get((project, state), 0) + count
    return files
