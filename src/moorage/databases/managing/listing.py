"""Listing databases: which there are, what each is for, and what may be done there; few tokens a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from moorage.core.access import TAG_PREFIX, Caller
from moorage.databases.definitions import Database, Origin
from moorage.databases.sources.grants import may_write

COLUMNS = ("id", "access", "health", "type", "tags", "description")
_TYPES = {"direct_postgres": "direct", "rds_data_api": "data_api"}


def matching(databases: Sequence[Database], search: str) -> list[Database]:
    """Return the databases that have every word somewhere in what is said of them; `tag:NAME` is a whole tag."""
    words = search.split()
    return [each for each in databases if all(_has(each, word) for word in words)]


def page_of(
    found: Sequence[Database],
    caller: Caller,
    *,
    health_of: Callable[[Database], str],
    default: str | None,
    offset: int,
    limit: int,
    notices: Sequence[str] = (),
) -> str:
    """Return one page as compact JSON: how many there are, columns, a row each, and where the next page begins."""
    shown = found[offset : offset + limit]
    head: dict[str, Any] = {"total": len(found)}
    if default is not None and any(each.id == default for each in found):
        head["default"] = default
    head["columns"] = COLUMNS
    head["databases"] = [_row(each, caller, health_of(each)) for each in shown]
    if offset + limit < len(found):
        head["next_offset"] = offset + limit
    if notices:
        head["notices"] = list(notices)
    return json.dumps(head, ensure_ascii=False, separators=(",", ":"))


def _row(database: Database, caller: Caller, health: str) -> list[str]:
    definition = database.definition
    kind = "project" if database.origin is Origin.PROJECT else _TYPES[definition.type]
    return [database.id, access_of(database, caller), health, kind, ",".join(definition.tags), definition.description]


def access_of(database: Database, caller: Caller) -> str:
    """Return "read", and the kinds of writing that both the policy and the caller's grants allow."""
    if database.definition.readonly or not may_write(database, caller):
        return "read"
    return ",".join(["read", *(each.value for each in database.definition.writes)])


def _has(database: Database, word: str) -> bool:
    definition = database.definition
    if word.startswith(TAG_PREFIX):
        return word.removeprefix(TAG_PREFIX) in definition.tags
    said = " ".join([database.id, definition.description, *definition.tags])
    return word.casefold() in said.casefold()
