"""Advice on indexes, for a person to decide on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from moorage.core.values import Value
from moorage.databases.tuning.amounts import size
from moorage.databases.tuning.indexes.candidates import Candidate, candidates_for, rows_left
from moorage.databases.tuning.indexes.study import Studied
from moorage.databases.tuning.indexes.trying import Trial
from moorage.databases.tuning.indexes.uses import Use

CREATING = "CREATE INDEX CONCURRENTLY"
NOT_TESTED = "not tested: the extension hypopg is not installed here; the planner may choose otherwise"
NOTHING = "No index found that would help."
# Functions that are IMMUTABLE for text, so that an index can be built on them untried.
_KNOWN_FUNCTIONS = frozenset({"lower", "upper", "md5", "btrim", "length"})
# An index that leaves more of the table to read is no better than reading all of it.
_WORTH_SHARE = 0.2


class Advice(Value):
    """An index that would help.

    Attributes:
        statement: the SQL to build it, without keeping writers waiting where that can be.
        reason: what it does for which statements.
        cost_before, cost_after: the planner's, of the statements it helps; None when it was not tried.
        size_bytes: an estimate.
        replaces: indexes that are not needed beside it.
    """

    statement: str
    reason: str
    cost_before: float | None
    cost_after: float | None
    size_bytes: int
    replaces: tuple[str, ...]


@dataclass(frozen=True)
class Advised:
    """What was advised for a database, the most helpful first."""

    database: str
    advices: Sequence[Advice]
    notices: Sequence[str]

    def as_text(self) -> str:
        """Return it for a model; statements are for a person to run."""
        lines = [line for advice in self.advices for line in _lines(advice)] or [NOTHING]
        if self.advices:
            lines.append("Show these to a person; nothing was built.")
        return "\n".join([*lines, *(f"note: {each}" for each in self.notices)])


def tested(trial: Trial) -> Advice:
    """Return what a trial has shown."""
    count = len(trial.statements)
    reason = (
        f"cost {trial.before:,.0f} -> {trial.after:,.0f} for {'the statement' if count == 1 else f'{count} statements'}"
    )
    return Advice(
        statement=_creating(trial.candidate),
        reason=reason,
        cost_before=trial.before,
        cost_after=trial.after,
        size_bytes=trial.size_bytes,
        replaces=tuple(each.name for each in trial.candidate.shorter),
    )


def untested(studied: Sequence[Studied], methods: Collection[str] = ("btree", "gin")) -> list[Advice]:
    """Return for each table that is read from end to end the candidate that leaves the fewest rows to read.

    Args:
        methods: of indexes; hypopg tries no GIN.
    """
    found: dict[tuple[str, str], list[tuple[float, int, Candidate]]] = {}
    for each in studied:
        for use in each.uses:
            if use.table.names_in_plans & each.read_whole:
                found.setdefault(use.table.place, []).extend(_ranked(use, methods))
    best = [min(ranked, key=lambda each: each[:2]) for ranked in found.values() if ranked]
    return [_untested(candidate, rows) for rows, _, candidate in best]


def _ranked(use: Use, methods: Collection[str]) -> Iterator[tuple[float, int, Candidate]]:
    """Yield candidates that are worth it with the rows they leave; of equal ones the shortest is the best."""
    for candidate in candidates_for(use):
        rows = rows_left(candidate, use)
        if candidate.method in methods and _is_worth_it(candidate, rows):
            yield rows, len(candidate.keys), candidate


def _is_worth_it(candidate: Candidate, rows: float) -> bool:
    is_known = all(key.function is None or key.function in _KNOWN_FUNCTIONS for key in candidate.keys)
    return is_known and (candidate.method == "gin" or rows <= candidate.table.rows * _WORTH_SHARE)


def _untested(candidate: Candidate, rows: float) -> Advice:
    table = f"{candidate.table.schema}.{candidate.table.name}"
    left = "the rows that contain it" if candidate.method == "gin" else f"about {rows:,.0f}"
    return Advice(
        statement=_creating(candidate),
        reason=f"reads {left} of the {candidate.table.rows:,} rows of {table} instead of all",
        cost_before=None,
        cost_after=None,
        size_bytes=candidate.estimated_bytes,
        replaces=tuple(each.name for each in candidate.shorter),
    )


def _creating(candidate: Candidate) -> str:
    """Return the statement for a person to run; a partitioned table takes none that lets others write meanwhile.

    Source: https://www.postgresql.org/docs/current/sql-createindex.html
    """
    words = "CREATE INDEX" if candidate.table.partitions else CREATING
    return f"{candidate.definition(words)};"


def _lines(advice: Advice) -> list[str]:
    replaces = f"; {', '.join(advice.replaces)} would not be needed beside it" if advice.replaces else ""
    return [advice.statement, f"  {advice.reason}, about {size(advice.size_bytes)}{replaces}"]
