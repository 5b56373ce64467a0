"""Rows as answers: in summary, whole, or some fields; and no more of them than a caller can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from moorage.core.postgres.queries import Row
from moorage.workflow.entities.store import entity_of

# About 8,000 tokens, at four characters each.
MAX_CHARACTERS = 32_000
_SUMMARY = ("key", "schema_name", "title", "state", "version", "updated_at")

Answer = dict[str, Any]


def summary_of(row: Row) -> Answer:
    """Return what tells an entity from others, in some 40 tokens."""
    answer = {name: row[name] for name in _SUMMARY if row[name] is not None}
    answer["updated_at"] = _to_seconds(row["updated_at"])
    return answer | ({"deleted_at": _to_seconds(row["deleted_at"])} if row["deleted_at"] else {})


def whole_of(row: Row) -> Answer:
    """Return an entity with its data."""
    return entity_of(row).model_dump(mode="json", exclude_none=True)


def fields_of(row: Row, names: Sequence[str]) -> Answer:
    """Return the key and the fields asked for; those that the entity lacks are left out."""
    found = {name: row[f"field_{place}"] for place, name in enumerate(names)}
    return {"key": row["key"], **{name: json.loads(value) for name, value in found.items() if value is not None}}


def shortened(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return as many answers as a caller can read, at least one."""
    characters, shown = 0, []
    for answer in answers:
        characters += len(to_json(answer))
        if shown and characters > MAX_CHARACTERS:
            break
        shown.append(answer)
    return tuple(shown)


def is_too_large(answer: Mapping[str, Any]) -> bool:
    """Tell whether one answer alone is more than a caller can read."""
    return len(to_json(answer)) > MAX_CHARACTERS


def _to_seconds(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
