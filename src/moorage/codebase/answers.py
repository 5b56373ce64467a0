"""Answers of code search: what is found, as a model or a person reads it, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from moorage.codebase import lexical
from moorage.codebase.freshness import Look
from moorage.codebase.models import (
    CodeChunk,
    FreshnessStatus,
    IndexJob,
    IndexStatus,
    JobState,
    Outcome,
    Repository,
    RepositoryFreshness,
    SearchHit,
    SearchResults,
    Status,
    Why,
)
from moorage.codebase.ranking import Ranked
from moorage.codebase.search import Found
from moorage.core.postgres.queries import Row

# Four characters are about one token of source code for the usual tokenizers; a bound needs no more precision.
CHARACTERS_PER_TOKEN = 4
CUT_MARK = "\n… (cut; get_code_chunks gives all of it)"
INTERRUPTED = "interrupted; call index_repository to continue"
_SHOWN_WORDS = 8


def hit(ranked: Ranked, found: Found, repository: Repository, content: str, *, changed_since: bool) -> SearchHit:
    """Make a result of a ranked candidate and its text."""
    chunk = ranked.chunk
    matched = lexical.words_in(found.postings, *chunk.place)[:_SHOWN_WORDS]
    return SearchHit(
        chunk_id=chunk.id,
        repository=repository.name,
        file_path=chunk.file_path,
        start_line=chunk.start_line,
        end_line=chunk.end_line,
        language=chunk.language,
        symbol=chunk.symbol_path or chunk.symbol_name,
        symbol_kind=chunk.symbol_kind,
        score=round(ranked.score, 4),
        why=Why(
            words=round(ranked.words, 3),
            meaning=None if ranked.meaning is None else round(ranked.meaning, 3),
            matched=tuple(matched),
            notes=ranked.notes,
        ),
        content=content,
        changed_since=changed_since,
    )


def within_tokens(hits: Sequence[SearchHit], max_tokens: int) -> tuple[list[SearchHit], bool]:
    """Cut results to a budget: whole texts while they fit, then one cut text, then none; return whether it was cut.

    Results without room keep their place with an empty text, so that a caller sees where to look on.
    """
    left = max_tokens * CHARACTERS_PER_TOKEN
    shown = []
    for each in hits:
        content = each.content if len(each.content) <= left else _cut(each.content, left)
        shown.append(each if content == each.content else each.model_copy(update={"content": content}))
        left -= len(content)
    return shown, any(a is not b for a, b in zip(shown, hits, strict=True))


def search_results(
    project: str,
    query: str,
    hits: Sequence[SearchHit],
    standing: Sequence[RepositoryFreshness],
    *,
    by_meaning: bool,
    is_archived: bool,
    truncated: bool,
    next_offset: int | None,
) -> SearchResults:
    """Put an answer together; one without results says which kind of nothing it is."""
    outcome, message = _outcome(hits, standing)
    if is_archived:
        message += "; this project is archived: its index stays as it is"
    return SearchResults(
        project_name=project,
        query=query,
        outcome=outcome,
        message=message,
        results=tuple(hits),
        next_offset=next_offset,
        truncated=truncated,
        searched_by=("words", "meaning") if by_meaning else ("words",),
        index=tuple(standing),
    )


def freshness(repository: Repository, job: IndexJob | None, look: Look | None) -> RepositoryFreshness:
    """Say how far the index of a repository can be trusted."""
    status, message = _freshness(repository, job, look)
    return RepositoryFreshness(
        repository=repository.name,
        status=status,
        last_indexed_at=repository.last_indexed_at,
        message=message,
    )


def index_status(project: str, repository: Repository, job: IndexJob | None) -> IndexStatus:
    """Describe a repository and its newest job."""
    status = _status(repository, job)
    return IndexStatus(
        project_name=project,
        repository=repository.name,
        repo_path=repository.repo_path,
        status=status,
        message=_status_message(repository, job, status),
        job_id=job.id if job else None,
        phase=job.phase if job else None,
        files_done=job.files_done if job else 0,
        files_total=job.files_total if job else 0,
        files_removed=job.files_removed if job else 0,
        chunks_written=job.chunks_written if job else 0,
        total_files=repository.total_files,
        total_chunks=repository.total_chunks,
        left_out=repository.left_out,
        last_indexed_at=repository.last_indexed_at,
        duration_seconds=repository.indexing_duration_seconds,
        error=job.error if job else None,
    )


def code_chunk(rows: Sequence[Row], wanted: UUID, repository: Repository, *, lines: int) -> CodeChunk:
    """Put a chunk and the lines around it together from the stored text of its file.

    Args:
        rows: the chunk and its neighbours, by start line.
    """
    row = next(each for each in rows if each["id"] == wanted)
    text: dict[int, str] = {}
    for each in rows:
        text |= dict(enumerate(each["content"].split("\n"), each["start_line"]))
    before = range(row["start_line"] - lines, row["start_line"])
    after = range(row["end_line"] + 1, row["end_line"] + 1 + lines)
    return CodeChunk(
        chunk_id=wanted,
        repository=repository.name,
        file_path=row["file_path"],
        start_line=row["start_line"],
        end_line=row["end_line"],
        language=row["language"],
        symbol=row["symbol_path"] or row["symbol_name"],
        symbol_kind=row["symbol_kind"],
        content=row["content"],
        context_before=_lines(text, before),
        context_after=_lines(text, after),
    )


def _lines(text: Mapping[int, str], numbers: range) -> str:
    return "\n".join(text[number] for number in numbers if number in text)


def _cut(content: str, characters: int) -> str:
    room = characters - len(CUT_MARK)
    return "" if room <= 0 else content[:room].rpartition("\n")[0] + CUT_MARK


def _freshness(repository: Repository, job: IndexJob | None, look: Look | None) -> tuple[FreshnessStatus, str]:
    if job is not None and job.state is JobState.IN_PROGRESS:
        done = f"{job.files_done} of {job.files_total} files" if job.files_total else job.phase
        how = "indexing" if job.alive else INTERRUPTED
        return "indexing", f"{how}: {done}; results so far are used"
    if job is not None and job.state is JobState.FAILED:
        return "failed", f"the last run failed: {(job.error or {}).get('message', 'unknown')}"
    if repository.last_indexed_at is None:
        return "never_indexed", "never indexed to the end; call index_repository"
    return _compared(repository, look)


def _compared(repository: Repository, look: Look | None) -> tuple[FreshnessStatus, str]:
    if look is None:
        return "ready", "indexed; the folder is being compared with the index"
    if look.changed is None:
        return "stale", f"the folder {repository.folder} is missing or cannot be read"
    if look.changed:
        return "stale", f"{_counted(look.changed, 'file')} changed since it was indexed; call index_repository"
    return "ready", "up to date"


def _status(repository: Repository, job: IndexJob | None) -> Status:
    if job is None or job.state is JobState.COMPLETED:
        return repository.indexing_status
    return job.state.value


def _status_message(repository: Repository, job: IndexJob | None, status: Status) -> str:
    left_out = sum(each.count for each in repository.left_out.values())
    if status == "in_progress" and job is not None:
        done = f"{job.phase}: {job.files_done} of {job.files_total} files"
        return f"{done}; call index_status to follow" if job.alive else f"{done}; {INTERRUPTED}"
    if status == "failed" and job is not None:
        return (job.error or {}).get("message", "the last run failed")
    if status == "cancelled":
        return "cancelled; what was indexed stays searchable, index_repository continues"
    if status == "pending":
        return "not indexed yet"
    changed = job.files_done + job.files_removed if job else 0
    what = f"{_counted(changed, 'file')} changed" if changed else "nothing had changed"
    files, chunks = _counted(repository.total_files, "file"), _counted(repository.total_chunks, "chunk")
    return f"{what}; searchable: {files} in {chunks}; left out: {left_out} files or folders"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _outcome(hits: Sequence[SearchHit], standing: Sequence[RepositoryFreshness]) -> tuple[Outcome, str]:
    if hits:
        return "found", f"{_counted(len(hits), 'result')}, best first"
    if not standing:
        return "not_indexed", "this project has no repository yet; call index_repository with its path"
    if all(each.status == "never_indexed" for each in standing):
        return "not_indexed", "nothing is indexed yet; call index_repository"
    if any(each.status == "indexing" for each in standing):
        return "no_match", "nothing found so far, but indexing is not finished: ask again, or call index_status"
    return "no_match", "no chunk matches; use other words, or fewer filters"
