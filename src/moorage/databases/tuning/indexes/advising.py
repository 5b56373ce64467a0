"""Advising on indexes; nothing is built and nothing is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moorage.core.errors import MoorageError
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database
from moorage.databases.policy.guard import Guard
from moorage.databases.tuning.indexes.advice import NOT_TESTED, Advice, Advised, tested, untested
from moorage.databases.tuning.indexes.hypothetical import hypothetical_indexes
from moorage.databases.tuning.indexes.study import Studied, study
from moorage.databases.tuning.indexes.trying import try_candidates
from moorage.databases.tuning.workload.top import workload_of

# So many of the statements that take most of the time are looked at.
MOST_STATEMENTS = 50
TRYING_SECONDS = 15.0


class IndexAdvisor:
    """Finds indexes that would help."""

    def __init__(self, connections: Connections, guard: Guard) -> None:
        self._connections = connections
        self._guard = guard

    async def advise_for(self, database: Database, sql: str, parameters: Sequence[Any] | None = None) -> Advised:
        """Return the indexes that would help one statement.

        Raises:
            MoorageError: the statement is refused, or cannot be planned.
        """
        connector = await self._connections.to(database)
        async with connector.session(terms_of(database)) as session:
            studied = [await study(session, self._guard, database, sql, parameters, 1.0)]
            return await _advised(session, database, studied, ())

    async def advise_for_workload(self, database: Database) -> Advised:
        """Return the indexes that would help the statements which take most of the time."""
        workload = await workload_of(database, self._connections, self._guard, by="total_time", limit=MOST_STATEMENTS)
        if workload.notice:
            return Advised(database.id, (), (workload.notice, "Give sql to have one statement looked at."))
        connector = await self._connections.to(database)
        async with connector.session(terms_of(database)) as session:
            studied, left_out = [], 0
            for busy in workload.statements:
                try:
                    studied.append(await study(session, self._guard, database, busy.text or "", None, busy.calls))
                except MoorageError:  # what the policy refuses, what is no query, what is not shown to our role
                    left_out += 1
            told = f"{len(studied)} of the busiest statements looked at" + (
                f", {left_out} left out" if left_out else ""
            )
            return await _advised(session, database, studied, (told,))


async def _advised(session: Session, database: Database, studied: Sequence[Studied], notices: Sequence[str]) -> Advised:
    advices: list[Advice] = []
    async with hypothetical_indexes(session) as hypothetical:
        if hypothetical is not None:
            trials = await try_candidates(session, studied, hypothetical, seconds=TRYING_SECONDS)
            advices = [*map(tested, trials), *untested(studied, ("gin",))]
    if hypothetical is None:
        advices, notices = untested(studied), (*notices, NOT_TESTED)
    return Advised(database.id, advices, notices)
