"""What code search does, as use cases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from moorage.codebase import answers, store
from moorage.codebase.errors import (
    ChunkNotFound,
    FileNotIndexed,
    InvalidQuery,
    JobNotFound,
    RepositoryNotFound,
)
from moorage.codebase.freshness import Freshness, file_changed
from moorage.codebase.indexer import Indexer, OnProgress
from moorage.codebase.models import (
    ChunkFilter,
    CodeChunks,
    EmbeddingModel,
    FileOutline,
    IndexJob,
    IndexStatus,
    JobState,
    OutlineEntry,
    RemovedRepository,
    Repository,
    RepositoryFreshness,
    RepositoryList,
    SearchFilters,
    SearchResults,
)
from moorage.codebase.pages import hits_of_page
from moorage.codebase.places import locate
from moorage.codebase.query import parse_query
from moorage.codebase.references import filter_of, find_repository
from moorage.codebase.search import CANDIDATES, Search
from moorage.codebase.settings import CodebaseSettings
from moorage.codebase.vector_table import mismatch
from moorage.core.embedding.embedder import Embedder, FloatArray
from moorage.core.errors import InvalidInput
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ProjectArchived, ProjectNotReady, QuotaExceeded
from moorage.projects.models import ProjectState
from moorage.projects.writing import find_writable

MAX_RESULTS = 50
MAX_CHUNKS = 50
MAX_CONTEXT_LINES = 200
# So few changed files are indexed before a search answers, if that takes no longer than this.
REFRESH_FILES = 20
REFRESH_SECONDS = 2.0


@dataclass(frozen=True)
class Standing:
    """How a project stands at the moment of a search.

    Attributes:
        jobs: the newest job of each repository, by repository id.
        model: with which the project is indexed.
    """

    repositories: list[Repository]
    jobs: dict[UUID, IndexJob]
    model: EmbeddingModel | None
    has_vectors: bool
    is_archived: bool

    @property
    def by_id(self) -> dict[UUID, Repository]:
        return {each.id: each for each in self.repositories}


class CodebaseService:
    """Index repositories into projects, search them, and show parts of them.

    Args:
        clones: the folder below which git URLs are cloned.
    """

    def __init__(
        self,
        connections: ProjectConnectionManager,
        embedder: Embedder,
        settings: CodebaseSettings,
        clones: Path,
    ) -> None:
        self._connections = connections
        self._embedder = embedder
        self._settings = settings
        self._clones = clones
        self._indexer = Indexer(connections, embedder, settings)
        self.runs = self._indexer.runs
        self._freshness = Freshness(connections, settings.scan_limits)

    async def close(self) -> None:
        """Stop what runs in this process; connections and embedder belong to whoever opened them."""
        await self._freshness.close()
        await self._indexer.close()

    async def index_repository(
        self,
        project: str,
        repo_path: str,
        *,
        full: bool = False,
        wait_seconds: float,
        on_progress: OnProgress | None = None,
    ) -> IndexStatus:
        """Bring the index of a repository up to date; wait at most `wait_seconds` for the end.

        A run goes on after the wait, and is followed by asking for the status. A repository that another process
        indexes is waited for, not indexed twice.

        Raises:
            UnfitRoot, UnfitUrl, GitFailed, ModelMismatch, AlreadyIndexing, and those of the project.
        """
        found = await find_writable(self._connections, project)
        own_folder = None if found.folder is None else Path(found.folder)
        place = await locate(repo_path, self._settings, self._clones, own_folder=own_folder)
        await self._indexer.ensure_model(project)
        async with self._connections.get_project_connection(project) as connection:
            repository = await store.repository_upsert(
                connection, repo_path=place.repo_path, name=place.name, folder=str(place.folder)
            )
        job = await self._run(project, repository, full=full, seconds=wait_seconds, on_progress=on_progress)
        self._freshness.forget(project, repository.id)
        return await self._status(project, repository.id, job)

    async def reembed(self, project: str) -> list[Repository]:
        """Change the project to the embedding model in use; return the repositories to index again."""
        await find_writable(self._connections, project)
        await self._indexer.replace_model(project)
        return await self._repositories(project)

    async def list_repositories(self, project: str) -> RepositoryList:
        """Return every repository of the project and how its index stands."""
        async with self._connections.get_project_connection(project) as connection:
            repositories = await store.repository_list(connection)
            jobs = await store.job_latest(connection)
            model = await store.embedding_model_get(connection)
        return RepositoryList(
            project_name=project,
            repositories=tuple(answers.index_status(project, each, jobs.get(each.id)) for each in repositories),
            embedding_model=model.model if model else None,
        )

    async def index_status(
        self, project: str, repository: str | None, *, wait_seconds: float, on_progress: OnProgress | None = None
    ) -> IndexStatus:
        """Return how the index of a repository stands, after waiting for a running job at most `wait_seconds`."""
        found = await self._repository(project, repository)
        async with self._connections.get_project_connection(project) as connection:
            job = (await store.job_latest(connection)).get(found.id)
        if job is not None and job.state is JobState.IN_PROGRESS:
            job = await self._indexer.follow(project, found.id, seconds=wait_seconds, on_progress=on_progress)
        return await self._status(project, found.id, job)

    async def cancel_indexing(self, project: str, repository: str | None) -> IndexStatus:
        """Ask the running job of a repository to stop, wherever it runs; what it has written stays."""
        found = await self._repository(project, repository)
        async with self._connections.get_project_connection(project) as connection:
            state = await store.job_request_cancel(connection, found.id)
            if state is JobState.CANCELLED:
                await store.repository_stop(connection, found.id, failed=False)
        if state is None:
            raise JobNotFound(f"repository {found.name!r} is not being indexed", hint="There is nothing to cancel.")
        job = await self._indexer.follow(project, found.id, seconds=10.0)
        return await self._status(project, found.id, job)

    async def remove_repository(self, project: str, repository: str) -> RemovedRepository:
        """Take a repository out of the index; a running job of it ends by itself."""
        found = await self._repository(project, repository)
        async with self._connections.get_project_connection(project) as connection, connection.transaction():
            has_vectors = await store.vectors_exist(connection)
            await store.repository_delete_in(connection, found.id, has_vectors=has_vectors)
        self._freshness.forget(project, found.id)
        return RemovedRepository(
            project_name=project,
            repository=found.name,
            repo_path=found.repo_path,
            chunks_removed=found.total_chunks,
        )

    async def search_code(
        self,
        project: str,
        query: str,
        filters: SearchFilters | None = None,
        *,
        limit: int = 10,
        offset: int = 0,
        max_tokens: int = 8_000,
    ) -> SearchResults:
        """Find the places in the indexed code that a query asks for, best first.

        Raises:
            InvalidQuery, InvalidInput, RepositoryNotFound, ModelMismatch, and those of the project.
        """
        parsed = parse_query(query)
        _check_range("limit", limit, 1, MAX_RESULTS)
        _check_range("offset", offset, 0, CANDIDATES)
        _check_range("max_tokens", max_tokens, 100, 100_000)
        standing = await self._fresh_standing(project)
        chunk_filter = filter_of(filters or SearchFilters(), standing.repositories)
        vector = await self._vector(standing, query)
        async with self._connections.get_project_connection(project) as connection:
            found = await Search(connection, parsed, chunk_filter, vector).run()
            hits = await hits_of_page(connection, found, standing.by_id, offset=offset, limit=limit)
        shown, cut = answers.within_tokens(hits, max_tokens)
        more = len(found.ranked) > offset + limit
        return answers.search_results(
            project,
            query,
            shown,
            await self._freshness_of(project, standing, chunk_filter),
            by_meaning=found.by_meaning,
            is_archived=standing.is_archived,
            truncated=cut,
            next_offset=offset + limit if more else None,
        )

    async def get_code_chunks(self, project: str, chunk_ids: Sequence[str], *, context_lines: int = 10) -> CodeChunks:
        """Return chunks with the lines around them, from the stored text.

        Raises:
            ChunkNotFound: none of the ids is in the index.
        """
        _check_range("number of chunk_ids", len(chunk_ids), 1, MAX_CHUNKS)
        _check_range("context_lines", context_lines, 0, MAX_CONTEXT_LINES)
        ids = list(dict.fromkeys(_chunk_id(text) for text in chunk_ids))
        async with self._connections.get_project_connection(project) as connection:
            rows = await store.chunk_get(connection, ids, lines=context_lines)
            repositories = {each.id: each for each in await store.repository_list(connection)}
        by_chunk = {each: [row for row in rows if row["wanted_id"] == each] for each in ids}
        missing = [str(each) for each in ids if not by_chunk[each]]
        if len(missing) == len(ids):
            raise ChunkNotFound(
                f"no chunk has the id {missing[0]}" + (" or any other given" if len(missing) > 1 else ""),
                hint="Files change, and chunks with them: search again.",
                missing=missing,
            )
        return CodeChunks(
            project_name=project,
            chunks=tuple(
                answers.code_chunk(found, each, repositories[found[0]["repository_id"]], lines=context_lines)
                for each, found in by_chunk.items()
                if found
            ),
            missing=tuple(missing),
        )

    async def file_outline(self, project: str, file_path: str, repository: str | None) -> FileOutline:
        """Return the definitions of an indexed file.

        Raises:
            FileNotIndexed: the hint names files whose path ends alike.
        """
        found = await self._repository(project, repository)
        path = file_path.removeprefix(found.folder).lstrip("/").removeprefix("./")
        async with self._connections.get_project_connection(project) as connection:
            row = await store.file_get(connection, found.id, path)
            alike = [] if row else await store.file_find(connection, found.id, path.rpartition("/")[2])
        if row is None:
            raise FileNotIndexed(
                f"{file_path!r} is not in the index of {found.name!r}",
                hint=f"Did you mean {', '.join(alike)}?" if alike else "Search for it, or index it first.",
            )
        changed = file_changed(f"{found.folder}/{path}", row["size"], row["modified_ns"])
        return FileOutline(
            project_name=project,
            repository=found.name,
            file_path=path,
            language=row["language"],
            line_count=row["line_count"],
            changed_since=changed is not False,
            symbols=tuple(
                OutlineEntry(name=name, kind=kind, path=symbol, start_line=start, end_line=end, signature=line)
                for name, kind, symbol, start, end, line in row["symbols"]
            ),
        )

    async def _run(
        self, project: str, repository: Repository, *, full: bool, seconds: float, on_progress: OnProgress | None
    ) -> IndexJob:
        """Index, or follow who does; when that process is killed and its lease runs out, go on in its place."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            await self._indexer.begin(project, repository, full=full)
            left = max(end - asyncio.get_running_loop().time(), 0.0)
            job = await self._indexer.follow(project, repository.id, seconds=left, on_progress=on_progress)
            if job.state is not JobState.IN_PROGRESS or job.alive:
                return job

    async def _repositories(self, project: str) -> list[Repository]:
        async with self._connections.get_project_connection(project) as connection:
            return await store.repository_list(connection)

    async def _repository(self, project: str, reference: str | None) -> Repository:
        return find_repository(await self._repositories(project), reference)

    async def _status(self, project: str, repository_id: UUID, job: IndexJob | None) -> IndexStatus:
        for repository in await self._repositories(project):
            if repository.id == repository_id:
                return answers.index_status(project, repository, job)
        raise RepositoryNotFound("the repository was removed meanwhile", hint="Index it again.")

    async def _fresh_standing(self, project: str) -> Standing:
        """Read how the project stands; index the few files that changed since, first."""
        standing = await self._standing(project)
        refreshed = [await self._refresh(project, each, standing.jobs.get(each.id)) for each in standing.repositories]
        return await self._standing(project) if any(refreshed) else standing

    async def _standing(self, project: str) -> Standing:
        state = (await self._connections.find_project(project)).state
        async with self._connections.get_project_connection(project) as connection:
            return Standing(
                await store.repository_list(connection),
                await store.job_latest(connection),
                await store.embedding_model_get(connection),
                has_vectors=await store.vectors_exist(connection),
                is_archived=state is ProjectState.ARCHIVED,
            )

    async def _refresh(self, project: str, repository: Repository, job: IndexJob | None) -> bool:
        if job is not None and job.state is JobState.IN_PROGRESS:
            if not job.alive and await self._may_write(project):
                await self._indexer.begin(project, repository)  # its process died; this one goes on with it
            return False
        look = await self._freshness.look(project, repository)
        if repository.last_indexed_at is None or look is None or not look.changed or look.changed > REFRESH_FILES:
            return False
        if not await self._may_write(project):
            return False
        await self._indexer.begin(project, repository)
        await self._indexer.follow(project, repository.id, seconds=REFRESH_SECONDS)
        self._freshness.forget(project, repository.id)
        return True

    async def _may_write(self, project: str) -> bool:
        """Tell whether the index may be brought up to date before a search; else it is searched as it is."""
        try:
            await find_writable(self._connections, project)
        except (ProjectArchived, ProjectNotReady, QuotaExceeded):
            return False
        return True

    async def _freshness_of(
        self, project: str, standing: Standing, chunk_filter: ChunkFilter
    ) -> list[RepositoryFreshness]:
        """Say how fresh each repository searched is."""
        return [
            answers.freshness(each, standing.jobs.get(each.id), await self._freshness.look(project, each))
            for each in standing.repositories
            if chunk_filter.repository_ids is None or each.id in chunk_filter.repository_ids
        ]

    async def _vector(self, standing: Standing, query: str) -> FloatArray | None:
        """Embed the query; None where the project has no vectors."""
        if not standing.has_vectors:
            return None
        await self._embedder.open()
        if standing.model is not None and standing.model != self._indexer.model:
            raise mismatch(standing.model, self._indexer.model)
        return await self._embedder.embed_query(query)


def _chunk_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidQuery(
            f"chunk_ids: {text[:80]!r} is not a chunk's id",
            hint="Pass chunk_id values of search_code's results.",
            field="chunk_ids",
        ) from None


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(f"{field} {value} is out of range", hint=f"Use {least} to {most}.", field=field)
