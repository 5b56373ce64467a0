"""Statements made ready for advice: judged, planned as things are, and read for what could help them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database
from moorage.databases.policy.guard import Guard
from moorage.databases.policy.parsing import parse
from moorage.databases.policy.trees import collect
from moorage.databases.tuning.indexes.candidates import Candidate, candidates_for
from moorage.databases.tuning.indexes.tables import tables_of
from moorage.databases.tuning.indexes.uses import Use, uses_in
from moorage.databases.tuning.plans.nodes import read_plan
from moorage.databases.tuning.plans.planning import plan_for_any_values, plan_for_values, savepoint

MOST_CANDIDATES = 12


@dataclass(frozen=True)
class Studied:
    """A statement, and what could help it.

    Attributes:
        values: of $1, $2, ...; None plans for any.
        weight: how much it counts beside others.
        cost: of its plan as things are.
        read_whole: tables that its plan reads from end to end, by bare name.
    """

    sql: str
    values: Sequence[Any] | None
    weight: float
    cost: float
    read_whole: frozenset[str]
    uses: Sequence[Use]
    candidates: Sequence[Candidate]

    @property
    def places(self) -> set[tuple[str, str]]:
        return {use.table.place for use in self.uses}


async def study(
    session: Session, guard: Guard, database: Database, sql: str, values: Sequence[Any] | None, weight: float
) -> Studied:
    """Judge, plan and read one statement; it is not run.

    Raises:
        MoorageError: it is refused, or cannot be planned; the transaction goes on.
    """
    await guard.judge(sql, database, session, purpose="plan")
    plan = read_plan(await _plan(session, sql, values))
    (tree,) = parse(sql)
    uses = uses_in(tree, await tables_of(session, collect(tree).relations))
    candidates = {each.identity: each for use in uses for each in candidates_for(use)}
    return Studied(
        sql=sql,
        values=values,
        weight=weight,
        cost=plan.top.cost,
        read_whole=frozenset(node.relation for node in plan.nodes if node.reads_all and node.relation),
        uses=uses,
        candidates=list(candidates.values())[:MOST_CANDIDATES],
    )


async def cost_of(session: Session, sql: str, values: Sequence[Any] | None) -> float:
    """Return the cost of a statement's plan as things are now; of a limited one that of what it takes."""
    return read_plan(await _plan(session, sql, values)).top.cost


async def _plan(session: Session, sql: str, values: Sequence[Any] | None) -> str:
    if values is None:
        return await plan_for_any_values(session, sql)
    async with savepoint(session):
        return await plan_for_values(session, sql, values)
