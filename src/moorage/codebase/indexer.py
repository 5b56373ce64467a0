"""The index runs of this process: begun, continued after a crash, followed, cancelled, given back at the end.

A job is a row, and belongs to the runner whose lease it carries. One repository has one running job, whatever the
number of processes: the database refuses a second. A runner that dies stops renewing; whoever asks next takes over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import stamina
import structlog

from moorage.codebase import store, vector_table
from moorage.codebase.errors import AlreadyIndexing, IndexingFailed, JobLost, RepositoryNotFound
from moorage.codebase.indexing import LEASE, RENEW_SECONDS, IndexRun
from moorage.codebase.metering import INDEX_JOBS, JobOutcome
from moorage.codebase.models import EmbeddingModel, IndexJob, JobState, Repository
from moorage.codebase.settings import CodebaseSettings
from moorage.codebase.workers import worker_count
from moorage.core.access import acting_as, system_user
from moorage.core.embedding.embedder import Embedder
from moorage.core.errors import Exhausted, MoorageError, Unavailable
from moorage.core.postgres.errors import ServerUnavailable
from moorage.core.postgres.pools import Connection
from moorage.core.telemetry.subjects import about
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import RegistryUnavailable
from moorage.projects.writing import refuse_unwritable

log = structlog.get_logger(__name__)

FOLLOW_SECONDS = 0.2
KEPT_JOBS = 20
RUN_ATTEMPTS = 6

OnProgress = Callable[[IndexJob], Awaitable[None]]


class Indexer:
    """Runs index jobs as tasks of this process; `close` ends them, and their jobs can be continued elsewhere."""

    def __init__(self, connections: ProjectConnectionManager, embedder: Embedder, settings: CodebaseSettings) -> None:
        self._connections = connections
        self._embedder = embedder
        self._settings = settings
        self._tasks: dict[tuple[str, UUID], asyncio.Task[None]] = {}  # by project: clones share ids of repositories
        self.runs: dict[UUID, tuple[str, IndexRun]] = {}  # under way, by job, each with its project

    async def begin(self, project: str, repository: Repository, *, full: bool = False) -> None:
        """Begin to index a repository, or continue the run of a process that died; one that runs is left alone.

        Raises:
            AlreadyIndexing: all of it is wanted anew, and a run that began earlier is not over.
        """
        runner = uuid4()
        async with self._connections.get_project_connection(project) as connection:
            job = await store.job_start(
                connection, repository.id, runner=runner, lease=LEASE, full_reindex=full
            ) or await store.job_take_over(connection, repository.id, runner=runner, lease=LEASE, full_reindex=full)
            if job is not None:
                await store.repository_begin(connection, repository.id)
        if job is not None:
            with acting_as(system_user()):  # the run outlives the call, and what its caller may do
                self._tasks[project, repository.id] = asyncio.create_task(self._run(project, repository, job))
        elif full:
            raise AlreadyIndexing(
                f"repository {repository.name!r} is being indexed already",
                hint="Wait for it to end, or cancel it, then ask again for all of it.",
            )

    async def follow(
        self, project: str, repository_id: UUID, *, seconds: float, on_progress: OnProgress | None = None
    ) -> IndexJob:
        """Wait until the running job of a repository ends, `seconds` at most, and return it as it is then.

        Raises:
            RepositoryNotFound: it was removed, and its jobs with it.
        """
        end = asyncio.get_running_loop().time() + seconds
        while True:
            async with self._connections.get_project_connection(project) as connection:
                job = (await store.job_latest(connection)).get(repository_id)
            if job is None:
                raise RepositoryNotFound("the repository was removed meanwhile", hint="Index it again.")
            if on_progress is not None:
                await on_progress(job)
            left = end - asyncio.get_running_loop().time()
            if job.state is not JobState.IN_PROGRESS or not job.alive or left <= 0:
                return job
            await self._wait(project, repository_id, min(left, FOLLOW_SECONDS))

    async def ensure_model(self, project: str) -> bool:
        """Check the project's embedding model against ours; return whether it has a table of vectors."""
        await self._embedder.open()
        async with self._connections.get_project_connection(project) as connection:
            if await vector_table.is_ready(connection, self.model):
                return True
            has_vectors = await vector_table.ensure_model(connection, self.model)
        if has_vectors:
            await self._connections.replace_connections(project)  # only new ones have the search settings
        return has_vectors

    async def replace_model(self, project: str) -> None:
        """Change the project to our embedding model; every repository has to be indexed again."""
        await self._embedder.open()
        async with self._connections.get_project_connection(project) as connection:
            await vector_table.replace_model(connection, self.model)
        await self._connections.replace_connections(project)

    @property
    def model(self) -> EmbeddingModel:
        return EmbeddingModel(model=self._embedder.model, dimensions=self._embedder.dimensions)

    async def close(self) -> None:
        """Stop the runs of this process; their jobs wait for whoever asks next."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, project: str, repository_id: UUID, seconds: float) -> None:
        task = self._tasks.get((project, repository_id))
        if task is None or task.done():
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait({task}, timeout=seconds)

    async def _run(self, project: str, repository: Repository, job: IndexJob) -> None:
        """Run a job to its end and record how it ended; begin again when PostgreSQL was restarted meanwhile.

        Its log lines carry the job's id beside those of the call that began it.
        """
        with about(job_id=str(job.id), project=project):
            INDEX_JOBS.labels(await self._run_to_its_end(project, repository, job)).inc()

    async def _run_to_its_end(self, project: str, repository: Repository, job: IndexJob) -> JobOutcome:
        try:
            async for attempt in stamina.retry_context(_was_cut, attempts=RUN_ATTEMPTS, timeout=None, wait_max=8.0):
                with attempt:
                    await self._run_once(project, repository, job)
        except JobLost as error:
            log.warning("index.lost", repository=repository.name, reason=error.message)
            return "lost"
        except asyncio.CancelledError:
            return await asyncio.shield(self._end_cancelled(project, job))
        except MoorageError as error:
            log.warning("index.failed", repository=repository.name, code=error.code, reason=error.message)
            await self._end_failed(project, job, error)
            return "failed"
        except Exception as error:
            log.exception("index.failed", repository=repository.name)
            await self._end_failed(project, job, _unexpected(error))
            return "failed"
        else:
            return "completed"
        finally:
            key = project, repository.id
            if self._tasks.get(key) is asyncio.current_task():  # the next run may have begun already
                del self._tasks[key]

    async def _run_once(self, project: str, repository: Repository, job: IndexJob) -> None:
        def database() -> AbstractAsyncContextManager[Connection]:
            return self._connections.get_project_connection(project)

        run = IndexRun(
            database,
            repository,
            job,
            self._embedder,
            self._settings.scan_limits,
            self._settings.workers or worker_count(),
            has_vectors=await self.ensure_model(project),
            refuse_unwritable=partial(refuse_unwritable, self._connections, project),
        )
        self.runs[job.id] = (project, run)
        try:
            await _with_heartbeat(run)
        finally:
            del self.runs[job.id]
        await self._record_end(project, job, JobState.COMPLETED)

    async def _end_cancelled(self, project: str, job: IndexJob) -> JobOutcome:
        """Record a cancellation that was asked for; a process that ends leaves the job to be continued at once."""
        with contextlib.suppress(MoorageError):
            async with self._connections.get_project_connection(project) as connection:
                asked = await store.job_renew(
                    connection, job.id, runner=job.runner, lease=timedelta(0), phase="stopped", files_total=0
                )
            if asked:
                await self._record_end(project, job, JobState.CANCELLED)
                return "cancelled"
        return "stopped"

    async def _end_failed(self, project: str, job: IndexJob, failure: MoorageError) -> None:
        """Record a failure; when PostgreSQL is gone, the lease runs out, and whoever asks next continues the job."""
        with contextlib.suppress(MoorageError):
            await self._record_end(project, job, JobState.FAILED, failure)

    async def _record_end(
        self, project: str, job: IndexJob, state: JobState, failure: MoorageError | None = None
    ) -> None:
        async with self._connections.get_project_connection(project) as connection, connection.transaction():
            error = failure.as_dict() if failure else None
            ended = await store.job_finish(connection, job.id, runner=job.runner, state=state, error=error)
            if ended and state is not JobState.COMPLETED:
                failed = state is JobState.FAILED
                await store.repository_stop(connection, job.repository_id, failed=failed)
            await store.job_prune(connection, job.repository_id, keep=KEPT_JOBS)


async def _with_heartbeat(run: IndexRun) -> None:
    """Run, renewing the lease also while one long step is under way; the first to fail ends both."""
    working = asyncio.create_task(run.run())
    beating = asyncio.create_task(_beat(run))
    try:
        done, _ = await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        (working if working in done else beating).result()
    finally:
        working.cancel()
        beating.cancel()
        await asyncio.gather(working, beating, return_exceptions=True)


async def _beat(run: IndexRun) -> None:
    """Renew the lease for as long as it is ours; a moment without PostgreSQL, or without a place, is not its loss."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        with contextlib.suppress(Unavailable, Exhausted):
            async with run.database() as connection:
                await run.renew(connection)


def _was_cut(error: Exception) -> bool:
    """Tell whether PostgreSQL went away; a run that begins again finds what is done."""
    return isinstance(error, ServerUnavailable | RegistryUnavailable)


def _unexpected(error: Exception) -> IndexingFailed:
    return IndexingFailed(
        f"indexing failed: {type(error).__name__}: {str(error)[:300]}",
        hint="Files written before stay searchable; call index_repository to continue. The log has the details.",
    )
