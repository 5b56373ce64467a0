"""What a definition keeps out of sight: schemas and tables that it does not allow, or denies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache

from moorage.databases.definitions import Policy
from moorage.databases.exploring.patterns import like_of


def hiding_of(policy: Policy) -> dict[str, str]:
    """Return the rules as the statement takes them: lists of patterns of LIKE, as text of JSON."""
    return {
        "allowed_schemas": _likes(policy.allowed_schemas),
        "denied_schemas": _likes(policy.denied_schemas),
        "allowed_tables": _likes(map(_with_schema, policy.allowed_tables)),
        "denied_tables": _likes(map(_with_schema, policy.denied_tables)),
    }


def hides(policy: Policy, schema_name: str, name: str) -> bool:
    """Return whether the rules keep a table or view out of sight."""
    table = f"{schema_name}.{name}"
    return (
        bool(policy.allowed_schemas and not _matches(policy.allowed_schemas, schema_name))
        or _matches(policy.denied_schemas, schema_name)
        or bool(policy.allowed_tables and not _matches(map(_with_schema, policy.allowed_tables), table))
        or _matches(map(_with_schema, policy.denied_tables), table)
    )


def _with_schema(table: str) -> str:
    return table if "." in table else f"*.{table}"


def _likes(rules: Iterable[str]) -> str:
    return json.dumps([like_of(each) for each in rules])


def _matches(rules: Iterable[str], name: str) -> bool:
    return any(_expression(each).fullmatch(name) for each in rules)


@cache
def _expression(rule: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"[*%]+", rule))), re.DOTALL)
