"""The statements of code search: connection in, models out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from moorage.codebase.lexical import Posting, SegmentPosting
from moorage.codebase.models import (
    ChunkContent,
    ChunkDetails,
    ChunkFilter,
    EmbeddingModel,
    IndexJob,
    JobState,
    LeftOutCount,
    Place,
    Repository,
    StoredFile,
    UnembeddedRepository,
    UnendedRepository,
)
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.core.postgres.vectors import FloatArray, copy_of_vectors, vector_text
from moorage.core.telemetry.statements import timed

_statements = load_statements("moorage.codebase")
_CHUNK_COLUMNS = (
    "id", "repository_id", "segment_id", "position", "file_path", "file_type", "language", "content",
    "start_line", "end_line", "symbol_name", "symbol_kind", "symbol_path", "symbol_kinds",
)  # fmt: skip
_POSTING_COLUMNS = ("word", "segment_id", "chunk_count", "positions", "body", "names")


# Repositories


async def repository_upsert(project: Executor, *, repo_path: str, name: str, folder: str) -> Repository:
    row = await _statements.repository_upsert(project, repo_path=repo_path, name=name, folder=folder)
    return Repository.model_validate(dict(row))


async def repository_list(project: Executor) -> list[Repository]:
    return [Repository.model_validate(dict(row)) for row in await _statements.repository_list(project)]


async def repository_unended(project: Executor, *, longer_than: timedelta) -> list[UnendedRepository]:
    """Return the repositories that nobody indexes; a runner that died counts as nobody after `longer_than`."""
    rows = await _statements.repository_unended(project, longer_than=longer_than)
    return [UnendedRepository.model_validate(dict(row)) for row in rows]


async def repository_recount(project: Executor, repository_id: UUID) -> None:
    await _statements.repository_recount(project, id=repository_id)


async def embedding_missing(project: Executor) -> list[UnembeddedRepository]:
    """Return the repositories, none of which is being indexed, that have chunks without a vector."""
    rows = await _statements.embedding_missing(project)
    return [UnembeddedRepository.model_validate(dict(row)) for row in rows]


async def repository_begin(project: Executor, repository_id: UUID) -> None:
    await _statements.repository_begin(project, id=repository_id)


async def repository_finish(
    project: Executor,
    repository_id: UUID,
    *,
    head_commit: str | None,
    left_out: Mapping[str, LeftOutCount],
    duration_seconds: float,
) -> None:
    await _statements.repository_finish(
        project,
        id=repository_id,
        head_commit=head_commit,
        left_out={reason: each.model_dump() for reason, each in left_out.items()},
        duration_seconds=duration_seconds,
    )


async def repository_stop(project: Executor, repository_id: UUID, *, failed: bool) -> None:
    await _statements.repository_stop(project, id=repository_id, failed=failed)


async def repository_delete_in(transaction: Executor, repository_id: UUID, *, has_vectors: bool) -> None:
    """Delete a repository with everything indexed of it."""
    await _statements.job_delete(transaction, repository_id=repository_id)
    if has_vectors:
        await _statements.embedding_delete_by_repository(transaction, repository_id=repository_id)
    await _statements.posting_delete_by_repository(transaction, repository_id=repository_id)
    await _statements.repository_delete(transaction, id=repository_id)


# Jobs


async def job_start(
    project: Executor, repository_id: UUID, *, runner: UUID, lease: timedelta, full_reindex: bool
) -> IndexJob | None:
    """Begin a job; None when the repository has one that runs, or whose runner died."""
    row = await _statements.job_start(
        project, repository_id=repository_id, runner=runner, lease=lease, full_reindex=full_reindex
    )
    return _job(row)


async def job_take_over(
    project: Executor, repository_id: UUID, *, runner: UUID, lease: timedelta, full_reindex: bool
) -> IndexJob | None:
    """Continue the job of a runner that died; None while it lives, or when there is none."""
    row = await _statements.job_take_over(
        project, repository_id=repository_id, runner=runner, lease=lease, full_reindex=full_reindex
    )
    return _job(row)


async def job_renew(
    project: Executor,
    job_id: UUID,
    *,
    runner: UUID,
    lease: timedelta,
    phase: str,
    files_total: int,
    files_done: int = 0,
    files_removed: int = 0,
    chunks_written: int = 0,
) -> bool | None:
    """Renew the lease and add to the counts; return whether to cancel, None when the job is lost."""
    row = await _statements.job_renew(
        project,
        id=job_id,
        runner=runner,
        lease=lease,
        phase=phase,
        files_total=files_total,
        files_done=files_done,
        files_removed=files_removed,
        chunks_written=chunks_written,
    )
    return None if row is None else row["cancel_requested"]


async def job_finish(
    project: Executor, job_id: UUID, *, runner: UUID, state: JobState, error: Mapping[str, Any] | None = None
) -> bool:
    """End a job; False when it was not this runner's any more."""
    row = await _statements.job_finish(project, id=job_id, runner=runner, state=state.value, error=error)
    return row is not None


