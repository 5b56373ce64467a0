"""Servers as processes of their own, over HTTP and over standard input and output; each is ended with its context."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.programs import REPOSITORY
from benchmarks.wire import answer_of

OURS, BARE = "benchmarks.server", "benchmarks.bare_server"
END_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running server that is spoken to on its standard input and output."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return its result; what the server tells meanwhile is passed over."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        while True:
            line = self.line()
            if json.loads(line).get("id") == message["id"]:
                return answer_of(line)

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server {self.process.args} has ended")
        return line


@contextmanager
def spawned(command: Sequence[str], environment: Mapping[str, str]) -> Generator[Server]:
    """Start a server and yield it at once; end of input ends it over stdio, a signal over HTTP."""
    pipe = subprocess.PIPE
    quiet = {**environment, "MOORAGE_LOGGING__LEVEL": "warning", "FASTMCP_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=quiet, stdin=pipe, stdout=pipe, text=True)
    try:
        yield Server(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        if "stdio" not in command:
            process.terminate()
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()


@contextmanager
def over_stdio(module: str, environment: Mapping[str, str]) -> Generator[Server]:
    with spawned((sys.executable, "-m", module, "stdio"), environment) as server:
        yield server


@contextmanager
def over_http(module: str, environment: Mapping[str, str]) -> Generator[tuple[str, int]]:
    """Yield the URL and the process id of a server that listens."""
    with spawned((sys.executable, "-m", module, "http"), environment) as server:
        yield server.line().strip(), server.pid
