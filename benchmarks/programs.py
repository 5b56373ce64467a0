"""Moorage as a process of its own, as a user runs it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.families import Peak, family_seconds, watched
from benchmarks.homes import Home

REPOSITORY = Path(__file__).parents[1]
LIMIT_SECONDS = 900
PROGRAM = (sys.executable, "-m", "moorage")


@dataclass(frozen=True)
class Ran:
    """A command that has ended well.

    Attributes:
        seconds: from its start to its end.
        processor_seconds: of the command and its workers on all cores, PostgreSQL apart.
        postgres_processor_seconds: what PostgreSQL spent meanwhile.
        answer: the JSON on its stdout.
        events: the JSON lines of its log.
    """

    seconds: float
    processor_seconds: float
    postgres_processor_seconds: float
    answer: Any
    events: tuple[dict[str, Any], ...]
    peak: Peak

    def event(self, name: str) -> dict[str, Any]:
        return next(event for event in self.events if event["event"] == name)


def run_moorage(home: Home, arguments: Sequence[str]) -> Ran:
    """Run one command to its end, with `--json` and its log, watching its memory.

    Raises:
        RuntimeError: it failed; the error ends with what it wrote to stderr.
    """
    command = [*PROGRAM, "--log-level", "info", *arguments, "--json"]
    postgres = home.postgres_pid
    began, spent, postgres_spent = time.perf_counter(), _children_seconds(), family_seconds(postgres)
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, env=home.environment, cwd=home.folder, text=True)
    try:
        with watched(process.pid, postgres) as peak:
            out, errors = process.communicate(timeout=LIMIT_SECONDS)
    finally:
        process.kill()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{out[-2000:]}\n{errors[-4000:]}")
    return Ran(
        seconds,
        _children_seconds() - spent,
        family_seconds(postgres) - postgres_spent,
        json.loads(out),
        tuple(_events(errors)),
        peak,
    )


def _children_seconds() -> float:
    """Return the processor time of all children that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _events(errors: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in errors.splitlines() if line.startswith('{"')]