async def job_request_cancel(project: Executor, repository_id: UUID) -> JobState | None:
    """Ask the running job of a repository to stop; None when there is none.

    Returns:
        `IN_PROGRESS` for a job whose runner will hear of it, `CANCELLED` for one whose runner died.
    """
    row = await _statements.job_request_cancel(project, repository_id=repository_id)
    return None if row is None else JobState(row["state"])


async def job_cancel_all_in(transaction: Executor) -> None:
    """End every running job of the project at once; what their runners write after that is refused."""
    await _statements.job_cancel_all(transaction)


async def job_latest(project: Executor) -> dict[UUID, IndexJob]:
    """Return the newest job of each repository, by repository id."""
    rows = await _statements.job_latest(project)
    return {row["repository_id"]: IndexJob.model_validate(dict(row)) for row in rows}


async def job_prune(project: Executor, repository_id: UUID, *, keep: int) -> None:
    await _statements.job_prune(project, repository_id=repository_id, keep=keep)


# Files and chunks


async def file_list(project: Executor, repository_id: UUID) -> dict[str, StoredFile]:
    rows = await _statements.file_list(project, repository_id=repository_id)
    return {row["path"]: StoredFile(*row) for row in rows}


async def file_left_out(project: Executor, repository_id: UUID) -> dict[str, LeftOutCount]:
    """Return how many files were left out for what is in them, by reason, with some of their paths."""
    rows = await _statements.file_left_out(project, repository_id=repository_id)
    return {row["reason"]: LeftOutCount(count=row["count"], examples=row["examples"]) for row in rows}


async def file_get(project: Executor, repository_id: UUID, path: str) -> Row | None:
    return await _statements.file_get(project, repository_id=repository_id, path=path)


async def file_find(project: Executor, repository_id: UUID, ending: str) -> list[str]:
    rows = await _statements.file_find(project, repository_id=repository_id, ending=ending)
    return [row["path"] for row in rows]


async def file_upsert_in(transaction: Executor, repository_id: UUID, files: Sequence[Mapping[str, Any]]) -> None:
    """Write what is known of these files; keys as the columns of codebase.files."""
    await _statements.file_upsert(
        transaction,
        repository_id=repository_id,
        paths=[each["path"] for each in files],
        languages=[each["language"] for each in files],
        sizes=[each["size"] for each in files],
        modified_ns=[each["modified_ns"] for each in files],
        content_hashes=[each["content_hash"] for each in files],
        line_counts=[each["line_count"] for each in files],
        symbols=[json.dumps(each["symbols"]) for each in files],
        left_out=[each["left_out"] for each in files],
    )


async def file_touch(project: Executor, repository_id: UUID, files: Sequence[tuple[str, int, int]]) -> None:
    """Record new sizes and times of files whose text is unchanged, as (path, size, modified_ns)."""
    paths, sizes, times = zip(*files, strict=True)
    await _statements.file_touch(
        project, repository_id=repository_id, paths=list(paths), sizes=list(sizes), modified_ns=list(times)
    )


