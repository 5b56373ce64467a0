"""Conditions as people type them on a command line: `priority in high,critical`, `due_date<2026-12-01`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from moorage.workflow.documents import Document
from moorage.workflow.errors import InvalidFilter

_SIGNS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_FIELD = r"(?P<field>[^\s=<>!]+)"
_WORDS = re.compile(rf"{_FIELD}\s+(?P<words>not in|in|contains|prefix|exists|missing)(\s+(?P<value>.*))?")
_SIGN = re.compile(rf"{_FIELD}\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?P<value>.*)")
# What is written as JSON is meant as JSON; everything else is text.
_LITERAL = re.compile(r'-?[0-9]+(\.[0-9]+)?|true|false|null|".*"')


def parse_where(texts: Sequence[str]) -> Document:
    """Return the filter that conditions are, all of which hold.

    Raises:
        InvalidFilter: a condition that is none.
    """
    parts = [_condition(text.strip()) for text in texts]
    return {"and": parts} if parts else {}


def _condition(text: str) -> Document:
    signed = _SIGN.fullmatch(text)
    if signed:
        return {signed["field"]: {_SIGNS[signed["sign"]]: _value(signed["value"])}}
    worded = _WORDS.fullmatch(text)
    if not worded:
        raise InvalidFilter(
            f"where: {text[:60]!r} is no condition",
            hint="Write status=pending, 'priority in high,critical', 'due_date<2026-12-01', 'tags contains auth',"
            " 'title prefix Mend', 'due_date exists' or 'due_date missing'.",
        )
    return {worded["field"]: _worded(worded["words"], worded["value"] or "")}


def _worded(words: str, value: str) -> Document:
    match words:
        case "in" | "not in":
            return {words.replace(" ", "_"): [_value(each.strip()) for each in value.split(",")]}
        case "exists" | "missing":
            return {"exists": words == "exists"}
        case "prefix":
            return {"prefix": value}
    return {words: _value(value)}


def _value(text: str) -> Any:
    return json.loads(text) if _LITERAL.fullmatch(text) else text
