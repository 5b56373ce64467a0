"""Fixture resources and prompts, with completion of one prompt's argument."""

from __future__ import annotations

import base64
from typing import Any

from fastmcp import Context, FastMCP
from fastmcp.prompts import Message
from mcp.types import InputRequiredResult

from tests.conformance.asking import answer_to, ask_user, need
from tests.conformance.content import IMAGE, PNG, embedded


def add_resources(fastmcp: FastMCP) -> None:
    @fastmcp.resource("test://static-text", mime_type="text/plain", description="Static text")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @fastmcp.resource("test://static-binary", mime_type="image/png", description="Static image")
    def static_binary() -> bytes:
        return base64.b64decode(PNG)

    @fastmcp.resource("test://watched-resource", mime_type="text/plain", description="Watched")
    def watched() -> str:
        return "watched"

    @fastmcp.resource("test://template/{id}/data", mime_type="application/json", description="Template")
    def template(id: str) -> str:  # noqa: A002  (the suite's spelling)
        return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'


def add_prompts(fastmcp: FastMCP) -> None:
    @fastmcp.prompt(description="A prompt with no arguments")
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @fastmcp.prompt(description="A prompt with two arguments")
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @fastmcp.prompt(description="A prompt embedding a resource")
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803  (the suite's spelling)
        resource = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [Message(resource), Message("Please process the embedded resource above.")]

    @fastmcp.prompt(description="A prompt with an image")
    def test_prompt_with_image() -> list[Message]:
        return [Message(IMAGE), Message("Please analyze the image above.")]

    @fastmcp.prompt(description="A prompt that asks before it renders")
    def test_input_required_result_prompt(context: Context) -> InputRequiredResult | str:
        value = answer_to(context, "user_context", "context")
        question = ask_user("What context should the prompt use?", context="string")
        return f"Context: {value}" if value else need(user_context=question)

    @fastmcp.completion
    async def complete(ref: Any, argument: Any, context: Any) -> list[str] | None:
        if getattr(ref, "name", None) != "test_prompt_with_arguments":
            return None
        return [word for word in ("paris", "park", "party") if word.startswith(argument.value)]
