"""What `moorage doctor` asks of types in each project: migrations that stand still, and entities left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moorage.core.postgres.pools import Connection
from moorage.core.shape import Diagnosis, Finding, Severity
from moorage.workflow.evolution import store
from moorage.workflow.evolution.service import EvolutionService
from moorage.workflow.evolution.store import UnendedMigration

# Far longer than a batch takes: whoever worked on it is gone.
STANDS_STILL = timedelta(minutes=10)


@dataclass(frozen=True)
class EvolutionDiagnoses:
    """The checks; `evolution` mends."""

    evolution: EvolutionService

    @property
    def all(self) -> tuple[Diagnosis, ...]:
        return (self.migrations,)

    async def migrations(self, project: str, connection: Connection) -> Sequence[Finding]:
        """Find types whose last migration stands still, or has left entities behind."""
        unended = await store.migration_unended(connection, longer_than=STANDS_STILL)
        return [_left(project, each) if each.state == "failed" else self._still(project, each) for each in unended]

    def _still(self, project: str, migration: UnendedMigration) -> Finding:
        async def go_on() -> None:
            await self.evolution.migrate(project, migration.schema_name)

        message = f"nobody goes on with its migration to version {migration.to_version}"
        return _finding(
            "migration_stands_still",
            f"{message}; {migration.behind} entities are behind",
            "Goes on with it.",
            project=project,
            migration=migration,
            mend=go_on,
        )


def _left(project: str, migration: UnendedMigration) -> Finding:
    """Return that entities do not fit the type; what becomes of their data only a person can say."""
    named = ", ".join(each.key for each in migration.failing)
    return _finding(
        "entities_behind",
        f"{migration.behind} entities do not satisfy version {migration.to_version}: {named}",
        f"Correct them, or change the type again; then `moorage workflow types migrate {migration.schema_name}`.",
        project=project,
        migration=migration,
        mend=None,
    )


def _finding(
    code: str,
    message: str,
    remedy: str,
    *,
    project: str,
    migration: UnendedMigration,
    mend: Callable[[], Awaitable[Any]] | None,
) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARNING,
        subject=f"type {migration.schema_name} of project {project}",
        message=message,
        remedy=remedy,
        project_name=project,
        mend=mend,
    )
