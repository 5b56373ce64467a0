"""What a tool must have before it is published.

Clients judge by what they are told: a missing hint is read as the worst, a missing description fails
conformance, names beyond 40 characters are cut or dropped once a client has put its prefix before them.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import BaseModel

from moorage.core.mcp.errors import ToolDefects
from moorage.core.shape import Tool

TOOL_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""Cursor counts server and tool name together up to 60; 40 leaves room for `moorage-codebase` before it."""

INSTRUCTIONS_LIMIT_CHARACTERS = 2000
"""Claude Code cuts instructions at 2,048 characters."""

HINTS = ("read_only", "destructive", "idempotent", "open_world")


def refuse_defects(defects: Sequence[str]) -> None:
    """Raise ToolDefects when there is any defect; all of them at once, so that one run shows them all."""
    if defects:
        message = f"{len(defects)} defects in what would be published: " + "; ".join(defects)
        raise ToolDefects(message, hint="Mend the tool definitions named here.", defects=list(defects))


def defects_of_all(tools: Sequence[Tool], instructions: str) -> Iterator[str]:
    """Yield what only shows across tools, and what is wrong with the instructions."""
    counted = Counter(tool.name for tool in tools)
    yield from (f"{name}: defined {count} times" for name, count in counted.items() if count > 1)
    if not instructions.strip():
        yield "instructions: empty"
    if len(instructions) >= INSTRUCTIONS_LIMIT_CHARACTERS:
        yield f"instructions: {len(instructions)} characters, {INSTRUCTIONS_LIMIT_CHARACTERS - 1} at most"


def defects_of(tool: Tool, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is missing or wrong in one tool whose arguments would be published with this schema."""
    for defect in (*_of_definition(tool), *_of_function(tool), *_of_schema(schema)):
        yield f"{tool.name}: {defect}"


def _of_definition(tool: Tool) -> Iterator[str]:
    if not TOOL_NAME.fullmatch(tool.name):
        yield f"its name does not match {TOOL_NAME.pattern}"
    if not tool.title.strip():
        yield "no title"
    if not inspect.getdoc(tool.function):
        yield "no docstring, which is its description"
    yield from (f"hint {hint} is not stated" for hint in HINTS if not isinstance(getattr(tool, hint), bool))
    if tool.read_only and tool.destructive:
        yield "read-only and destructive at once"


def _of_function(tool: Tool) -> Iterator[str]:
    if not inspect.iscoroutinefunction(tool.function):
        yield "not an async function, so it could not be cancelled"
    returned = get_type_hints(tool.function).get("return")
    is_model = inspect.isclass(returned) and issubclass(returned, BaseModel)
    if tool.structured and not is_model:
        yield "structured, but it does not return a pydantic model"
    if not tool.structured and returned is not str:
        yield "not structured, but it does not return str"


def _of_schema(schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield "it takes arguments that its schema does not name"
    for name, each in schema.get("properties", {}).items():
        if not each.get("description"):
            yield f"argument {name} has no description"
