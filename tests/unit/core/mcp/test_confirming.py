"""A person is asked before something is done: by both protocol revisions, and only where the client can."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from pydantic import Field

from moorage.core.mcp.server import build_server
from moorage.core.shape import Call, Tool

every_era = pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])


class Safe:
    """A tool that asks before it opens, and says at which call."""

    def __init__(self) -> None:
        self.calls = 0

    async def open_safe(
        self, call: Call, *, counted: Annotated[bool, Field(description="Ask another question each time.")] = False
    ) -> str:
        """Open a safe."""
        self.calls += 1
        if not call.can_confirm:
            return "nobody to ask"
        question = f"Open it, at call {self.calls}?" if counted else "Open it?"
        return "opened" if await call.confirm(question) else "closed"

    def served_to(self, era: str, **options: Any) -> Client:
        hints = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
        tools = [Tool(self.open_safe, title="Open", structured=False, **hints)]
        server = build_server(name="safe", version="1", instructions="Opens.", tools=tools)
        return Client(server.fastmcp, mode=era, **options)


async def called(client, **arguments: object) -> str:
    async with client:
        return (await client.call_tool_mcp("open_safe", arguments)).content[0].text


@every_era
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (ElicitResult(action="accept", content={"confirm": True}), "opened"),
        (ElicitResult(action="accept", content={"confirm": False}), "closed"),
        (ElicitResult(action="decline"), "closed"),
        (ElicitResult(action="cancel"), "closed"),
    ],
    ids=["yes", "no", "declined", "dismissed"],
)
async def test_only_a_plain_yes_is_one(era: str, answer: ElicitResult, outcome: str) -> None:
    asked: list[str] = []

    async def person(message: str, *_: object) -> ElicitResult:
        asked.append(message)
        return answer

    assert await called(Safe().served_to(era, elicitation_handler=person)) == outcome
    assert asked == ["Open it?"]


async def test_a_client_that_cannot_answer_has_not_said_yes() -> None:
    """It said that it could ask, and fails when it is to: a client of 2025-11-25 answers with an error."""

    async def person(*_: object) -> ElicitResult:
        raise ValueError("no window to ask in")

    assert await called(Safe().served_to("legacy", elicitation_handler=person)) == "closed"


@every_era
async def test_a_client_without_a_person_is_not_asked(era: str) -> None:
    assert await called(Safe().served_to(era)) == "nobody to ask"


async def test_a_question_that_changes_meanwhile_is_asked_anew() -> None:
    """An answer is good for the question it was given to, and for no other."""
    asked: list[str] = []

    async def person(message: str, *_: object) -> ElicitResult:
        asked.append(message)
        return ElicitResult(action="accept", content={"confirm": True})

    safe = Safe()
    client = safe.served_to("auto", elicitation_handler=person, input_required_max_rounds=3)
    with pytest.raises(Exception, match="rounds"):
        await called(client, counted=True)
    assert asked == ["Open it, at call 1?", "Open it, at call 2?", "Open it, at call 3?"]
