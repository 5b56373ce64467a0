"""Resources as clients of both protocol revisions list and read them, in memory."""

from __future__ import annotations

import json

import pytest
from fastmcp import Client
from mcp.shared.exceptions import MCPError
from structlog.testing import capture_logs

from moorage.core.access import Caller, Scope, acting_as
from tests.support.tiny_resources import Board

ADDRESS = "tiny://boats/board"
STRANGER = Caller("stranger", Scope.READ, frozenset({"ships"}))
every_era = pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])


@pytest.fixture
def board() -> Board:
    return Board()


@every_era
async def test_a_resource_is_read_as_json_by_its_address(board: Board, era: str) -> None:
    await board.write("boats", "caulk")
    async with Client(board.server().fastmcp, mode=era) as client:
        (content,) = await client.read_resource(ADDRESS)
    assert (json.loads(content.text), content.mime_type) == ({"lines": ["caulk"]}, "application/json")


async def test_what_was_read_is_not_kept_by_clients(board: Board) -> None:
    async with Client(board.server().fastmcp) as client:
        result = await client.read_resource_mcp(ADDRESS)
    assert result.ttl_ms == 0


@every_era
async def test_the_resources_of_the_projects_that_the_caller_sees_are_listed(board: Board, era: str) -> None:
    with acting_as(STRANGER):
        async with Client(board.server().fastmcp, mode=era) as client:
            (resource,) = await client.list_resources()
            (template,) = await client.list_resource_templates()
    assert (str(resource.uri), resource.name, resource.title) == (
        "tiny://ships/board",
        "board of ships",
        "Board: ships",
    )
    assert (template.uri_template, template.description) == (
        "tiny://{project_name}/board",
        "What is written on the board.",
    )
    assert (resource.meta, template.meta) == (None, None)


@every_era
async def test_a_project_that_the_caller_may_not_see_is_not_read(board: Board, era: str) -> None:
    with acting_as(STRANGER):
        async with Client(board.server().fastmcp, mode=era) as client:
            with pytest.raises(MCPError, match=r"tiny\.no_board: there is no board 'boats'\nHint: Look at the list\."):
                await client.read_resource(ADDRESS)


@pytest.mark.parametrize("address", ["tiny://boats/other", "tiny://boats/x/board", "tiny:///board", "other://boats"])
async def test_another_address_is_none_of_ours(board: Board, address: str) -> None:
    async with Client(board.server().fastmcp) as client:
        with pytest.raises(MCPError, match="not found"):
            await client.read_resource(address)


async def test_a_reading_is_written_down_with_its_outcome(board: Board) -> None:
    with capture_logs() as lines:
        async with Client(board.server().fastmcp) as client:
            await client.read_resource(ADDRESS)
            with pytest.raises(MCPError):
                await client.read_resource("tiny://cars/board")
    written = [(each["outcome"], each["error_code"]) for each in lines if each["event"] == "resource.read"]
    assert written == [("ok", None), ("error", "tiny.no_board")]
