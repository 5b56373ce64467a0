"""Repositories, chunks and answers as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from moorage.core.values import GivenValue, Value

Status = Literal["pending", "in_progress", "completed", "failed", "cancelled"]
FreshnessStatus = Literal["never_indexed", "indexing", "ready", "stale", "failed"]
Outcome = Literal["found", "no_match", "not_indexed"]


class Frozen(Value):
    """A value."""


class JobState(StrEnum):
    """How an index run stands: in_progress → completed | failed | cancelled."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Repository(Frozen):
    """One indexed folder or clone; `left_out` counts, by reason, the files the last run did not take."""

    id: UUID
    repo_path: str
    name: str
    folder: str
    last_indexed_at: datetime | None
    head_commit: str | None
    total_files: int
    total_chunks: int
    left_out: dict[str, LeftOutCount]
    indexing_status: Literal["pending", "in_progress", "completed", "failed"]
    indexing_duration_seconds: float | None


class UnendedRepository(Frozen):
    """A repository that nobody indexes, for the doctor.

    Attributes:
        lease_until: of the job whose runner died; None when there is no running job.
        total_chunks: as its row has it; `chunks` is how many there are.
    """

    id: UUID
    name: str
    indexing_status: Literal["pending", "in_progress", "completed", "failed"]
    lease_until: datetime | None
    total_chunks: int
    chunks: int


class UnembeddedRepository(Frozen):
    """A repository with this many chunks that search by meaning cannot find."""

    id: UUID
    name: str
    chunks: int


class LeftOutCount(Frozen):
    """Files and folders left out for one reason, with up to five of their paths."""

    count: int
    examples: tuple[str, ...] = ()


class IndexJob(Frozen):
    """One run of indexing a repository."""

    id: UUID
    repository_id: UUID
    state: JobState
    phase: str
    runner: UUID
    lease_until: datetime
    cancel_requested: bool
    full_reindex: bool
    attempts: int
    files_total: int
    files_done: int
    files_removed: int
    chunks_written: int
    error: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime | None
    alive: bool


class EmbeddingModel(Frozen):
    """With which model a project is indexed."""

    model: str
    dimensions: int


class StoredFile(NamedTuple):
    """What the index knows of a file, to tell whether it has changed."""

    path: str
    size: int
    modified_ns: int
    content_hash: bytes


class Place(NamedTuple):
    """Where words and vectors find a chunk."""

    segment_id: int
    position: int


@dataclass(frozen=True, slots=True)
class ChunkFilter:
    """Conditions on chunks; None or empty means any.

    Attributes:
        path_pattern: a regular expression of PostgreSQL's over the whole path, made from a glob.
    """

    repository_ids: tuple[UUID, ...] | None = None
    path_pattern: str | None = None
    languages: tuple[str, ...] | None = None
    file_types: tuple[str, ...] | None = None
    symbol_kinds: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return self == ChunkFilter()

    def parameters(self) -> dict[str, Any]:
        """Return the filter as the parameters of the statements that take one."""
        return {
            "repository_ids": None if self.repository_ids is None else list(self.repository_ids),
            "path_pattern": self.path_pattern,
            "languages": None if self.languages is None else list(self.languages),
            "file_types": None if self.file_types is None else list(self.file_types),
            "symbol_kinds": None if self.symbol_kinds is None else list(self.symbol_kinds),
        }


class ChunkContent(NamedTuple):
    """The text of a chunk, and size and time of its file when it was indexed; a time of 0 is not known."""

    content: str
    file_size: int
    file_modified_ns: int


class ChunkDetails(NamedTuple):
    """A chunk without its text; a search looks at hundreds, so it is no more than a tuple.

    Attributes:
        distance: cosine distance to what is searched for; None, or not a number, where the chunk has no vector.
    """

    id: UUID
    repository_id: UUID
    place: Place
    file_path: str
    language: str
    start_line: int
    end_line: int
    symbol_name: str | None
    symbol_kind: str | None
    symbol_path: str | None
    distance: float | None


