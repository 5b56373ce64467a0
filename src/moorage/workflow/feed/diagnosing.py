"""What `moorage doctor` asks of each project's feed: whether its numbers belong to the server it is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moorage.core.postgres.pools import Connection
from moorage.core.shape import Diagnosis, Finding, Severity
from moorage.workflow.feed import store
from moorage.workflow.feed.service import ChangeFeed


@dataclass(frozen=True)
class FeedDiagnoses:
    """The checks; `feed` mends."""

    feed: ChangeFeed

    @property
    def all(self) -> tuple[Diagnosis, ...]:
        return (self.numbers,)

    async def numbers(self, project: str, connection: Connection) -> Sequence[Finding]:
        """Find changes with numbers that no transaction here has reached: a copy that Moorage did not make."""
        if not await store.change_is_ahead(connection):
            return []

        async def renumber() -> None:
            await self.feed.begin_anew(project)

        return [
            Finding(
                code="feed_ahead",
                severity=Severity.ERROR,
                subject=f"feed of project {project}",
                message="the database came from another server without Moorage, so new changes are not shown",
                remedy="Lets numbers of transactions begin above those that were copied.",
                project_name=project,
                mend=renumber,
            )
        ]
