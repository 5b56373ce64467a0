"""What a definition keeps out of sight, as a search takes it; the rule itself is that of statements (policy.tables)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from moorage.databases.definitions import Policy

# What fnmatch reads in a pattern. Of its sets of characters those that mean the same to PostgreSQL.
_SPECIAL = re.compile(r"(\*|\?|\[!?(?:\w(?:-\w)?)+\])", re.ASCII)


def hiding_of(policy: Policy) -> dict[str, str]:
    """Return the rules as the statement takes them: lists of regular expressions, as text of JSON."""
    return {
        "allowed_schemas": _expressions(policy.allowed_schemas),
        "denied_schemas": _expressions(policy.denied_schemas),
        "allowed_tables": _expressions(map(_with_schema, policy.allowed_tables)),
        "denied_tables": _expressions(map(_with_schema, policy.denied_tables)),
    }


def _with_schema(table: str) -> str:
    return table if "." in table else f"*.{table}"


def _expressions(rules: Iterable[str]) -> str:
    return json.dumps([f"^{''.join(map(_expression, _SPECIAL.split(each)))}$" for each in rules])


def _expression(part: str) -> str:
    if part in ("*", "?"):
        return "." if part == "?" else ".*"
    return part.replace("[!", "[^") if _SPECIAL.fullmatch(part) else re.escape(part)
