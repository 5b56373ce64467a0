"""Code search as MCP tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moorage.codebase.indexer import OnProgress
from moorage.codebase.models import (
    CodeChunks,
    FileOutline,
    IndexJob,
    IndexStatus,
    RemovedRepository,
    RepositoryList,
    SearchFilters,
    SearchResults,
)
from moorage.codebase.service import CodebaseService
from moorage.core.shape import READS, WRITES, Call, Tool
from moorage.projects.arguments import ProjectArgument, Resolve

RepositoryRef = Annotated[
    str | None,
    Field(description="The repository's name, path or id; may be left out when the project has only one."),
]
WaitSeconds = Annotated[
    float,
    Field(description="Wait at most this many seconds for the end, 0 to 300; the run goes on after.", ge=0, le=300),
]


class CodebaseTools:
    """The door: arguments in, service call, result out.

    Args:
        resolve: turns a call's project_name, or its absence, into the project meant.
    """

    def __init__(self, service: CodebaseService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def tools(self) -> list[Tool]:
        return [
            Tool(self.search_code, title="Search code", **READS),
            Tool(self.get_code_chunks, title="Get code chunks", **READS),
            Tool(self.file_outline, title="Outline of a file", **READS),
            # A git URL is fetched from outside.
            Tool(self.index_repository, title="Index a repository", **{**WRITES, "open_world": True}),
            Tool(self.index_status, title="Status of an index", **READS),
            Tool(self.list_repositories, title="List repositories", **READS),
            Tool(self.cancel_indexing, title="Cancel indexing", **WRITES),
            Tool(self.remove_repository, title="Remove a repository", **{**WRITES, "destructive": True}),
        ]

    async def search_code(
        self,
        query: Annotated[
            str,
            Field(
                description="What the code does, in words ('where are retries scheduled'), a name, or an error message."
            ),
        ],
        project_name: ProjectArgument = None,
        filters: Annotated[SearchFilters | None, Field(description="Narrow the search.")] = None,
        limit: Annotated[int, Field(description="At most this many results, 1 to 50.", ge=1, le=50)] = 10,
        offset: Annotated[int, Field(description="Skip this many results: next_offset of a page.", ge=0, le=200)] = 0,
        max_tokens: Annotated[
            int, Field(description="Cut the texts to about this many tokens in all.", ge=100, le=100_000)
        ] = 8_000,
    ) -> SearchResults:
        """Search the indexed code by meaning, words and names; returns functions and sections with exact lines.

        Use it before grep when you do not know where something is done, or how it is called. Results are the best
        places first, with file, lines, symbol, text and why they matched; `index` says how fresh they are.
        """
        return await self._service.search_code(
            await self._resolve(project_name),
            query,
            filters,
            limit=limit,
            offset=offset,
            max_tokens=max_tokens,
        )

    async def get_code_chunks(
        self,
        chunk_ids: Annotated[
            list[str], Field(description="chunk_id values of search results.", min_length=1, max_length=50)
        ],
        project_name: ProjectArgument = None,
        context_lines: Annotated[
            int, Field(description="Lines before and after each chunk, 0 to 200.", ge=0, le=200)
        ] = 10,
    ) -> CodeChunks:
        """Get chunks found by search_code in full, with the lines around them, as they were indexed."""
        return await self._service.get_code_chunks(
            await self._resolve(project_name), chunk_ids, context_lines=context_lines
        )

    async def file_outline(
        self,
        file_path: Annotated[str, Field(description="Path inside the repository.", min_length=1, max_length=2000)],
        project_name: ProjectArgument = None,
        repository: RepositoryRef = None,
    ) -> FileOutline:
        """List the definitions of one indexed file with kind, lines and signature, without its text."""
        return await self._service.file_outline(await self._resolve(project_name), file_path, repository)

    async def index_repository(
        self,
        repo_path: Annotated[
            str,
            Field(description="Absolute path of a folder, or a git URL (https, ssh).", min_length=1, max_length=4000),
        ],
        project_name: ProjectArgument = None,
        force_reindex: Annotated[bool, Field(description="Read every file again, changed or not.")] = False,
        wait_seconds: WaitSeconds = 30,
        call: Call | None = None,
    ) -> IndexStatus:
        """Index a repository for search_code, or bring its index up to date; only changed files are read.

        A first index takes seconds to a minute; a later one is almost free. When it is not done within wait_seconds,
        status is in_progress and it goes on: search works meanwhile, index_status follows it. Safe to repeat.
        """
        return await self._service.index_repository(
            await self._resolve(project_name),
            repo_path,
            full=force_reindex,
            wait_seconds=wait_seconds,
            on_progress=_progress_to(call),
        )

    async def index_status(
        self,
        project_name: ProjectArgument = None,
        repository: RepositoryRef = None,
        wait_seconds: WaitSeconds = 0,
        call: Call | None = None,
    ) -> IndexStatus:
        """Show how the index of a repository stands: progress, counts, files left out by reason, last error."""
        return await self._service.index_status(
            await self._resolve(project_name),
            repository,
            wait_seconds=wait_seconds,
            on_progress=_progress_to(call),
        )

    async def list_repositories(self, project_name: ProjectArgument = None) -> RepositoryList:
        """List the repositories of a project and how their indexes stand."""
        return await self._service.list_repositories(await self._resolve(project_name))

    async def cancel_indexing(
        self, project_name: ProjectArgument = None, repository: RepositoryRef = None
    ) -> IndexStatus:
        """Stop the running index of a repository; what is written stays searchable, and a later run continues."""
        return await self._service.cancel_indexing(await self._resolve(project_name), repository)

    async def remove_repository(
        self,
        repository: Annotated[str, Field(description="The repository's name, path or id.")],
        project_name: ProjectArgument = None,
    ) -> RemovedRepository:
        """Take a repository out of the index. Its files on disk are untouched; indexing brings it back."""
        return await self._service.remove_repository(await self._resolve(project_name), repository)


def _progress_to(call: Call | None) -> OnProgress | None:
    """Pass the progress of a job on to the caller of a tool."""
    if call is None:
        return None

    async def tell(job: IndexJob) -> None:
        await call.progress(job.files_done, job.files_total or None, job.phase)

    return tell
