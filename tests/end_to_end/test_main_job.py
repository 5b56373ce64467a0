"""The main job, as a person and an agent do it: `moorage up` in a repository, then questions from every side."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from moorage.core.postgres.address import Address
from tests.support.programs import MOORAGE, Program, environment, run, started
from tests.unit.codebase.repositories import make_repository

FILES = {
    "src/retry.py": "def schedule_retry(job, attempt):\n    '''Send a failed job again, later each time.'''\n"
    "    return job.send(delay=2**attempt)\n",
    "README.md": "# Port\n\nShips come and go.\n",
}
ERAS = pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("user") / "port-authority", FILES)


@pytest.fixture
async def up(home: Path, address: Address, folder: Path) -> AsyncGenerator[tuple[Program, str]]:
    """`moorage up` once it has indexed the folder, and where it serves."""
    async with started(home, folder, "up", "--port", "0") as program:
        url = await program.says_where()
        await program.says("files in")
        yield program, url


async def test_up_says_where_it_serves_and_what_to_tell_the_agent(up):
    program, url = up
    said = "".join(program.said)
    assert "project port_authority" in said
    assert f"claude mcp add --transport http moorage {url}/mcp" in said
    assert "2 files in" in said


@ERAS
async def test_an_agent_over_http_finds_code_without_naming_the_project(up, era: str):
    _program, url = up
    async with Client(f"{url}/mcp", mode=era) as client:
        found = await client.call_tool_mcp("search_code", {"query": "schedule_retry"})
        best = found.structured_content["results"][0]
        assert (best["file_path"], best["start_line"], best["end_line"]) == ("src/retry.py", 1, 3)
        chunks = await client.call_tool_mcp("get_code_chunks", {"chunk_ids": [best["chunk_id"]]})
        assert "job.send" in chunks.content[0].text


async def test_the_shell_and_the_server_answer_alike(up, home: Path, folder: Path):
    _program, url = up
    done = await run(home, folder, "search", "schedule_retry", "--json")
    async with Client(f"{url}/codebase/mcp") as client:
        found = await client.call_tool_mcp("search_code", {"query": "schedule_retry", "limit": 5})
    assert done.status == 0
    assert done.json["results"] == found.structured_content["results"]


@ERAS
async def test_an_agent_over_stdio_in_the_folder_finds_code(home: Path, address: Address, folder: Path, era: str):
    await run(home, folder, "up", "--help")
    transport = StdioTransport(
        MOORAGE[0],
        [*MOORAGE[1:], "serve", "--transport", "stdio"],
        cwd=str(folder),
        env=environment(home),
        keep_alive=False,
    )
    async with Client(transport, mode=era) as client:
        made = await client.call_tool_mcp("create_project", {"name": "over_stdio"})
        assert made.structured_content["name"] == "over_stdio"
        status = await client.call_tool_mcp(
            "index_repository", {"repo_path": str(folder), "project_name": "over_stdio", "wait_seconds": 60}
        )
        assert status.structured_content["status"] == "completed"
        found = await client.call_tool_mcp("search_code", {"query": "failed job", "project_name": "over_stdio"})
        assert found.structured_content["results"][0]["file_path"] == "src/retry.py"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_with_status_0_and_the_next_start_goes_on(
    home: Path, address: Address, folder: Path, number: signal.Signals
):
    async with started(home, folder, "up", "--port", "0") as program:
        await program.says_where()
        assert await program.ends_after(number) == 0
    done = await run(home, folder, "index")
    assert done.status == 0
    assert "2 files in" in done.stdout


async def test_over_stdio_standard_output_holds_the_protocol_and_nothing_else(
    home: Path, address: Address, folder: Path
):
    request = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "raw", "version": "1"},
        },
    }
    process = await asyncio.create_subprocess_exec(
        *MOORAGE, "serve", "--transport", "stdio", cwd=folder, env=environment(home),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, _errors = await process.communicate(json.dumps(request).encode() + b"\n")
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1]
    assert process.returncode == 0


HOSTILE = [
    ("search_code", {"query": "x" * 1_000_000}, "codebase.invalid_query"),
    ("search_code", {"query": ["a", "list"]}, "input.invalid"),
    ("search_code", {"query": "ship", "limit": "many"}, "input.invalid"),
    ("search_code", {"query": "ship", "limit": 10**30}, "input.invalid"),
    ("search_code", {"query": "ship", "filter": {}}, "input.invalid"),
    ("search_code", {"query": "ship", "filters": {"lang": "go"}}, "input.invalid"),
    ("search_code", {"query": "ship", "filters": {"path": "}{"}}, "codebase.invalid_query"),
    ("search_code", {"query": "ship", "project_name": "'; DROP DATABASE postgres; --"}, "projects.invalid_name"),
    ("search_code", {"query": "ship", "project_name": "no_such_project"}, "projects.not_found"),
    ("search_code", {"query": "nul \0 inside"}, "input.invalid"),
    ("search_code", {}, "input.invalid"),
    ("get_code_chunks", {"chunk_ids": []}, "input.invalid"),
    ("get_code_chunks", {"chunk_ids": ["' OR 1=1"]}, "codebase.invalid_query"),
    ("file_outline", {"file_path": "nul\0.py"}, "input.invalid"),
    ("index_repository", {"repo_path": "relative"}, "codebase.unfit_root"),
    ("index_repository", {"repo_path": "ext::sh -c 'touch /x'"}, "codebase.unfit_root"),
    ("index_status", {"repository": "nobody knows it"}, "codebase.repository_not_found"),
    ("delete_project", {"project_name": "port_authority", "confirm": "yes"}, "projects.not_confirmed"),
    ("serch_code", {"query": "ship"}, None),
]


async def test_hostile_arguments_get_errors_that_teach(up):
    _program, url = up
    async with Client(f"{url}/mcp") as client:
        for tool, arguments, code in HOSTILE:
            answer = await client.call_tool_mcp(tool, arguments)
            text = answer.content[0].text
            assert answer.is_error, (tool, str(arguments)[:80])
            assert code is None or text.startswith(f"{code}: "), text[:300]
            assert "Hint: " in text, text[:300]
            assert len(text) < 3_000
        assert not (await client.call_tool_mcp("search_code", {"query": "schedule_retry"})).is_error


async def test_a_body_of_ten_megabytes_is_refused_and_the_server_lives_on(up):
    _program, url = up
    params = {"name": "search_code", "arguments": {"query": "x" * 10_000_000}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with httpx2.AsyncClient(timeout=30) as client:
        refused = await client.post(f"{url}/mcp", json=body, headers={"accept": "application/json, text/event-stream"})
        assert refused.status_code == 413
        assert (await client.get(f"{url}/health/live")).status_code == 200
