"""What can be found out about how databases run, and mended by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moorage.databases.connectors.connections import Connections
from moorage.databases.policy.guard import Guard
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.choosing import choose
from moorage.databases.spreading import Asked, spread
from moorage.databases.tuning.health.examining import Examiner, Health
from moorage.databases.tuning.plans.explaining import Explainer, Explanation

# Health is asked for by somebody who waits: a database that has not answered by then is told as such.
EXAMINED_AT_ONCE = 24
EXAMINING_SECONDS, EXAMINING_ALL_SECONDS = 12.0, 25.0


class TuningService:
    """The use cases, each for the databases that the caller may see."""

    def __init__(self, catalog: Catalog, connections: Connections, guard: Guard) -> None:
        self._catalog = catalog
        self._explainer = Explainer(connections, guard)
        self._examiner = Examiner(connections, guard.powers)

    async def explain_query(
        self, database_id: str | None, sql: str, parameters: Sequence[Any] | None = None, *, analyze: bool = False
    ) -> Explanation:
        """Return how a statement would run; with `analyze` one that reads is run, and its rows are thrown away."""
        return await self._explainer.explain(await self._catalog.find(database_id), sql, parameters, analyze=analyze)

    async def database_health(self, chosen: str | None = None) -> list[Asked[Health]]:
        """Examine databases at once; one that does not answer is told as such.

        Args:
            chosen: an id, ids with commas between, "tag:<tag>", or "*"; None is the default database.
        """
        return await spread(
            await choose(self._catalog, chosen),
            self._examiner.examine,
            at_once=EXAMINED_AT_ONCE,
            each_seconds=EXAMINING_SECONDS,
            all_seconds=EXAMINING_ALL_SECONDS,
        )
