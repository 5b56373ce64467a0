"""Starting: from the spawn of `moorage serve --transport stdio` to its first answer; and what an idle server holds."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks.families import MIB, settled_bytes
from benchmarks.homes import environment_of, running_home, temporary_folder
from benchmarks.measure import Figure, Floor, Times, in_turn, interleaved, latencies
from benchmarks.options import Options
from benchmarks.programs import PROGRAM
from benchmarks.servers import BARE, OURS, Server, over_http, spawned
from benchmarks.wire import HttpCaller, request

ROUNDS = 10
TARGET_MS = 1500
SERVE = (*PROGRAM, "serve", "--transport", "stdio")
BARE_STDIO = (sys.executable, "-m", BARE, "stdio")
BARE_WHAT = "a bare FastMCP server with one tool"


async def measure(options: Options) -> list[Figure]:
    rounds = max(options.scaled(ROUNDS), 3)
    with temporary_folder() as folder:
        environment = environment_of(folder)
        first = await _first_answer(SERVE, environment)
        stopped = await _against_bare(environment, rounds)
    with running_home() as home:
        running = await _against_bare(home.environment, rounds)
        memory = _memory(home.environment)
    return [
        Figure("first start ever, PostgreSQL is set up", first * 1000, "ms", Floor(BARE_WHAT, stopped[1].median)),
        *_started("cold start, PostgreSQL starts too", *stopped),
        *_started("cold start, PostgreSQL runs", *running),
        *await _imports(environment, rounds),
        *memory,
    ]


async def _against_bare(environment: Mapping[str, str], rounds: int) -> list[Times]:
    timings = [partial(_first_answer, command, environment) for command in (SERVE, BARE_STDIO)]
    return await in_turn(timings, rounds=rounds, warm_up=1)


async def _first_answer(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds from the spawn to the answer to `tools/list`; the server's end is awaited, but not timed."""
    began = time.perf_counter()
    with spawned(command, environment) as server:
        server.ask(request("tools/list"))
        return time.perf_counter() - began


def _started(name: str, ours: Times, bare: Times) -> list[Figure]:
    return latencies(name, ours, floor=(BARE_WHAT, bare), targets={0.5: TARGET_MS}, shares=(0.5, 0.95))


async def _imports(environment: Mapping[str, str], rounds: int) -> list[Figure]:
    imports = ("import moorage.serving", "import moorage.cli", "import fastmcp", "pass")
    served, program, fastmcp, python = await interleaved(
        [partial(_python, code, environment) for code in imports], rounds=rounds
    )
    floor = Floor('python -c "import fastmcp"', fastmcp.median)
    return [
        Figure("import of all that serving needs, p50", served.median, "ms", floor),
        Figure("import of the command line, p50", program.median, "ms", Floor("python -c pass", python.median)),
    ]


async def _python(code: str, environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=environment)
    await process.wait()


def _memory(environment: Mapping[str, str]) -> list[Figure]:
    """Measure servers that have answered once and wait."""
    with spawned(SERVE, environment) as ours, spawned(BARE_STDIO, environment) as bare:
        stdio = _idle_figure("idle server over stdio", _idle_stdio(ours), _idle_stdio(bare))
    with over_http(OURS, environment) as ours, over_http(BARE, environment) as bare:
        http = _idle_figure("idle server over HTTP", _idle_http(*ours), _idle_http(*bare))
    return [stdio, http]


def _idle_figure(name: str, ours: int, bare: int) -> Figure:
    return Figure(name, ours / MIB, "MiB", Floor(BARE_WHAT, bare / MIB))


def _idle_stdio(server: Server) -> int:
    server.ask(request("tools/list"))
    return settled_bytes(server.pid)


def _idle_http(url: str, pid: int) -> int:
    HttpCaller(url).call(request("tools/list"))
    return settled_bytes(pid)
