"""Which tools for databases clients see, and what that costs them, however many databases there are."""

from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from moorage.core.mcp.server import build_server
from moorage.core.shape import Tool, chosen_tools
from moorage.databases.definitions import DirectPostgres
from moorage.databases.opening import open_databases
from moorage.databases.settings import DatabasesSettings, SqlSettings, ToolProfile
from moorage.databases.tools import tools_by_profile

CORE = {"run_query", "list_databases", "search_objects", "get_table_schema", "explain_query", "database_health"}
PROFILES = [each for each in get_args(ToolProfile) if each != "all"]
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-sql.md"
MAX_CORE_CHARACTERS = 4_250


@cache
def tools_of(profile: str, *, databases: int = 0) -> list[Tool]:
    """The tools of a profile; no database is asked for listing them."""

    async def listed() -> list[Tool]:
        described = {f"d{number}": DirectPostgres(database=f"d{number}") for number in range(databases)}
        async with open_databases(DatabasesSettings(databases=described)) as service:
            return chosen_tools(tools_by_profile(service), [profile])

    return asyncio.run(listed())


def served(tools: list[Tool]) -> dict[str, str]:
    """What a client reads of each tool, as its entry in the answer to tools/list."""
    server = build_server(name="databases", version="0", instructions="For a test.", tools=tools)
    entries = [each.to_mcp_tool() for each in server.fastmcp.served.values()]
    return {
        each.name: json.dumps(
            each.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False, separators=(",", ":")
        )
        for each in entries
    }


def test_core_is_six_tools_and_what_clients_see_by_default():
    assert {each.name for each in tools_of("core")} == CORE
    assert SqlSettings().tools == ("core",)


def test_reading_the_core_costs_a_client_little():
    definitions = served(tools_of("core"))
    sizes = {name: len(text) for name, text in definitions.items()}
    assert sum(sizes.values()) < MAX_CORE_CHARACTERS, sizes


@pytest.mark.parametrize("profile", PROFILES)
def test_clients_read_the_same_for_one_database_and_for_hundreds(profile: str):
    assert served(tools_of(profile, databases=1)) == served(tools_of(profile, databases=500))


def test_all_serves_the_tools_of_every_profile_and_none_twice():
    names = [tool.name for profile in PROFILES for tool in tools_of(profile)]
    assert sorted(served(tools_of("all"))) == sorted(names)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_about_sql_names_the_tools_of_each_profile(profile: str):
    row = re.search(rf"^\| {profile} \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert row is not None
    assert re.findall(r"`(\w+)`", row[1]) == [tool.name for tool in tools_of(profile)]
