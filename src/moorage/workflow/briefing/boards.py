"""Which columns a board has, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.workflow.briefing.models import Column
from moorage.workflow.types.models import EntityType


def states_of(entity_type: EntityType) -> list[str]:
    """Return the states that a type knows: as its schema lists them, else as its transitions do; maybe none."""
    rules = entity_type.rules.state
    if rules is None:
        return []
    properties = entity_type.row.schema_definition.get("properties", {})
    named = properties.get(rules.field, {})
    listed = named.get("enum", []) if isinstance(named, dict) else []
    followers = [state for states in (rules.transitions or {}).values() for state in states]
    known = [*listed, *(rules.initial or []), *(rules.transitions or {}), *followers, *rules.final]
    return list(dict.fromkeys(state for state in known if isinstance(state, str)))


def columns_of(entity_type: EntityType, filled: Sequence[Column]) -> list[Column]:
    """Return a column for each state that the type knows, empty ones too, then those that only entities have."""
    by_state = {column.state: column for column in filled}
    known = [by_state.pop(each, Column(state=each, number=0, cards=[])) for each in states_of(entity_type)]
    return [*known, *by_state.values()]
