"""Which projects this process uses, and how much of their statements' time is whose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from moorage.core.telemetry.metrics import OTHERS
from moorage.core.telemetry.statements import Tally
from moorage.projects.models import RESERVED_NAME
from moorage.projects.settings import LABELLED_PROJECTS


class Usage:
    """Kept by the connections, in memory.

    Args:
        most: so many projects get a tally of their own, first come first served; the others share one. A tally only
            grows, as a counter must, and none is given to another project.
    """

    def __init__(self, most: int = LABELLED_PROJECTS) -> None:
        self.most = most
        self.of_registry = Tally()
        self._of_others = Tally()
        self._by_name: dict[str, Tally] = {}
        self._used: dict[UUID, datetime] = {}

    def note(self, project_id: UUID, name: str) -> Tally:
        """Note that a project is used now, and return the tally for its statements."""
        self._used[project_id] = datetime.now(UTC)
        found = self._by_name.get(name)
        if found is None and len(self._by_name) < self.most:
            found = self._by_name[name] = Tally()
        return found or self._of_others

    def take_used(self) -> dict[UUID, datetime]:
        """Return the projects used since this was asked last, each with the last time, and forget them."""
        used, self._used = self._used, {}
        return used

    def give_back(self, used: Mapping[UUID, datetime]) -> None:
        """Take back what could not be written down; what was noted since is newer."""
        self._used = {**used, **self._used}

    def tallies(self) -> dict[str, Tally]:
        """Return the tallies by what they are called in metrics."""
        tallies = {RESERVED_NAME: self.of_registry, **self._by_name}
        return {**tallies, OTHERS: self._of_others} if self._of_others.statements else tallies
