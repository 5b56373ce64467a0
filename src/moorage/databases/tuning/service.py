"""What can be found out about how databases run, and mended by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moorage.databases.audit.recorder import Recorder
from moorage.databases.connectors.connections import Connections
from moorage.databases.policy.guard import Guard
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.choosing import choose
from moorage.databases.spreading import Asked, spread
from moorage.databases.tuning.health.examining import Examination, Examiner
from moorage.databases.tuning.indexes.advice import Advised
from moorage.databases.tuning.indexes.advising import IndexAdvisor
from moorage.databases.tuning.plans.explaining import Explainer, Explanation
from moorage.databases.tuning.workload.top import Measure, Workload, workload_of

# Health is asked for by somebody who waits: a database that has not answered by then is told as such.
EXAMINED_AT_ONCE, MOST_EXAMINED = 24, 1_000
EXAMINING_SECONDS, EXAMINING_ALL_SECONDS = 12.0, 25.0


class TuningService:
    """The use cases, each for the databases that the caller may see."""

    def __init__(self, catalog: Catalog, connections: Connections, guard: Guard, recorder: Recorder) -> None:
        self._catalog = catalog
        self._recorder = recorder
        self._explainer = Explainer(connections, guard, recorder)
        self._examiner = Examiner(connections, guard.powers)
        self._advisor = IndexAdvisor(connections, guard)
        self._connections = connections
        self._guard = guard

    async def explain_query(
        self, database_id: str | None, sql: str, parameters: Sequence[Any] | None = None, *, analyze: bool = False
    ) -> Explanation:
        """Return how a statement would run; with `analyze` one that reads is run, and its rows are thrown away."""
        return await self._explainer.explain(await self._catalog.find(database_id), sql, parameters, analyze=analyze)

    async def database_health(self, names: Sequence[str] = ()) -> list[Asked[Examination]]:
        """Examine databases at once; one that does not answer is told as such.

        Args:
            names: ids, "tag:<tag>", or "*" for all that the caller sees; none is the default database.
        """
        return await spread(
            await choose(self._catalog, names, most=MOST_EXAMINED),
            self._examiner.examine,
            at_once=EXAMINED_AT_ONCE,
            each_seconds=EXAMINING_SECONDS,
            all_seconds=EXAMINING_ALL_SECONDS,
        )

    async def top_queries(self, database_id: str | None, *, by: Measure = "total_time", limit: int = 10) -> Workload:
        """Return the statements that take the most; what runs now, where no statistics are kept."""
        database = await self._catalog.find(database_id)
        return await workload_of(database, self._connections, self._guard, by=by, limit=limit)

    async def advise_indexes(
        self, database_id: str | None, sql: str | None = None, parameters: Sequence[Any] | None = None
    ) -> Advised:
        """Return the indexes that would help one statement, or those that take most of the time; none is built."""
        database = await self._catalog.find(database_id)
        if sql is None:
            return await self._advisor.advise_for_workload(database)
        async with self._recorder.recorded(database.id, sql):
            return await self._advisor.advise_for(database, sql, parameters)
