"""Run the official MCP conformance suite against our server and say what passed.

    python -m tests.conformance.run                      both revisions, every required scenario
    python -m tests.conformance.run --profile product    only what any server can be held to
    python -m tests.conformance.run --url URL            against a server that runs already

Exit status: 0 every scored scenario passed, 1 one failed, 2 the suite could not be run.
Needs npm. The suite, and a Node 22 where the machine's is older, are fetched into --cache.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tests.conformance.suite import REVISIONS, Profile, Scenario, SuiteError, install

START_SECONDS = 60
STOP_SECONDS = 15
SHOWN_REASON_CHARACTERS = 160


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        suite = install(options.cache)
        with _server(options.url, options.profile) as url:
            lost = 0
            for revision in REVISIONS if options.revision == "both" else (options.revision,):
                scenarios = suite.run(url, revision, options.profile, timeout_seconds=options.timeout)
                lost += _report(f"{revision} ({options.profile})", scenarios, is_verbose=options.verbose)
    except SuiteError as trouble:
        print(trouble, file=sys.stderr)
        return 2
    return 1 if lost else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    cache = os.environ.get("MCP_CONFORMANCE_CACHE", str(Path(tempfile.gettempdir()) / "mcp-conformance"))
    parser.add_argument("--url", help="endpoint of a server that runs already; without it one is started")
    parser.add_argument("--revision", choices=(*REVISIONS, "both"), default="both")
    parser.add_argument("--profile", choices=("full", "product"), default="full")
    parser.add_argument("--timeout", type=int, default=280, help="seconds for one revision")
    parser.add_argument("--cache", type=Path, default=Path(cache), help="where the suite is kept")
    parser.add_argument("--verbose", action="store_true", help="show also what is not scored")
    return parser


@contextlib.contextmanager
def _server(url: str | None, profile: Profile) -> Generator[str]:
    """Yield the address of the given server, or of one that lives as long as the context."""
    if url is not None:
        yield url
        return
    port = _free_port()
    flags = ["--product"] if profile == "product" else []
    process = subprocess.Popen([sys.executable, "-m", "tests.conformance.serve", "--port", str(port), *flags])
    try:
        url = f"http://127.0.0.1:{port}/mcp"
        _wait_until_open(url, process)
        yield url
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(url: str, process: subprocess.Popen[bytes]) -> None:
    parts = urlsplit(url)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection((str(parts.hostname), parts.port or 80), 0.5).close()
            return
        time.sleep(0.1)
    raise SuiteError(f"nothing answers at {url}; the server's exit status is {process.poll()}")


def _report(title: str, scenarios: Sequence[Scenario], *, is_verbose: bool) -> int:
    """Print one revision and return how many scored scenarios failed."""
    scored = [each for each in scenarios if each.is_scored]
    lost = [each for each in scored if not each.passed]
    print(f"{title}: {len(scored) - len(lost)}/{len(scored)} scored scenarios pass")
    for each in [each for each in scenarios if not each.passed and (each.is_scored or is_verbose)]:
        note = "" if each.is_scored else " (not scored)"
        print(f"  FAIL {each.name}{note}, {each.passed_checks} checks passed")
        for check, reason in each.failures:
            print(f"       {check}: {reason[:SHOWN_REASON_CHARACTERS]}")
    return len(lost)


if __name__ == "__main__":
    sys.exit(main())
