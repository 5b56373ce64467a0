"""Fixture tools that need something from the client.

They ask back on the 2025-11-25 wire, and return a question on the 2026-07-28 one.
"""

from __future__ import annotations

from typing import Any

import mcp.types as protocol
from fastmcp import Context, FastMCP
from fastmcp.tools import FunctionTool
from mcp.shared.exceptions import MCPError
from mcp.types import InputRequiredResult

from tests.conformance.content import text_content

MISSING_CAPABILITY = -32021


def object_schema(**fields: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields)}


def ask_user(message: str, **fields: str) -> protocol.ElicitRequest:
    params = protocol.ElicitRequestFormParams(message=message, requested_schema=object_schema(**fields))
    return protocol.ElicitRequest(method="elicitation/create", params=params)


def ask_model(text: str, tokens: int) -> protocol.CreateMessageRequest:
    messages = [protocol.SamplingMessage(role="user", content=text_content(text))]
    params = protocol.CreateMessageRequestParams(messages=messages, max_tokens=tokens)
    return protocol.CreateMessageRequest(method="sampling/createMessage", params=params)


def ask_roots() -> protocol.ListRootsRequest:
    return protocol.ListRootsRequest(method="roots/list")


def need(state: str | None = None, **requests: Any) -> InputRequiredResult:
    return InputRequiredResult(result_type="input_required", input_requests=requests, request_state=state)


def answer_to(context: Context, key: str, field: str) -> str | None:
    """Return the accepted form value under `key`, None when it is missing or malformed."""
    content = getattr((context.input_responses or {}).get(key), "content", None)
    return str(content[field]) if isinstance(content, dict) and field in content else None


def declares(context: Context, capability: str) -> bool:
    params = context.session.client_params
    return params is not None and getattr(params.capabilities, capability, None) is not None


async def _elicit(context: Context, message: str, schema: dict[str, Any]) -> str:
    reply = await context.session.elicit_form(
        message=message, requested_schema=schema, related_request_id=context.request_id
    )
    return f"action={reply.action}, content={reply.content}"


async def test_sampling(prompt: str, context: Context) -> str:
    """Ask the client's model, on the older wire."""
    messages = [protocol.SamplingMessage(role="user", content=text_content(prompt))]
    reply = await context.session.create_message(messages=messages, max_tokens=100)  # ty: ignore[deprecated]
    return f"LLM response: {getattr(reply.content, 'text', reply.content)}"


async def test_elicitation(message: str, context: Context) -> str:
    """Ask the user for two fields, on the older wire."""
    return "User response: " + await _elicit(context, message, object_schema(username="string", email="string"))


async def test_elicitation_sep1034_defaults(context: Context) -> str:
    """Ask with a default on every primitive type."""
    fields: dict[str, Any] = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return "Elicitation completed: " + await _elicit(context, "defaults", {"type": "object", "properties": fields})


async def test_elicitation_sep1330_enums(context: Context) -> str:
    """Ask with the five shapes of an enumeration."""
    plain = ["option1", "option2", "option3"]
    titled = [{"const": f"value{i}", "title": f"Choice {i}"} for i in (1, 2, 3)]
    names = ["Option One", "Option Two", "Option Three"]
    fields: dict[str, Any] = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": names},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return "Elicitation completed: " + await _elicit(context, "enums", {"type": "object", "properties": fields})


async def test_missing_capability(context: Context) -> str:
    """Need the client to have declared sampling."""
    if not declares(context, "sampling"):
        raise MCPError(
            code=MISSING_CAPABILITY,
            message="This tool needs the client's sampling capability",
            data={"requiredCapabilities": {"sampling": {}}},
        )
    return "ok"


async def test_streaming_elicitation(context: Context) -> InputRequiredResult | str:
    """Report progress, then ask."""
    await context.report_progress(1, 2)
    if answer_to(context, "answer", "value") is None:
        return need(answer=ask_user("A value?", value="string"))
    return "ok"


async def test_input_required_result_elicitation(context: Context) -> InputRequiredResult | str:
    """Ask the user's name."""
    name = answer_to(context, "user_name", "name")
    return f"Hello, {name}!" if name else need(user_name=ask_user("What is your name?", name="string"))


async def test_input_required_result_sampling(context: Context) -> InputRequiredResult | str:
    """Ask the client's model a question."""
    reply = (context.input_responses or {}).get("capital_question")
    if reply is None:
        return need(capital_question=ask_model("What is the capital of France?", 100))
    content = getattr(reply, "content", None)
    return f"Model said: {getattr(content, 'text', content)}"


async def test_input_required_result_list_roots(context: Context) -> InputRequiredResult | str:
    """Ask for the client's roots."""
    reply = (context.input_responses or {}).get("client_roots")
    if reply is None:
        return need(client_roots=ask_roots())
    return "Roots: " + ", ".join(str(root.uri) for root in getattr(reply, "roots", ()))


async def test_input_required_result_request_state(context: Context) -> InputRequiredResult | str:
    """Get its own sealed state back."""
    if context.request_state != "round-1" or not context.input_responses:
        return need("round-1", confirm=ask_user("Please confirm", ok="boolean"))
    return "state-ok"


async def test_input_required_result_tampered_state(context: Context) -> InputRequiredResult | str:
    """Never see state that the client has changed."""
    if context.request_state != "sealed":
        return need("sealed", confirm=ask_user("Please confirm", ok="boolean"))
    return "state-ok"


async def test_input_required_result_multiple_inputs(context: Context) -> InputRequiredResult | str:
    """Ask three things at once."""
    if {"user_name", "greeting", "client_roots"} <= set(context.input_responses or {}):
        return "all answers received"
    return need(
        "multi",
        user_name=ask_user("What is your name?", name="string"),
        greeting=ask_model("Generate a greeting", 50),
        client_roots=ask_roots(),
    )


async def test_input_required_result_multi_round(context: Context) -> InputRequiredResult | str:
    """Ask twice, in order."""
    if context.request_state is None:
        return need("step-1", step1=ask_user("Step 1: What is your name?", name="string"))
    if context.request_state == "step-1":
        return need("step-2", step2=ask_user("Step 2: What is your favorite color?", color="string"))
    return f"color: {answer_to(context, 'step2', 'color')}"


async def test_input_required_result_capabilities(context: Context) -> InputRequiredResult | str:
    """Ask only for what the client declared."""
    if context.input_responses:
        return "ok"
    asked: dict[str, Any] = {}
    if declares(context, "elicitation"):
        asked["form"] = ask_user("A value?", value="string")
    if declares(context, "sampling"):
        asked["model"] = ask_model("Say hi", 20)
    return need(**asked) if asked else "client offers no way to ask"


ASKING = (
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_missing_capability,
    test_streaming_elicitation,
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)


def add_asking_tools(fastmcp: FastMCP) -> None:
    for function in ASKING:
        fastmcp.add_tool(FunctionTool.from_function(function, output_schema=None))
