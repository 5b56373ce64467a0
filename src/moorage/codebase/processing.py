"""From files to what is written: text, chunks, words and vectors. Runs in worker processes; knows no database."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID, uuid5

from moorage.codebase.chunking import Chunk, Chunked, chunk_file
from moorage.codebase.languages import language_of
from moorage.codebase.lexical import MAX_CHUNKS_PER_SEGMENT, ChunkWords, Posting, build_postings
from moorage.codebase.scanning import FoundFile, LeftOut, ScanLimits, read_text
from moorage.codebase.timing import StepSeconds
from moorage.core.embedding.embedder import FloatArray, WorkerEmbedder
from moorage.core.words import words

# A file changed this shortly before it was read may change again within one tick of the file system's clock: it is
# recorded without its time, so that the next run reads it again.
RACY_NS = 50_000_000
NOTHING_INDEXED = {"language": "", "content_hash": b"", "line_count": 0, "symbols": []}


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One file to read; `known_hash` is the hash of its indexed text, None for a new file."""

    file: FoundFile
    known_hash: bytes | None


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """Files that become one segment."""

    repository_id: UUID
    root: Path
    files: tuple[ReadRequest, ...]
    limits: ScanLimits


@dataclass
class Batch:
    """What one segment will hold.

    Attributes:
        files: rows of codebase.files, as mappings.
        unchanged: (path, size, modified_ns) of files whose text is what the index has.
        gone: paths of files that were deleted after they were listed.
        chunks: rows of codebase.code_chunks without the segment: those of the chunk at position i are `chunks[i]`.
        texts: what is embedded, chunk by chunk; empty when `vectors` is there already.
        seconds: time spent in "read", "parse", "words" and "embed".
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    unchanged: list[tuple[str, int, int]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    chunks: list[tuple[Any, ...]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    vectors: FloatArray | None = None
    seconds: StepSeconds = field(default_factory=StepSeconds)


def process(request: BatchRequest, embedder: WorkerEmbedder | None) -> Batch:
    """Read, chunk and count a batch of files; embed it too when the embedder works in this process."""
    batch = Batch()
    chunk_words: list[ChunkWords] = []
    for each in request.files:
        _add_file(batch, chunk_words, request, each)
    with batch.seconds.timed("words"):
        batch.postings = build_postings(chunk_words)
    if embedder is not None:
        with batch.seconds.timed("embed"):
            batch.vectors = embedder.encode(batch.texts)
        batch.texts = []
    return batch


def _add_file(batch: Batch, chunk_words: list[ChunkWords], request: BatchRequest, wanted: ReadRequest) -> None:
    path = wanted.file.path
    with batch.seconds.timed("read"):
        found = read_text(request.root / path, request.limits)
    if isinstance(found, LeftOut):
        _leave_out(batch, wanted.file, found)
        return
    if found.content_hash == wanted.known_hash:
        batch.unchanged.append((path, wanted.file.size, wanted.file.modified_ns))
        return
    with batch.seconds.timed("parse"):
        language = language_of(path, found.text[:200].partition("\n")[0])
        chunked = chunk_file(found.text, language)
    if len(batch.chunks) + len(chunked.chunks) > MAX_CHUNKS_PER_SEGMENT:
        _leave_out(batch, wanted.file, LeftOut.TOO_LARGE)  # hundreds of thousands of nearly empty lines
        return
    batch.files.append(_file_row(wanted.file, language.name, found.content_hash, chunked))
    with batch.seconds.timed("words"):
        path_words, file_words = words(path), words(PurePosixPath(path).stem)
        for chunk, kinds in zip(chunked.chunks, _kinds(chunked), strict=True):
            row = _chunk_row(request.repository_id, path, language.name, chunk, found.content_hash)
            batch.chunks.append((*row, kinds))
            batch.texts.append(_text_to_embed(path, chunk))
            chunk_words.append(
                ChunkWords([*words(chunk.content), *path_words], [*words(" ".join(chunk.names)), *file_words])
            )


def _leave_out(batch: Batch, file: FoundFile, reason: LeftOut) -> None:
    """Remember a file that turned out not to be worth indexing, so that it is not read again until it changes."""
    if reason is LeftOut.GONE:
        batch.gone.append(file.path)
    else:
        batch.files.append(_stamp(file) | NOTHING_INDEXED | {"left_out": reason.value})


def _stamp(file: FoundFile) -> dict[str, Any]:
    settled = time.time_ns() - file.modified_ns > RACY_NS
    return {"path": file.path, "size": file.size, "modified_ns": file.modified_ns if settled else 0}


def _file_row(file: FoundFile, language: str, content_hash: bytes, chunked: Chunked) -> dict[str, Any]:
    return _stamp(file) | {
        "left_out": None,
        "language": language,
        "content_hash": content_hash,
        "line_count": chunked.chunks[-1].end_line if chunked.chunks else 0,
        "symbols": [
            [each.name, each.kind, each.path, each.start_line, each.end_line, each.signature]
            for each in chunked.symbols
        ],
    }


def _chunk_row(repository_id: UUID, path: str, language: str, chunk: Chunk, content_hash: bytes) -> tuple[Any, ...]:
    symbol = chunk.symbol
    return (
        # The same text at the same place has the same id, so an id stays good while its file does not change.
        uuid5(repository_id, f"{path}\n{chunk.start_line}\n{content_hash.hex()}"),
        repository_id,
        path,
        PurePosixPath(path).suffix.removeprefix(".").lower() or None,
        language,
        chunk.content,
        chunk.start_line,
        chunk.end_line,
        symbol.name if symbol else None,
        symbol.kind if symbol else None,
        symbol.path if symbol else None,
    )


def _kinds(chunked: Chunked) -> Iterator[list[str]]:
    """Yield for each chunk the kinds of the definitions that begin in it, and of the one it belongs to."""
    symbols = deque(chunked.symbols)
    for chunk in chunked.chunks:
        kinds = {chunk.symbol.kind} if chunk.symbol else set()
        while symbols and symbols[0].start_line <= chunk.end_line:
            kinds.add(symbols.popleft().kind)
        yield sorted(kinds)


def _text_to_embed(path: str, chunk: Chunk) -> str:
    heading = f"{path} {chunk.symbol.path}" if chunk.symbol else path
    return f"{heading}\n{chunk.content}"
