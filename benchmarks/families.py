"""What a process uses together with all below it: memory and processor time.

Memory is the sum of proportional set sizes, so that what processes share counts once. All of it is read from /proc; on
systems without one the answer is 0.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.25
MIB = 2**20


@dataclass
class Peak:
    """The highest sums seen, in bytes."""

    program: int = 0
    postgres: int = 0


@contextmanager
def watched(program_pid: int, postgres_pid: int) -> Generator[Peak]:
    """Watch the memory of a program and of PostgreSQL, each with its descendants, while the context is open."""
    peak, stop = Peak(), threading.Event()
    thread = threading.Thread(target=_watch, args=(peak, stop, program_pid, postgres_pid))
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def family_bytes(pid: int) -> int:
    """Return the memory of a process and of all below it, in bytes."""
    return sum(map(_process_bytes, _family(pid)))


def settled_bytes(pid: int, seconds: float = 1.0) -> int:
    """Return the memory of an idle process and of all below it, after a moment of rest."""
    time.sleep(seconds)
    return family_bytes(pid)


def family_seconds(pid: int) -> float:
    """Return the processor time of a process and of all below it, those that have ended included."""
    return sum(map(_process_seconds, _family(pid)))


def _watch(peak: Peak, stop: threading.Event, program_pid: int, postgres_pid: int) -> None:
    while not stop.wait(SAMPLE_SECONDS):
        peak.program = max(peak.program, family_bytes(program_pid))
        peak.postgres = max(peak.postgres, family_bytes(postgres_pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in _children(pid):
        yield from _family(child)


def _children(pid: int) -> Iterable[int]:
    try:
        lists = [task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for children in lists for child in children]


def _process_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended, or the system has no such file
        return 0
    kibibytes = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return sum(kibibytes) * 1024


def _process_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # utime, stime and those of children that were waited for: fields 14 to 17 of proc_pid_stat(5).
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
