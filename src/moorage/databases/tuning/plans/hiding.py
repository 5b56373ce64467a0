"""Plans that reach what a definition hides, by a view or a function: told without names and conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moorage.databases.definitions import Definition
from moorage.databases.policy.tables import has_rules, is_open
from moorage.databases.tuning.plans.nodes import Plan
from moorage.databases.tuning.plans.relations import Relation

HIDDEN = "names and conditions are left out: the plan reaches tables that are not open to callers of this database"
_SHOWN = ("Node Type", "Join Type", "Strategy", "Operation", "Parent Relationship", "Sort Space Type")


def reaches_hidden(plan: Plan, relations: Mapping[str, Relation], definition: Definition) -> bool:
    """Whether a plan reads a table that callers may not name; one that is not found out counts as such."""
    if not has_rules(definition):
        return False
    found = [relations.get(node.relation) for node in plan.nodes if node.relation]
    return any(each is None or not is_open(each.schema, each.name, definition) for each in found)


def without_names(text: str) -> str:
    """Return PostgreSQL's JSON of a plan with the kinds of its steps and all figures, and nothing else."""
    (told,) = json.loads(text)
    return json.dumps([{**told, "Plan": _stripped(told["Plan"])}])


def _stripped(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in step.items() if name in _SHOWN or isinstance(value, (int, float))}
    return {**kept, "Plans": [_stripped(each) for each in step.get("Plans", ())]}
