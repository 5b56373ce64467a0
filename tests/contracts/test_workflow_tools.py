"""Which tools for work items clients see, and what that costs them before the first call."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from fastmcp import Client

from moorage.core.mcp.server import build_server
from moorage.core.shape import Tool, chosen_tools
from moorage.systems import SYSTEMS
from moorage.workflow.service import make_service
from moorage.workflow.settings import ToolProfile, WorkflowSettings
from moorage.workflow.tools import tools_by_profile

CORE = {
    "prime",
    "register_entity_type",
    "create_entity",
    "get_entity",
    "update_entity",
    "query_entities",
    "delete_entity",
    "restore_entity",
    "link_entities",
    "ready_work",
    "claim_work",
    "record_deployment",
}
PROFILES = [each for each in get_args(ToolProfile) if each != "all"]
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "work-items.md"
MAX_CORE_TOKENS = 6_000
# Definitions are JSON with English in it. One of the published tokenizers takes 4.0 characters a token for ours, and
# 3.8 for the one it likes least; others differ by a tenth, so this errs to the high side.
CHARACTERS_PER_TOKEN = 3.5


def tools_of(*profiles: str) -> list[Tool]:
    """The tools of these profiles, without anything opened: listing them needs no service."""
    nothing: Any = None
    return chosen_tools(tools_by_profile(make_service(nothing, WorkflowSettings()), nothing), profiles)


async def served(tools: list[Tool]) -> dict[str, str]:
    """What a client reads of each tool: its entry in the answer to tools/list, input and output schema included."""
    server = build_server(name="workflow", version="0", instructions="For a test.", tools=tools)
    async with Client(server.fastmcp) as client:
        entries = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in await client.list_tools()]
    return {each["name"]: json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in entries}


def test_core_is_twelve_tools_and_what_clients_see_by_default():
    assert {each.name for each in tools_of("core")} == CORE
    assert WorkflowSettings().tools == ("core",)


async def test_reading_the_core_costs_a_client_under_6000_tokens():
    definitions = await served(tools_of("core"))
    assert sum(map(len, definitions.values())) / CHARACTERS_PER_TOKEN < MAX_CORE_TOKENS, {
        name: len(text) for name, text in definitions.items()
    }


async def test_all_serves_the_tools_of_every_profile_and_none_twice():
    names = [tool.name for profile in PROFILES for tool in tools_of(profile)]
    assert sorted(await served(tools_of("all"))) == sorted(names)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_about_work_items_names_the_tools_of_each_profile(profile: str):
    row = re.search(rf"^\| {profile} \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert row is not None
    assert re.findall(r"`(\w+)`", row[1]) == [tool.name for tool in tools_of(profile)]


def test_what_systems_say_of_themselves_leaves_room_among_the_instructions():
    """Claude Code cuts instructions at 2,048 characters; a line about projects follows these."""
    assert sum(len(system.purpose) + 1 for system in SYSTEMS) < 1_800
