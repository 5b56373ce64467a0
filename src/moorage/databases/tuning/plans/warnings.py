"""What in a plan is likely to cost more than it must."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moorage.databases.tuning.plans.conditions import wrapped_columns
from moorage.databases.tuning.plans.nodes import Node, Plan
from moorage.databases.tuning.plans.relations import Relation

# Below these, nothing is worth a word.
FEW_ROWS = 1_000
MANY_ROWS = 10_000
FEW_OF_THEM = 0.1
MISESTIMATED = 10.0
MISESTIMATED_ROWS = 1_000
MANY_ITERATIONS = 10_000
COSTLY_SHARE = 0.5
MEBIBYTE = 1024 * 1024
# https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-HASH-MEM-MULTIPLIER
HASH_MEMORY_MULTIPLIER = 2
# Casts between these do nothing to the bytes; an index of the column serves.
_ALIKE = {("varchar", "text"), ("text", "varchar"), ("cidr", "inet")}


@dataclass(frozen=True)
class Grounds:
    """What warnings are judged by.

    Attributes:
        relations: the tables of the plan, by bare name.
        work_memory_bytes: what a sort or a hash may take before it goes to disk.
    """

    relations: Mapping[str, Relation]
    work_memory_bytes: int


def warnings_of(plan: Plan, grounds: Grounds) -> list[str]:
    """Return what is worth a look, in the order of the plan, each once."""
    rules = (_wasted_reading, _hidden_columns, _misestimate, _spilling, _iterating)
    found = [words for node in plan.nodes for rule in rules for words in rule(node, grounds)]
    return list(dict.fromkeys(found))


def _wasted_reading(node: Node, grounds: Grounds) -> Iterator[str]:
    condition = node.told.get("Filter")
    if not node.reads_all or condition is None:
        return
    read, kept = _rows_read_and_kept(node, grounds)
    if read >= MANY_ROWS and kept <= read * FEW_OF_THEM:
        yield (
            f"reads all {read:,.0f} rows of {node.relation} to keep {kept:,.0f} by {_short(condition)}:"
            " an index may help, see advise_indexes"
        )


def _rows_read_and_kept(node: Node, grounds: Grounds) -> tuple[float, float]:
    if node.ran_rows is not None:
        kept, runs = node.ran_rows * (node.runs or 1), node.runs or 1
        return kept + float(node.told.get("Rows Removed by Filter", 0)) * runs, kept
    relation = grounds.relations.get(node.relation or "")
    return (max(relation.rows, 0) if relation else 0), node.rows


def _hidden_columns(node: Node, grounds: Grounds) -> Iterator[str]:
    relation = grounds.relations.get(node.relation or "")
    condition = node.told.get("Filter")
    if relation is None or condition is None or 0 <= relation.rows < FEW_ROWS:
        return
    for each in wrapped_columns(condition):
        if each.column not in relation.indexed:
            continue
        if each.function:
            hidden = f"{relation.name}.{each.column}"
            yield f"{each.function}({each.column}) hides {hidden} from its index: index the expression"
        elif (relation.types.get(each.column), each.type) not in _ALIKE:
            yield (
                f"{relation.name}.{each.column} is {relation.types.get(each.column)} and compared as {each.type}, which"
                " hides it from its index: compare with a value of its own type"
            )


def _misestimate(node: Node, _grounds: Grounds) -> Iterator[str]:
    if not _is_misestimated(node) or any(_is_misestimated(child) for child in node.children):
        return
    of = f" of {node.relation}" if node.relation else ""
    yield (
        f"{node.kind}{of}: {node.rows:,.0f} rows expected, {node.ran_rows:,.0f} came; ANALYZE the table, or"
        " CREATE STATISTICS for columns that depend on each other"
    )


def _is_misestimated(node: Node) -> bool:
    if node.ran_rows is None:
        return False
    expected, came = max(node.rows, 1.0), max(node.ran_rows, 1.0)
    if came < expected and node.is_cut_short:
        return False
    return max(expected, came) >= MISESTIMATED_ROWS and max(expected / came, came / expected) > MISESTIMATED


def _spilling(node: Node, grounds: Grounds) -> Iterator[str]:
    advice = "sort or join less, or raise work_mem for it"
    if node.told.get("Sort Space Type") == "Disk":
        yield f"{node.kind} took {node.told.get('Sort Space Used', 0) / 1024:,.0f} MiB on disk: {advice}"
    elif node.told.get("Disk Usage"):
        yield f"{node.kind} took {node.told['Disk Usage'] / 1024:,.0f} MiB on disk: {advice}"
    elif node.told.get("Hash Batches", 1) > 1:
        yield f"{node.kind} went to disk in {node.told['Hash Batches']} batches: {advice}"
    elif node.ran_rows is None and _would_spill(node, grounds.work_memory_bytes):
        yield f"{node.kind} of about {node.rows * node.told['Plan Width'] / MEBIBYTE:,.0f} MiB goes to disk: {advice}"


def _would_spill(node: Node, work_memory_bytes: int) -> bool:
    room = {"Sort": work_memory_bytes, "Hash": work_memory_bytes * HASH_MEMORY_MULTIPLIER}.get(node.kind)
    is_top_of_few = node.parent is not None and node.parent.kind == "Limit"
    return room is not None and not is_top_of_few and node.rows * node.told.get("Plan Width", 0) > room


def _iterating(node: Node, _grounds: Grounds) -> Iterator[str]:
    if node.kind != "Nested Loop" or len(node.children) < 2:  # noqa: PLR2004  (outer and inner)
        return
    outer, inner = node.children[:2]
    runs = inner.runs or outer.rows
    if runs < MANY_ITERATIONS:
        return
    of = f" of {inner.relation}" if inner.relation else ""
    yield f"a nested loop repeats {inner.kind}{of} {runs:,.0f} times: an index or another order of joining may help"


def _short(condition: str, most: int = 120) -> str:
    return condition if len(condition) <= most else f"{condition[:most]}..."
