"""What an operator sees of a running server: its metrics, its log, and the dashboard and alerts made of them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from fastmcp import Client

from moorage.core.postgres.address import Address
from moorage.reference import metrics_page
from tests.support.processes import RunningServer

DEPLOY = Path(__file__).parents[2] / "deploy"
TRACES = {"auto": "0af7651916cd43dd8448eb211c80319c", "legacy": "1bf7651916cd43dd8448eb211c80319c"}
SECRET = "hunter2secret"
IDS = {"request_id", "trace_id", "rpc_id", "tool", "caller"}
_SELECTED = re.compile(r"\b((?:moorage|process|python)_\w+)(?:\{|\[|\)| |$)")
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? ", re.MULTILINE)


@dataclass(frozen=True)
class Watched:
    """What a server showed that was called in both protocol revisions."""

    metrics: str
    log: list[dict[str, Any]]

    @property
    def families(self) -> set[str]:
        return {line.split()[2] for line in self.metrics.splitlines() if line.startswith("# TYPE ")}

    def labels(self, name: str) -> set[str]:
        return {labels for found, labels in _SAMPLE.findall(self.metrics) if found == name}

    def lines(self, event: str, **facts: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event and facts.items() <= line.items()]


@pytest.fixture(scope="module")
def watched(home: Path, address: Address, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return asyncio.run(_watch(home, tmp_path_factory.mktemp("code")))


async def _watch(home: Path, code: Path) -> Watched:
    (code / "sessions.py").write_text("def open_session():\n    return 1\n")
    environment = os.environ | {
        "MOORAGE_HOME": str(home),
        "MOORAGE_LOGGING__SLOW_STATEMENT_MS": "0",
        "MOORAGE_PROJECT": "watched",
        "OPENAI_API_KEY": SECRET,
    }
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "moorage", "serve", "--port", "0")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=code, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
    )
    server = RunningServer(process)
    try:
        url = json.loads(await _line_with(server, "serve.listening"))["url"]
        for era, trace in TRACES.items():
            await _call(f"{url}/mcp", era, {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}, code)
        async with httpx2.AsyncClient() as client:
            await client.get(f"{url}/made_up", headers={"authorization": f"Bearer {SECRET}"})
            metrics = (await client.get(f"{url}/metrics")).text
        process.terminate()
        async with asyncio.timeout(20):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return Watched(metrics, [json.loads(line) for line in errors.decode().splitlines()])


async def _line_with(server: RunningServer, event: str) -> str:
    while event not in (line := await server.line(server.process.stderr)):
        pass
    return line


async def _call(url: str, era: str, meta: dict[str, str], code: Path) -> None:
    """Call a few tools; one that there is not, and one on projects that there are not."""
    async with Client(url, mode=era) as client:
        await client.call_tool_mcp("create_project", {"name": "watched", "description": SECRET}, meta=meta)
        await client.call_tool_mcp("index_repository", {"repo_path": str(code)}, meta=meta)
        await client.call_tool_mcp("search_code", {"query": f"where is {SECRET}"}, meta=meta)
        for number in range(3):
            await client.call_tool_mcp("search_code", {"query": "x", "project_name": f"made_up_{number}"}, meta=meta)
            await client.call_tool_mcp(f"made_up_{number}", {"token": SECRET}, meta=meta)


def test_every_metric_of_the_reference_is_served(watched: Watched):
    declared = set(re.findall(r"^\| `(moorage_\w+)` \|", metrics_page(), re.MULTILINE))
    assert len(declared) > 20
    assert declared == {name for name in watched.families if name.startswith("moorage_")}


def test_every_metric_of_the_dashboard_and_the_alerts_is_served(watched: Watched):
    used = {name for expression in _expressions() for name in _SELECTED.findall(expression)}
    assert len(used) > 20
    assert _shorn(used) - _shorn(watched.families) == set()


def test_every_panel_has_a_place_of_its_own_and_says_what_it_shows():
    panels = json.loads((DEPLOY / "grafana/moorage.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [panel["title"] for panel in panels if panel["type"] != "row" and not panel["description"]] == []


def test_every_alert_is_explained():
    page = (DEPLOY.parent / "docs/how-to/watch.md").read_text()
    assert [alert["alert"] for alert in _alerts() if f"`{alert['alert']}`" not in page] == []


def test_what_prometheus_reads_is_what_is_there():
    settings = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    assert [(DEPLOY / "prometheus" / name).is_file() for name in settings["rule_files"]] == [True]


def test_tools_and_projects_that_callers_make_up_do_not_become_labels(watched: Watched):
    assert "made_up" not in watched.metrics


def test_nothing_that_callers_say_and_no_key_is_in_metrics_or_log(watched: Watched):
    assert SECRET not in watched.metrics
    assert SECRET not in str(watched.log)


def test_statements_are_measured_by_name_and_by_project(watched: Watched):
    names = watched.labels("moorage_statement_seconds_count")
    assert {'statement="projects.project_by_name"', 'statement="codebase.chunk_copy"'} <= names
    assert watched.labels("moorage_project_statements_total") == {'project="registry"', 'project="watched"'}


def test_pools_budgets_and_index_runs_are_counted(watched: Watched):
    states = {f'pool="watched",state="{state}"' for state in ("size", "idle", "active", "max")}
    assert states <= watched.labels("moorage_pool_connections")
    assert watched.labels("moorage_budget_waiting") == {'server="main"'}
    assert watched.labels("moorage_pools_opened_total") == {'server="main"'}
    assert 'outcome="completed"' in watched.labels("moorage_index_jobs_total")


def test_a_pool_says_when_it_opens_and_why_it_closes(watched: Watched):
    assert watched.lines("pool.opened", pool="watched")
    assert watched.lines("pool.closed", pool="watched")[-1]["reason"] == "shutdown"


@pytest.mark.parametrize("trace", TRACES.values(), ids=["2026-07-28", "2025-11-25"])
def test_every_line_of_a_call_carries_its_ids(watched: Watched, trace: str):
    """https://www.w3.org/TR/trace-context/#traceparent-header, in `_meta` of both protocol revisions."""
    (finished,) = watched.lines("call.finished", trace_id=trace, tool="search_code", outcome="ok")
    meanwhile = [
        line for line in watched.lines("statement.slow", trace_id=trace) if line["request_id"] == finished["request_id"]
    ]
    assert len({line["statement"] for line in meanwhile}) > 2
    assert [line for line in meanwhile if not line.keys() >= IDS] == []
    assert {line["project"] for line in meanwhile if line["statement"].startswith("codebase.")} == {"watched"}


def test_a_call_that_names_no_project_says_which_one_it_used(watched: Watched):
    calls = watched.lines("call.finished", tool="index_repository")
    assert [line["project"] for line in calls] == ["watched", "watched"]


def test_a_job_carries_the_ids_of_the_call_that_began_it(watched: Watched):
    for line in watched.lines("index.finished"):
        (call,) = watched.lines("call.finished", request_id=line["request_id"])
        assert (call["tool"], call["trace_id"]) == ("index_repository", line["trace_id"])
        assert line["job_id"]
        assert "job_id" not in call


def _expressions() -> Iterator[str]:
    for panel in json.loads((DEPLOY / "grafana/moorage.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    yield from (alert["expr"] for alert in _alerts())


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _shorn(names: set[str]) -> set[str]:
    """Return the names without what the kind of a metric appends to them."""
    return {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in names}
