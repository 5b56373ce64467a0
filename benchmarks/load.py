"""Clients that call a server over HTTP, in a process of their own: `python -m benchmarks.load`.

The job comes on stdin and the result goes to stdout, both as JSON; `run_load` does both ends.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import Times
from benchmarks.wire import HttpCaller, answer_of


@dataclass(frozen=True)
class Job:
    """Each client sends the messages in turn, beginning with another one, until it has made its calls.

    Attributes:
        calls: of each client.
        seconds: no call is begun after this time; None is no limit.
        counts_failures: failed calls are counted and not an end of the job.
    """

    url: str
    messages: Sequence[dict[str, Any]]
    clients: int
    calls: int
    seconds: float | None = None
    counts_failures: bool = False


@dataclass(frozen=True)
class Load:
    """What clients saw.

    Attributes:
        calls_per_second: of all clients together.
        failures: what failed calls said.
    """

    times: Times
    calls_per_second: float
    failures: tuple[str, ...] = ()


async def run_load(job: Job) -> Load:
    """Let clients in another process do the job; any failed call fails it unless they are counted.

    Raises:
        RuntimeError: with what the process wrote to stderr.
    """
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "benchmarks.load")
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    out, errors = await process.communicate(json.dumps(asdict(job)).encode())
    if process.returncode:
        raise RuntimeError(errors.decode()[-2000:])
    result = json.loads(out)
    return Load(Times.of(result["seconds"]), len(result["seconds"]) / result["wall"], tuple(result["failures"]))


def _do(job: Job) -> dict[str, Any]:
    failures: list[str] = []
    began = time.perf_counter()
    with ThreadPoolExecutor(job.clients) as clients:
        seconds = list(clients.map(lambda number: _one_client(job, number, failures), range(job.clients)))
    wall = time.perf_counter() - began
    return {"wall": wall, "seconds": [each for some in seconds for each in some], "failures": failures}


def _one_client(job: Job, number: int, failures: list[str]) -> list[float]:
    caller = HttpCaller(job.url)
    until = math.inf if job.seconds is None else time.perf_counter() + job.seconds
    seconds = []
    for turn in range(job.calls):
        began = time.perf_counter()
        if began > until:
            break
        try:
            answer_of(caller.call(job.messages[(number * 7 + turn) % len(job.messages)]))
        except RuntimeError as error:
            if not job.counts_failures:
                raise
            failures.append(str(error))
        seconds.append(time.perf_counter() - began)
    caller.close()
    return seconds


if __name__ == "__main__":
    print(json.dumps(_do(Job(**json.load(sys.stdin)))))