async def file_forget(project: Executor, repository_id: UUID | None = None) -> None:
    """Make the next run of a repository, or of all, read every file again."""
    await _statements.file_forget(project, repository_id=repository_id)


async def file_delete_in(
    transaction: Executor, repository_id: UUID, paths: Sequence[str], *, has_vectors: bool
) -> None:
    """Delete files with their chunks and vectors."""
    await chunk_delete_in(transaction, repository_id, paths, has_vectors=has_vectors)
    await _statements.file_delete(transaction, repository_id=repository_id, paths=list(paths))


async def chunk_delete_in(
    transaction: Executor, repository_id: UUID, paths: Sequence[str], *, has_vectors: bool
) -> None:
    """Delete the chunks and vectors of files."""
    if has_vectors:
        await _statements.embedding_delete(transaction, repository_id=repository_id, paths=list(paths))
    await _statements.chunk_delete(transaction, repository_id=repository_id, paths=list(paths))


async def segment_insert_in(transaction: Executor, repository_id: UUID, *, chunk_count: int) -> int:
    return await _statements.segment_insert(transaction, repository_id=repository_id, chunk_count=chunk_count)


async def segment_extend_in(transaction: Executor, repository_id: UUID, *, chunk_count: int, most: int) -> Place | None:
    """Make room at the end of a segment that will hold at most `most` chunks; None when all are full.

    Returns:
        The segment and the position of the first new chunk.
    """
    row = await _statements.segment_extend(transaction, repository_id=repository_id, chunk_count=chunk_count, most=most)
    return None if row is None else Place(row["id"], row["first_position"])


async def segment_delete_empty_in(transaction: Executor, repository_id: UUID) -> None:
    await _statements.segment_delete_empty(transaction, repository_id=repository_id)


async def chunks_written(project: Executor, repository_id: UUID) -> int:
    """Return how many chunks the segments of a repository have ever held, replaced ones included."""
    return await _statements.chunks_written(project, repository_id=repository_id)


