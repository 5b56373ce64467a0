"""Trying candidates on the statements they are for: the one that saves most first, then what saves most beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from moorage.core.errors import MoorageError
from moorage.databases.connectors.session import Session
from moorage.databases.tuning.indexes.candidates import Candidate
from moorage.databases.tuning.indexes.hypothetical import Hypothetical
from moorage.databases.tuning.indexes.study import Studied, cost_of

MOST_CHOSEN = 5
# Less is within what the planner's guesses are worth.
LEAST_SAVING = 0.1
ABOUT_AS_MUCH = 0.95


@dataclass(frozen=True)
class Trial:
    """A candidate that was tried and helps.

    Attributes:
        before, after: the planner's cost of the statements it helps, each by its weight.
        statements: those that it helps.
    """

    candidate: Candidate
    before: float
    after: float
    size_bytes: int
    statements: Sequence[Studied]

    @property
    def saved(self) -> float:
        return self.before - self.after


async def try_candidates(
    session: Session, studied: Sequence[Studied], hypothetical: Hypothetical, *, seconds: float
) -> list[Trial]:
    """Return the candidates that help, in the order in which they should be built."""
    deadline = asyncio.get_running_loop().time() + seconds
    costs = {each.sql: each.cost for each in studied}
    waiting = list({candidate.identity: candidate for each in studied for candidate in each.candidates}.values())
    chosen: list[Trial] = []
    while waiting and len(chosen) < MOST_CHOSEN:
        trials = await _round(session, studied, costs, waiting, hypothetical, deadline)
        if not trials:
            break
        best, best_costs = _best(trials)
        await hypothetical.make(best.candidate.definition())
        costs |= best_costs
        chosen.append(best)
        helpful = {trial.candidate.identity for trial, _ in trials}
        waiting = [each for each in waiting if each.identity in helpful and each is not best.candidate]
    return chosen


def _best(trials: Sequence[tuple[Trial, dict[str, float]]]) -> tuple[Trial, dict[str, float]]:
    """Return the trial that saves most; of those that save about as much the smallest index."""
    most = max(trial.saved for trial, _ in trials)
    return min((each for each in trials if each[0].saved >= most * ABOUT_AS_MUCH), key=lambda each: each[0].size_bytes)


async def _round(
    session: Session,
    studied: Sequence[Studied],
    costs: dict[str, float],
    waiting: Sequence[Candidate],
    hypothetical: Hypothetical,
    deadline: float,
) -> list[tuple[Trial, dict[str, float]]]:
    """Try each candidate alone beside those that were chosen; return the ones that help, with the costs then."""
    found = []
    for candidate in waiting:
        if asyncio.get_running_loop().time() > deadline:
            break
        concerned = [each for each in studied if candidate.table.place in each.places]
        trial = await _trial(session, concerned, costs, candidate, hypothetical)
        if trial is not None:
            found.append(trial)
    return found


async def _trial(
    session: Session,
    concerned: Sequence[Studied],
    costs: dict[str, float],
    candidate: Candidate,
    hypothetical: Hypothetical,
) -> tuple[Trial, dict[str, float]] | None:
    try:
        number = await hypothetical.make(candidate.definition())
    except MoorageError:  # PostgreSQL would refuse it: a function that is not IMMUTABLE, a type without an order
        return None
    after = {each.sql: await cost_of(session, each.sql, each.values) for each in concerned}
    size_bytes = await hypothetical.size(number)
    await hypothetical.drop(number)
    helped = [each for each in concerned if after[each.sql] <= costs[each.sql] * (1 - LEAST_SAVING)]
    if not helped:
        return None
    before_all = sum(costs[each.sql] * each.weight for each in helped)
    after_all = sum(after[each.sql] * each.weight for each in helped)
    return Trial(candidate, before_all, after_all, size_bytes, helped), {each.sql: after[each.sql] for each in helped}
