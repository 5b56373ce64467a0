"""The conformance suite itself: getting it, running it once, and reading what it found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
"""Pinned: the first line that knows both revisions and the frozen requirement lists."""

NODE = "node@22"
NODE_MAJOR = 22
"""The suite imports fs.globSync, which older ones lack."""

Revision = Literal["2026-07-28", "2025-11-25"]
Profile = Literal["full", "product"]

REVISIONS: tuple[Revision, ...] = ("2026-07-28", "2025-11-25")

PRODUCT_SCENARIOS: dict[Revision, frozenset[str]] = {
    "2026-07-28": frozenset(
        {
            "server-stateless",
            "tools-list",
            "resources-list",
            "prompts-list",
            "sep-2164-resource-not-found",
            "dns-rebinding-protection",
            "caching",
            "server-sse-multiple-streams",
            "input-required-result-unsupported-methods",
            "http-header-validation",
        }
    ),
    "2025-11-25": frozenset(
        {
            "server-initialize",
            "ping",
            "logging-set-level",
            "tools-list",
            "resources-list",
            "prompts-list",
            "dns-rebinding-protection",
            "server-sse-multiple-streams",
            "server-session-lifecycle",
        }
    ),
}
"""Scenarios that ask nothing of a server beyond being an MCP server."""

FIXTURE_CHECKS = frozenset(
    {
        "sep-2575-server-rejects-undeclared-capability",
        "sep-2575-missing-capability-http-400",
        "sep-2575-server-no-log-without-loglevel",
        "sep-2575-http-server-no-independent-requests-on-stream",
        "sep-2575-server-sends-prompts-list-changed-on-subscription",
        "sep-2575-server-sends-tools-list-changed-on-subscription",
    }
)
"""Checks inside those scenarios that still need a tool of the suite's naming."""


class SuiteError(Exception):
    """The suite could not be fetched or run; nothing is known about the server."""


@dataclass(frozen=True)
class Scenario:
    """What one scenario found.

    Attributes:
        is_scored: it counts for the profile; the others are shown only.
        failures: check id and reason.
    """

    name: str
    is_scored: bool
    passed_checks: int
    failures: tuple[tuple[str, str], ...]

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True)
class Suite:
    """An installed suite."""

    node: str
    folder: Path

    def run(self, url: str, revision: Revision, profile: Profile, *, timeout_seconds: int) -> list[Scenario]:
        """Run every scenario of a revision against the server at `url`.

        Raises:
            SuiteError: it wrote no results.
        """
        with tempfile.TemporaryDirectory() as results:
            command = (
                self.node,
                self._entry,
                "server",
                "--url",
                url,
                "--requirements",
                revision,
                "-o",
                results,
            )
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_seconds, check=False)
            found = dict(_checks_in(Path(results)))
        if not found:
            raise SuiteError(f"the suite wrote no results\n{done.stdout[-500:]}{done.stderr[-500:]}")
        wanted = PRODUCT_SCENARIOS[revision] if profile == "product" else self._required(revision)
        return list(_judged(found, wanted, profile))

    @property
    def _package(self) -> Path:
        return self.folder / "node_modules/@modelcontextprotocol/conformance"

    @property
    def _entry(self) -> str:
        return str(self._package / "dist/index.js")

    def _required(self, revision: Revision) -> frozenset[str]:
        """Return the scenarios in the `server:` list of the suite's frozen requirement file."""
        text = (self._package / f"requirements/{revision}.yaml").read_text()
        section = re.search(r"^server:\n((?:[ #].*\n|\n)*)", text, re.MULTILINE)
        return frozenset(re.findall(r"^  - (\S+)", section[1], re.MULTILINE)) if section else frozenset()


def install(folder: Path) -> Suite:
    """Fetch what is missing into `folder` and return the suite with a node that can run it."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "package.json"
    if not manifest.exists():
        manifest.write_text('{"private": true}\n')
    suite = Suite(_node(folder), folder)
    if not Path(suite._entry).exists():
        _npm_install(SUITE, folder)
    return suite


def _node(folder: Path) -> str:
    """Return the machine's node when it is new enough, else one from npm."""
    node = shutil.which("node") or "node"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if int(version.strip().lstrip("v").partition(".")[0] or 0) >= NODE_MAJOR:
        return node
    local = folder / "node_modules/.bin/node"
    if not local.exists():
        _npm_install(NODE, folder)
    return str(local)


def _npm_install(package: str, folder: Path) -> None:
    command = ("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", package)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SuiteError(f"{' '.join(command)}\n{done.stdout[-800:]}{done.stderr[-800:]}")


def _checks_in(results: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield scenario name and checks; folders are called server-<scenario>-<time with dashes>."""
    for file in sorted(results.glob("**/checks.json")):
        name = re.sub(r"-\d{4}-\d\d-\d\dT.*$", "", file.parent.name.removeprefix("server-"))
        yield name, json.loads(file.read_text())


def _judged(found: dict[str, list[dict[str, Any]]], wanted: frozenset[str], profile: Profile) -> Iterator[Scenario]:
    ignored = FIXTURE_CHECKS if profile == "product" else frozenset()
    for name, checks in found.items():
        if name in wanted or profile == "full":
            failures = [each for each in checks if each["status"] == "FAILURE" and each["id"] not in ignored]
            reasons = tuple((each["id"], each.get("errorMessage", "")) for each in failures)
            yield Scenario(name, name in wanted, sum(each["status"] == "SUCCESS" for each in checks), reasons)
    for name in sorted(wanted - found.keys()):
        yield Scenario(name, is_scored=True, passed_checks=0, failures=(("not-run", "no result"),))