async def chunk_copy_in(transaction: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write chunks; each row in the order of `_CHUNK_COLUMNS`."""
    with timed("codebase.chunk_copy"):
        await transaction.copy_records_to_table(
            "code_chunks", schema_name="codebase", columns=_CHUNK_COLUMNS, records=rows
        )


async def posting_copy_in(transaction: Connection, segment_id: int, postings: Sequence[Posting]) -> None:
    rows = [(each.word, segment_id, len(each.body), each.positions, each.body, each.names) for each in postings]
    with timed("codebase.posting_copy"):
        await transaction.copy_records_to_table(
            "postings", schema_name="codebase", columns=_POSTING_COLUMNS, records=rows
        )


async def posting_extend_in(transaction: Executor, segment_id: int, postings: Sequence[Posting]) -> None:
    """Add postings whose positions lie behind all that the segment has."""
    await _statements.posting_extend(
        transaction,
        segment_id=segment_id,
        words=[each.word for each in postings],
        positions=[each.positions for each in postings],
        bodies=[each.body for each in postings],
        names=[each.names for each in postings],
    )


async def embedding_copy_in(transaction: Connection, first: Place, vectors: FloatArray) -> None:
    """Write the vectors of chunks that follow each other in a segment."""
    source = BytesIO(copy_of_vectors(first.segment_id, first.position, vectors))
    with timed("codebase.embedding_copy"):
        await transaction.copy_to_table(
            "embeddings",
            schema_name="codebase",
            columns=("segment_id", "position", "embedding"),
            source=source,
            format="binary",
        )


async def chunk_get(project: Executor, ids: Sequence[UUID], *, lines: int) -> list[Row]:
    """Return chunks and the neighbours that hold up to `lines` lines before and after, by start line."""
    return await _statements.chunk_get(project, ids=list(ids), lines=lines)


async def chunk_contents(project: Executor, ids: Sequence[UUID]) -> dict[UUID, ChunkContent]:
    """Return the texts of chunks by id; those that are gone are absent."""
    rows = await _statements.chunk_contents(project, ids=list(ids))
    return {row["id"]: ChunkContent(row["content"], row["size"], row["modified_ns"]) for row in rows}


# Embedding model


async def embedding_model_get(project: Executor) -> EmbeddingModel | None:
    row = await _statements.embedding_model_get(project)
    return None if row is None else EmbeddingModel.model_validate(dict(row))


async def embedding_model_set_in(transaction: Executor, model: EmbeddingModel) -> None:
    await _statements.embedding_model_set(transaction, model=model.model, dimensions=model.dimensions)


async def vectors_lock_in(transaction: Executor) -> None:
    """Wait until no other process makes, replaces or indexes the table of vectors; held until the transaction ends."""
    await _statements.vectors_lock(transaction)


async def vectors_try_lock_in(transaction: Executor) -> bool:
    """Take the lock of `vectors_lock_in` if nobody has it."""
    return await _statements.vectors_try_lock(transaction)


async def vectors_exist(project: Executor) -> bool:
    return await _statements.vectors_exist(project)


async def vector_index_is_valid(project: Executor) -> bool | None:
    """Return whether the vector index is usable; None when there is none."""
    row = await _statements.vector_index(project)
    return None if row is None else row["is_valid"]


async def vector_count(project: Executor) -> int:
    return await _statements.vector_count(project)


# Search


async def posting_find(
    project: Executor, words: Sequence[str], repository_ids: Sequence[UUID] | None, *, few: int, share: float
) -> list[SegmentPosting]:
    """Return the postings of these words, by segment, without words in more than `few` chunks and this share of all.

    Args:
        repository_ids: the repositories searched; None means all.
    """
    wanted = None if repository_ids is None else list(repository_ids)
    rows = await _statements.posting_find(project, words=list(words), repository_ids=wanted, few=few, share=share)
    return [SegmentPosting(*row) for row in rows]


async def chunk_nearest(project: Executor, vector: FloatArray, *, chunk_filter: ChunkFilter, limit: int) -> list[Place]:
    """Return the chunks closest in meaning to a vector, nearest first.

    Args:
        vector: float32, shape (dimensions,), unit length.
    """
    text = vector_text(vector)
    if chunk_filter.is_empty:
        rows = await _statements.chunk_nearest(project, vector=text, limit=limit)
    else:
        rows = await _statements.chunk_nearest_filtered(project, vector=text, limit=limit, **chunk_filter.parameters())
    return [Place(*row) for row in rows]


async def chunk_details(
    project: Executor, places: Sequence[Place], chunk_filter: ChunkFilter, *, vector: FloatArray | None
) -> list[ChunkDetails]:
    """Return what is known of these chunks, without those that are gone or do not pass the filter.

    Args:
        vector: each chunk's distance to it is part of the answer; None where the project has no vectors.
    """
    parameters = _columns(places) | chunk_filter.parameters()
    if vector is None:
        rows = await _statements.chunk_details(project, **parameters)
    else:
        rows = await _statements.chunk_details_with_distance(project, vector=vector_text(vector), **parameters)
    return [ChunkDetails(row[0], row[1], Place(row[2], row[3]), *row[4:]) for row in map(tuple, rows)]


async def chunk_by_symbol(project: Executor, name: str, *, limit: int) -> list[Place]:
    """Return the definitions of exactly this name, in any case."""
    return [Place(*row) for row in await _statements.chunk_by_symbol(project, name=name.lower(), limit=limit)]


def _job(row: Row | None) -> IndexJob | None:
    return None if row is None else IndexJob.model_validate(dict(row))


def _columns(places: Sequence[Place]) -> dict[str, Any]:
    return {
        "segment_ids": [place.segment_id for place in places],
        "positions": [place.position for place in places],
    }
