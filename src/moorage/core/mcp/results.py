"""What a tool returned or raised, as the two forms a client may read: structured content and text.

Some clients show only one of them, so both say the same; of a failure, some drop everything but the text.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from moorage.core.errors import MoorageError
from moorage.core.mcp.sdk import (
    CallToolResult,
    InputRequiredResult,
    InputRequiredToolResult,
    TextContent,
    ToolResult,
)

FAILURE_TEXT_LIMIT_CHARACTERS = 10_000
"""Claude Code trims the text of an error near 11,000 characters."""


def result_of(value: BaseModel | str) -> ToolResult:
    """Return prose as text alone, and a model as structured content beside the same data as compact JSON."""
    if isinstance(value, str):
        return ToolResult(content=[_text(value)])
    written = to_json(value, by_alias=True)
    return ToolResult(content=[_text(written.decode())], structured_content=from_json(written))


def result_of_failure(error: MoorageError) -> ToolResult:
    """Return the failure as text: code, what happened, what to do now, and the facts where there are any."""
    text = error.as_text()
    if error.details:
        text += f"\nDetails: {_compact(error.details)}"
    return ToolResult(content=[_text(text[:FAILURE_TEXT_LIMIT_CHARACTERS])], is_error=True)


def as_sent(result: ToolResult) -> CallToolResult | InputRequiredResult:
    """Return a result as the protocol has it: what came of the call, or the question that must be answered first."""
    if isinstance(result, InputRequiredToolResult):
        return result.input_required
    return CallToolResult(
        content=result.content, structured_content=result.structured_content, is_error=result.is_error
    )


def _compact(details: dict[str, Any]) -> str:
    return json.dumps(details, ensure_ascii=False, separators=(",", ":"), default=str)


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)
