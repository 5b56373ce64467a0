"""What may not be published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moorage.core.mcp.errors import ToolDefects
from moorage.core.mcp.server import build_server
from moorage.core.shape import Tool
from tests.support.tiny_tools import TOOLS, add, tiny


async def undescribed(left: int) -> str:
    return str(left)


async def Shouting() -> str:  # noqa: N802
    """Shout."""
    return "!"


def blocking() -> str:
    """Block."""
    return ""


def defects_of(*tools: Tool, instructions: str = "For tests.") -> list[str]:
    with pytest.raises(ToolDefects) as refused:
        build_server(name="tiny", version="1", instructions=instructions, tools=tools)
    return refused.value.details["defects"]


def test_every_defect_is_named_at_once() -> None:
    assert defects_of(tiny(undescribed), tiny(Shouting, structured=False)) == [
        "undescribed: no docstring, which is its description",
        "undescribed: structured, but it does not return a pydantic model",
        "undescribed: argument left has no description",
        "Shouting: its name does not match [a-z][a-z0-9_]{0,39}",
    ]


def test_a_function_that_cannot_be_cancelled_is_refused() -> None:
    assert defects_of(tiny(blocking, structured=False)) == [
        "blocking: not an async function, so it could not be cancelled"
    ]


def test_two_tools_of_one_name_are_refused() -> None:
    assert defects_of(tiny(add), tiny(add)) == ["add: defined 2 times"]


def test_hints_that_contradict_each_other_are_refused() -> None:
    assert defects_of(replace(tiny(add), destructive=True)) == ["add: read-only and destructive at once"]


def test_a_hint_that_is_not_stated_is_refused() -> None:
    unstated = replace(tiny(add), idempotent=None)
    assert defects_of(unstated) == ["add: hint idempotent is not stated"]


def test_prose_declared_as_data_and_data_declared_as_prose_are_refused() -> None:
    assert defects_of(tiny(add, structured=False)) == ["add: not structured, but it does not return str"]


@pytest.mark.parametrize(
    ("instructions", "defect"),
    [(" ", "instructions: empty"), ("x" * 2000, "instructions: 2000 characters, 1999 at most")],
)
def test_instructions_must_be_there_and_fit(instructions: str, defect: str) -> None:
    assert defects_of(tiny(add), instructions=instructions) == [defect]


def test_a_server_that_refuses_new_tools_keeps_the_old_ones() -> None:
    server = build_server(name="tiny", version="1", instructions="For tests.", tools=TOOLS)
    with pytest.raises(ToolDefects):
        server.fastmcp.serve([tiny(undescribed)])
    assert server.tools == TOOLS
