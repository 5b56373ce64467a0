"""What `moorage doctor` asks of queries in each project: indexes that types declare and the database lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moorage.core.postgres.pools import Connection
from moorage.core.shape import Diagnosis, Finding, Severity
from moorage.workflow.querying.indexes import IndexBuilder, difference_on


@dataclass(frozen=True)
class QueryDiagnoses:
    """The checks; `builder` mends."""

    builder: IndexBuilder

    @property
    def all(self) -> tuple[Diagnosis, ...]:
        return (self.indexes,)

    async def indexes(self, project: str, connection: Connection) -> Sequence[Finding]:
        """Find indexes that are missing, broken, or declared by no type any more."""
        difference = await difference_on(connection)
        missing = [self._missing(project, each.label) for each in difference.missing.values()]
        names = {each for each in difference.leftover if each not in difference.missing}
        return [*missing, *(self._leftover(project, each) for each in sorted(names))]

    def _missing(self, project: str, label: str) -> Finding:
        said = f"types declare an index for {label}, which is missing or was left by a build that broke"
        return self._finding("declared_index_missing", f"index {label}", said, "Builds it.", project=project)

    def _leftover(self, project: str, name: str) -> Finding:
        said = "no type declares it any more; every write of an entity keeps it up to date"
        return self._finding("undeclared_index", f"index {name}", said, "Drops it.", project=project)

    def _finding(self, code: str, subject: str, message: str, remedy: str, *, project: str) -> Finding:
        async def mend() -> None:
            await self.builder.mend(project)

        return Finding(
            code=code,
            severity=Severity.WARNING,
            subject=f"{subject} of project {project}",
            message=message,
            remedy=remedy,
            project_name=project,
            mend=mend,
        )
