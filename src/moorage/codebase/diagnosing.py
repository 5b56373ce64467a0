"""What `moorage doctor` asks of code search in each project: runs that will never end, and an index with gaps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from moorage.codebase import store, vector_table
from moorage.codebase.models import JobState, UnendedRepository
from moorage.core.postgres.pools import Connection
from moorage.core.shape import Diagnosis, Finding, Severity
from moorage.projects.connections import ProjectConnectionManager

# Whoever asks for a repository takes a dead run over at once; for this long nobody has asked.
NOBODY_ASKED = timedelta(minutes=10)

Act = Callable[[Connection], Awaitable[Any]]


@dataclass(frozen=True)
class CodebaseDiagnoses:
    """The checks; what mends borrows its connection from `connections`."""

    connections: ProjectConnectionManager

    @property
    def all(self) -> tuple[Diagnosis, ...]:
        return (self.runs, self.vectors, self.vector_index)

    async def runs(self, project: str, connection: Connection) -> Sequence[Finding]:
        """Find repositories whose run died and was not taken up, or whose row is not what there is."""
        unended = await store.repository_unended(connection, longer_than=NOBODY_ASKED)
        findings = (self._dead(project, each) or self._untrue(project, each) for each in unended)
        return [finding for finding in findings if finding]

    async def vectors(self, project: str, connection: Connection) -> Sequence[Finding]:
        """Find repositories with chunks that search by meaning cannot see."""
        if not await store.vectors_exist(connection):
            return []
        return [
            self._finding(
                "chunks_without_vectors",
                f"{each.chunks} of its chunks have no vector; search by meaning does not find them",
                "Has the next `moorage index` read its files again.",
                subject=f"repository {each.name} of project {project}",
                project=project,
                act=partial(store.file_forget, repository_id=each.id),
            )
            for each in await store.embedding_missing(connection)
        ]

    async def vector_index(self, project: str, connection: Connection) -> Sequence[Finding]:
        """Find a table of vectors that is large enough for an index and has none."""
        jobs = await store.job_latest(connection)
        is_loading = any(job.state is JobState.IN_PROGRESS for job in jobs.values())  # a large load drops the index
        if is_loading or not await vector_table.lacks_index(connection):
            return []
        return [
            self._finding(
                "vector_index_missing",
                "its vectors have no index; each search reads all of them",
                "Builds the index; writing waits meanwhile.",
                subject=f"project {project}",
                project=project,
                act=vector_table.build_index_after,
            )
        ]

    def _dead(self, project: str, repository: UnendedRepository) -> Finding | None:
        """Return that a run died, or that its row still says it runs though there is none."""

        async def end(connection: Connection) -> None:
            async with connection.transaction():
                await store.job_request_cancel(connection, repository.id)
                await store.repository_stop(connection, repository.id, failed=False)

        if repository.lease_until is None and repository.indexing_status != "in_progress":
            return None
        return self._finding(
            "index_run_dead",
            "its indexing died and nobody goes on with it",
            "Ends the run; what it has written stays, and the next `moorage index` goes on from there.",
            subject=f"repository {repository.name} of project {project}",
            project=project,
            act=end,
        )

    def _untrue(self, project: str, repository: UnendedRepository) -> Finding | None:
        if repository.chunks == repository.total_chunks:
            return None
        return self._finding(
            "repository_miscounted",
            f"its row tells of {repository.total_chunks} chunks, there are {repository.chunks}",
            "Counts them again.",
            subject=f"repository {repository.name} of project {project}",
            project=project,
            act=lambda connection: store.repository_recount(connection, repository.id),
        )

    def _finding(self, code: str, message: str, remedy: str, *, subject: str, project: str, act: Act) -> Finding:
        async def mend() -> None:
            async with self.connections.get_project_connection(project) as connection:
                await act(connection)

        return Finding(
            code=code,
            severity=Severity.WARNING,
            subject=subject,
            message=message,
            remedy=remedy,
            project_name=project,
            mend=mend,
        )
