"""A plan as PostgreSQL tells it (`EXPLAIN (FORMAT JSON)`), as values.

Source: https://www.postgresql.org/docs/current/sql-explain.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moorage.databases.errors import StatementTooLarge

_CONDITIONS = (
    "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "TID Cond", "Join Filter", "Filter", "One-Time Filter",
)  # fmt: skip
_READING = "Scan"


@dataclass(frozen=True)
class Node:
    """One step of a plan.

    Attributes:
        parent: the step its rows go to; None for the first.
        told: everything PostgreSQL says of it, but for the steps below.
        children: the steps its rows come from, in order: of a join the outer one first.
        rows: how many the planner expects, in one run of the step.
        ran_rows: how many there were in one run; None when the statement was not run, or never came here.
        runs: how many times the step ran; None when the statement was not run.
        cost: of this step with all below it, in the planner's units.
        milliseconds: of this step with all below it and over all its runs.
    """

    depth: int
    parent: Node | None
    told: Mapping[str, Any]
    children: list[Node]
    rows: float
    ran_rows: float | None
    runs: float | None
    cost: float
    milliseconds: float | None

    @property
    def kind(self) -> str:
        return self.told["Node Type"]

    @property
    def relation(self) -> str | None:
        return self.told.get("Relation Name")

    @property
    def reads_all(self) -> bool:
        return self.kind == "Seq Scan"

    @property
    def is_scan(self) -> bool:
        return self.kind.endswith(_READING)

    @property
    def own_cost(self) -> float:
        """The cost of this step alone; a step that stops early costs less than what is below it."""
        return max(0.0, self.cost - sum(child.cost for child in self.children))

    @property
    def own_milliseconds(self) -> float | None:
        if self.milliseconds is None:
            return None
        return max(0.0, self.milliseconds - sum(child.milliseconds or 0.0 for child in self.children))

    @property
    def conditions(self) -> dict[str, str]:
        return {name: str(self.told[name]) for name in _CONDITIONS if name in self.told}

    @property
    def is_cut_short(self) -> bool:
        """Whether something above may stop it before it has given all its rows."""
        above = self.parent
        while above is not None:
            if above.kind == "Limit":
                return True
            above = above.parent
        return False


@dataclass(frozen=True)
class Plan:
    """A plan: its steps in the order they are shown, and what holds for all of them.

    Attributes:
        nodes: the first is the one whose rows are the answer; each comes before those below it.
        settings: those that differ from PostgreSQL's defaults and bear on plans.
        planning_milliseconds, execution_milliseconds: None where the statement was only planned.
    """

    nodes: tuple[Node, ...]
    settings: Mapping[str, str]
    planning_milliseconds: float | None
    execution_milliseconds: float | None

    @property
    def top(self) -> Node:
        return self.nodes[0]


def read_plan(text: str) -> Plan:
    """Read what EXPLAIN said.

    Raises:
        StatementTooLarge: its steps are nested deeper than is read.
    """
    try:
        told = json.loads(text)[0]
    except RecursionError:
        raise StatementTooLarge("the plan is nested deeper than is read", hint="Plan a part of it.") from None
    return Plan(
        nodes=tuple(_nodes(told["Plan"])),
        settings=told.get("Settings", {}),
        planning_milliseconds=told.get("Planning Time"),
        execution_milliseconds=told.get("Execution Time"),
    )


def _nodes(top: Mapping[str, Any]) -> Iterator[Node]:
    waiting: list[tuple[Mapping[str, Any], Node | None]] = [(top, None)]
    while waiting:
        told, parent = waiting.pop()
        node = _node(told, parent)
        if parent is not None:
            parent.children.append(node)
        yield node
        waiting.extend((each, node) for each in reversed(told.get("Plans", ())))


def _node(told: Mapping[str, Any], parent: Node | None) -> Node:
    runs = told.get("Actual Loops")
    milliseconds = told.get("Actual Total Time")
    return Node(
        depth=0 if parent is None else parent.depth + 1,
        parent=parent,
        told={name: value for name, value in told.items() if name != "Plans"},
        children=[],
        rows=float(told["Plan Rows"]),
        ran_rows=float(told["Actual Rows"]) if runs else None,
        runs=runs,
        cost=float(told["Total Cost"]),
        milliseconds=milliseconds * runs if runs and milliseconds is not None else None,
    )
