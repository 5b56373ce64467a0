"""A plan in few words: its steps one a line, what each costs, and what is worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moorage.databases.tuning.plans.nodes import Node, Plan

MOST_STEPS = 60
MOST_WARNINGS = 12
MOST_CHARACTERS_A_LINE = 240
MOST_DEPTH_SHOWN = 30
_NAMES = ("Join Type", "Strategy", "Operation", "Scan Direction", "Sort Key", "Group Key", "CTE Name", "Subplan Name")
_UNSAID = {"Inner", "Plain", "Forward"}


def summary(plan: Plan, warnings: Sequence[str], notices: Sequence[str] = ()) -> str:
    """Return a plan as text for a model: what it costs in all, its steps, warnings."""
    lines = [_head(plan), *map(_cut, _steps(plan))]
    if len(plan.nodes) > MOST_STEPS:
        lines.append(f"... {len(plan.nodes) - MOST_STEPS} further steps of {len(plan.nodes)}")
    if plan.settings:
        lines.append(_cut("settings: " + ", ".join(f"{name}={value}" for name, value in plan.settings.items())))
    lines += [_cut(f"! {each}") for each in warnings[:MOST_WARNINGS]]
    lines += [f"note: {each}" for each in notices]
    return "\n".join(lines)


def _head(plan: Plan) -> str:
    top = plan.top
    told = f"cost {top.cost:,.1f}, about {top.rows:,.0f} rows"
    if plan.execution_milliseconds is None:
        return f"planned only: {told}"
    came = f", {top.ran_rows:,.0f} came" if top.ran_rows is not None else ""
    planning = f" after {plan.planning_milliseconds:,.1f} ms of planning" if plan.planning_milliseconds else ""
    return f"ran {plan.execution_milliseconds:,.1f} ms{planning}: {told}{came}"


def _steps(plan: Plan) -> Iterator[str]:
    for node in plan.nodes[:MOST_STEPS]:
        indent = "  " * min(node.depth, MOST_DEPTH_SHOWN)
        yield f"{indent}{_what(node)} | {', '.join(_figures(node, plan))}{_conditions(node)}"


def _what(node: Node) -> str:
    words = [node.kind]
    words += [str(node.told[name]) for name in _NAMES[:4] if name in node.told and node.told[name] not in _UNSAID]
    if node.relation:
        words.append(f"on {node.relation}{_alias(node)}")
    if "Index Name" in node.told:
        words.append(f"by {node.told['Index Name']}")
    words += [_listed(node.told[name]) for name in _NAMES[4:] if name in node.told]
    return " ".join(words)


def _alias(node: Node) -> str:
    alias = node.told.get("Alias")
    return f" {alias}" if alias and alias != node.relation else ""


def _listed(value: str | list[str]) -> str:
    return f"({', '.join(value)})" if isinstance(value, list) else value


def _figures(node: Node, plan: Plan) -> Iterator[str]:
    if node.runs is None:
        yield f"rows ~{node.rows:,.0f}" if plan.execution_milliseconds is None else "never ran"
    else:
        yield f"rows {node.ran_rows or 0:,.0f} (~{node.rows:,.0f})" + (f" x {node.runs:,.0f}" if node.runs > 1 else "")
    removed = node.told.get("Rows Removed by Filter")
    if removed:
        yield f"{removed:,.0f} removed"
    yield _share(node, plan)
    read = node.told.get("Shared Read Blocks", 0)
    if read and node.is_scan:
        yield f"{read:,} blocks read"


def _share(node: Node, plan: Plan) -> str:
    whole, own = plan.top.milliseconds, node.own_milliseconds
    if whole and own is not None:
        return f"{min(own / whole, 1):.0%} of time"
    return f"{min(node.own_cost / plan.top.cost, 1):.0%} of cost" if plan.top.cost else "no cost"


def _conditions(node: Node) -> str:
    return "".join(f" | {name.lower()} {text}" for name, text in node.conditions.items())


def _cut(line: str) -> str:
    return line if len(line) <= MOST_CHARACTERS_A_LINE else f"{line[:MOST_CHARACTERS_A_LINE]}..."