class SearchFilters(GivenValue):
    """Narrow a search; every filter given must hold."""

    repository: str | None = Field(None, description="A repository's name, path or id.")
    path: str | None = Field(
        None,
        max_length=500,
        description="Glob over the path inside the repository: 'src/**/*.py', '*.sql', or a folder 'docs/'.",
    )
    language: str | list[str] | None = Field(
        None, description="Language or languages: python, typescript, go, markdown, ..."
    )
    file_type: str | None = Field(None, description="File extension without the dot: py, tsx, go, ...")
    symbol_kind: str | list[str] | None = Field(
        None, description="Kind or kinds of definition: function, method, class, interface, section, ..."
    )


class Why(Frozen):
    """Why a result matched: the parts of its score, and the words of the query found in it."""

    words: float = Field(description="Share of the best word score among the candidates, 0 to 1.")
    meaning: float | None = Field(description="Cosine similarity, -1 to 1; null when vectors took no part.")
    matched: tuple[str, ...] = Field(description="Words of the query that occur in the chunk.")
    notes: tuple[str, ...] = Field((), description="What else moved it: 'defines', 'test'.")


class SearchHit(Frozen):
    """One place in the code; lines are 1-based and inclusive."""

    chunk_id: UUID
    repository: str
    file_path: str
    start_line: int
    end_line: int
    language: str
    symbol: str | None
    symbol_kind: str | None
    score: float
    why: Why
    content: str
    changed_since: bool = Field(description="The file was changed after it was indexed; read it again.")


class RepositoryFreshness(Frozen):
    """How far the index of one repository can be trusted."""

    repository: str
    status: FreshnessStatus
    last_indexed_at: datetime | None
    message: str


class SearchResults(Frozen):
    """Results, best first, and how far they can be trusted."""

    project_name: str
    query: str
    outcome: Outcome
    message: str
    results: tuple[SearchHit, ...]
    next_offset: int | None = Field(description="Pass as offset for the next page; null at the end.")
    truncated: bool = Field(description="Texts were cut to max_tokens.")
    searched_by: tuple[Literal["words", "meaning"], ...]
    index: tuple[RepositoryFreshness, ...]


class CodeChunk(Frozen):
    """A chunk with the lines around it, from the stored text."""

    chunk_id: UUID
    repository: str
    file_path: str
    start_line: int
    end_line: int
    language: str
    symbol: str | None
    symbol_kind: str | None
    content: str
    context_before: str
    context_after: str


class CodeChunks(Frozen):
    """Chunks in the order asked for; `missing` are ids that are not, or no more, in the index."""

    project_name: str
    chunks: tuple[CodeChunk, ...]
    missing: tuple[str, ...]


class OutlineEntry(Frozen):
    """A definition in a file; lines are 1-based and inclusive."""

    name: str
    kind: str
    path: str
    start_line: int
    end_line: int
    signature: str


class FileOutline(Frozen):
    """The definitions of a file, in the order of their lines."""

    project_name: str
    repository: str
    file_path: str
    language: str
    line_count: int
    changed_since: bool
    symbols: tuple[OutlineEntry, ...]


class IndexStatus(Frozen):
    """How the index of a repository stands."""

    project_name: str
    repository: str
    repo_path: str
    status: Status
    message: str
    job_id: UUID | None
    phase: str | None
    files_done: int
    files_total: int
    files_removed: int
    chunks_written: int
    total_files: int
    total_chunks: int
    left_out: Mapping[str, LeftOutCount]
    last_indexed_at: datetime | None
    duration_seconds: float | None
    error: dict[str, Any] | None


class RepositoryList(Frozen):
    """The repositories of a project and how their indexes stand."""

    project_name: str
    repositories: tuple[IndexStatus, ...]
    embedding_model: str | None


class RemovedRepository(Frozen):
    """A repository that is no longer in the index; its files on disk are untouched."""

    project_name: str
    repository: str
    repo_path: str
    chunks_removed: int
