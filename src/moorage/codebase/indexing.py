"""One run of indexing a repository: scan, compare, read, write, remove, build the vector index.

Every batch of files is one transaction: its old chunks go and its new ones come at once, and the file's hash is
written with them. So a run that dies at any point is continued by the next one, which finds what is done by its hash;
and the old state of every file answers searches until its new one is there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

import stamina
import structlog

from moorage.codebase import lexical, store, vector_table
from moorage.codebase.errors import JobLost
from moorage.codebase.git.heads import head
from moorage.codebase.metering import INDEX_CHUNKS, INDEX_FILES
from moorage.codebase.models import IndexJob, LeftOutCount, Place, Repository, StoredFile
from moorage.codebase.processing import Batch, BatchRequest, ReadRequest
from moorage.codebase.scanning import Scan, ScanLimits, UnfitRoot, scan
from moorage.codebase.timing import StepSeconds
from moorage.codebase.workers import Processor, open_processor
from moorage.core.embedding.embedder import Embedder, WorkerEmbedder
from moorage.core.errors import MoorageError
from moorage.core.postgres.pools import Connection

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
RENEW_SECONDS = 4.0
# What one transaction and one segment hold: large enough that few segments answer a query, small enough that progress
# shows and that a worker's answer stays small.
BATCH_BYTES = 1_500_000
BATCH_FILES = 400
REMOVE_FILES = 1_000
# A batch this small, as watching files brings them, joins a segment that has room for it instead of making another.
SMALL_BATCH_CHUNKS = 500
SEGMENT_CHUNKS = 4_000
# Replaced chunks stay in the postings until their segment is empty. With this many for each living one, all is written
# anew.
DEAD_FACTOR = 4
# About one chunk for this many bytes of source, to decide before reading whether a load is large.
BYTES_PER_CHUNK = 900
WRITE_ATTEMPTS = 6
EXAMPLES = 5


class Database(Protocol):
    """Lends connections to the one project database that is indexed into."""

    def __call__(self) -> AbstractAsyncContextManager[Connection]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do.

    Attributes:
        read: files that are new, or changed by their size or time.
        removed: indexed paths that are not there any more, or are left out now.
    """

    scan: Scan
    read: tuple[ReadRequest, ...]
    removed: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(each.file.size for each in self.read)


@dataclass
class IndexRun:
    """One run, from the job that was won to the state it leaves.

    Attributes:
        database: lends a connection for each step; none is held while files are read.
        refuse_unwritable: asked before each batch is written; raises when the project takes no more.
        seconds: processor time of the workers by step, wall time of the steps of this process.
    """

    database: Database
    repository: Repository
    job: IndexJob
    embedder: Embedder
    limits: ScanLimits
    workers: int
    has_vectors: bool
    refuse_unwritable: Callable[[], Awaitable[None]]
    seconds: StepSeconds = field(default_factory=StepSeconds)
    files_total: int = 0
    files_done: int = 0
    phase: str = "scanning"

    async def run(self) -> None:
        """Bring the index up to date with the folder.

        Raises:
            UnfitRoot: the folder is gone; its index stays as it is.
            JobLost: another process has taken the job over; nothing of this one is written any more.
            asyncio.CancelledError: the job was asked to stop; what is written stays.
        """
        began = time.perf_counter()
        root = Path(self.repository.folder)
        commit = await head(root)
        plan = await self._plan(root)
        await self._write(root, plan)
        await self._remove(plan.removed)
        if plan.read or plan.removed:
            await self._tidy()
        await self._build_vector_index()
        async with self.database() as connection, connection.transaction():
            await self.renew(connection)
            await store.repository_finish(
                connection,
                self.repository.id,
                head_commit=commit.commit if commit else None,
                left_out=await self._left_out(connection, plan.scan),
                duration_seconds=round(time.perf_counter() - began, 2),
            )
        log.info(
            "index.finished",
            repository=self.repository.name,
            files=self.files_total,
            removed=len(plan.removed),
            seconds={step: round(seconds, 2) for step, seconds in self.seconds.items()},
        )

    async def renew(self, connection: Connection, **counts: int) -> None:
        """Renew the lease, and stop when the job was lost or is to be cancelled.

        A transaction that writes calls it last: it may wait for a table whose index is built, and must not keep the
        heartbeat waiting for the job's row meanwhile.
        """
        cancel = await store.job_renew(
            connection,
            self.job.id,
            runner=self.job.runner,
            lease=LEASE,
            phase=self.phase,
            files_total=self.files_total,
            **counts,
        )
        if cancel is None:
            raise JobLost(
                f"the indexing of {self.repository.name!r} was taken over or its repository was removed",
                hint="Call index_status to see who indexes it now.",
            )
        if cancel:
            raise asyncio.CancelledError("cancelled by request")

    async def _plan(self, root: Path) -> Plan:
        with self.seconds.timed("scan"):
            found = await asyncio.to_thread(scan, root, self.limits)
            _check_is_there(root)
            async with self.database() as connection:
                known = await store.file_list(connection, self.repository.id)
            plan = make_plan(found, known, full=self.job.full_reindex)
        self.files_total = len(plan.read)
        await self._enter("reading")
        return plan

    async def _write(self, root: Path, plan: Plan) -> None:
        """Process the files in parallel and write each batch as it comes."""
        if not plan.read:
            return
        await self._prepare_vectors(plan)
        in_worker = self.embedder if self.has_vectors and self.embedder.runs_in_workers else None
        async with (
            open_processor(
                cast("WorkerEmbedder | None", in_worker), total_bytes=plan.bytes, workers=self.workers
            ) as processor,
            aclosing(_processed(self._requests(root, plan), processor, self.workers + 2)) as processed,
        ):
            async for request, batch in processed:
                await self._embed(batch)
                await self.refuse_unwritable()
                await self._write_batch(request, batch)

    async def _prepare_vectors(self, plan: Plan) -> None:
        if self.has_vectors:
            async with self.database() as connection:
                await vector_table.drop_index_before(connection, rows_coming=plan.bytes // BYTES_PER_CHUNK)

    def _requests(self, root: Path, plan: Plan) -> Iterator[BatchRequest]:
        for files in in_batches(plan.read):
            yield BatchRequest(self.repository.id, root, tuple(files), self.limits)

    async def _embed(self, batch: Batch) -> None:
        """Embed with a model that does not work inside the workers."""
        if self.has_vectors and batch.vectors is None and batch.texts:
            with self.seconds.timed("embed"):
                batch.vectors = await self.embedder.embed(batch.texts)
            batch.texts = []

    async def _write_batch(self, request: BatchRequest, batch: Batch) -> None:
        self.seconds.add(batch.seconds)
        with self.seconds.timed("write"):
            async for attempt in stamina.retry_context(on=_is_passing, attempts=WRITE_ATTEMPTS, wait_max=8.0):
                with attempt:
                    await self._write_once(request, batch)
        self.files_done += len(request.files)
        INDEX_FILES.inc(len(request.files))
        INDEX_CHUNKS.inc(len(batch.chunks))

    async def _write_once(self, request: BatchRequest, batch: Batch) -> None:
        async with self.database() as connection, connection.transaction():
            replaced = [row["path"] for row in batch.files]
            await store.file_delete_in(connection, self.repository.id, batch.gone, has_vectors=self.has_vectors)
            await store.chunk_delete_in(connection, self.repository.id, replaced, has_vectors=self.has_vectors)
            await self._write_segment_in(connection, batch)
            await store.file_upsert_in(connection, self.repository.id, batch.files)
            if batch.unchanged:
                await store.file_touch(connection, self.repository.id, batch.unchanged)
            await self.renew(connection, files_done=len(request.files), chunks_written=len(batch.chunks))

    async def _write_segment_in(self, transaction: Connection, batch: Batch) -> None:
        if not batch.chunks:
            return
        first = await self._place_postings_in(transaction, batch)
        rows = (
            (row[0], row[1], first.segment_id, position, *row[2:])
            for position, row in enumerate(batch.chunks, first.position)
        )
        await store.chunk_copy_in(transaction, rows)
        if batch.vectors is not None:
            await store.embedding_copy_in(transaction, first, batch.vectors)

    async def _place_postings_in(self, transaction: Connection, batch: Batch) -> Place:
        """Write the words of a batch and return where its chunks begin: a small batch joins a segment with room."""
        count = len(batch.chunks)
        if count <= SMALL_BATCH_CHUNKS:
            room = await store.segment_extend_in(
                transaction, self.repository.id, chunk_count=count, most=SEGMENT_CHUNKS
            )
            if room is not None:
                postings = lexical.shifted(batch.postings, room.position)
                await store.posting_extend_in(transaction, room.segment_id, postings)
                return room
        segment_id = await store.segment_insert_in(transaction, self.repository.id, chunk_count=count)
        await store.posting_copy_in(transaction, segment_id, batch.postings)
        return Place(segment_id, 0)

    async def _remove(self, paths: Sequence[str]) -> None:
        for start in range(0, len(paths), REMOVE_FILES):
            some = paths[start : start + REMOVE_FILES]
            async with self.database() as connection, connection.transaction():
                await store.file_delete_in(connection, self.repository.id, some, has_vectors=self.has_vectors)
                await self.renew(connection, files_removed=len(some))

    async def _tidy(self) -> None:
        """Drop segments that hold nothing any more; when most of the rest is dead, have the next run write all anew."""
        async with self.database() as connection, connection.transaction():
            await self.renew(connection)
            await store.segment_delete_empty_in(connection, self.repository.id)
            written = await store.chunks_written(connection, self.repository.id)
            if written > DEAD_FACTOR * self.repository.total_chunks + SEGMENT_CHUNKS and self.repository.total_chunks:
                await store.file_forget(connection, self.repository.id)

    async def _build_vector_index(self) -> None:
        if not self.has_vectors:
            return
        await self._enter("building the vector index")
        with self.seconds.timed("index"):
            async with self.database() as connection:
                await vector_table.build_index_after(connection)

    async def _enter(self, phase: str) -> None:
        self.phase = phase
        async with self.database() as connection:
            await self.renew(connection)

    async def _left_out(self, connection: Connection, found: Scan) -> dict[str, LeftOutCount]:
        """Count the files left out by their names and by what is in them."""
        counts = {
            reason.value: LeftOutCount(count=count, examples=found.left_out_examples.get(reason, ()))
            for reason, count in found.left_out.items()
        }
        for reason, more in (await store.file_left_out(connection, self.repository.id)).items():
            known = counts.get(reason, LeftOutCount(count=0))
            examples = (*known.examples, *more.examples)[:EXAMPLES]
            counts[reason] = LeftOutCount(count=known.count + more.count, examples=examples)
        return dict(sorted(counts.items()))


def make_plan(found: Scan, known: dict[str, StoredFile], *, full: bool) -> Plan:
    """Compare what lies in the folder with what is indexed, by size and time; the text decides later, by its hash."""
    read = []
    for file in found.files:
        stored = known.get(file.path)
        if stored is None or full:
            read.append(ReadRequest(file, None))
        elif (stored.size, stored.modified_ns) != (file.size, file.modified_ns):
            read.append(ReadRequest(file, stored.content_hash))
    there = {file.path for file in found.files}
    return Plan(found, tuple(read), tuple(path for path in known if path not in there))


def in_batches(files: Sequence[ReadRequest]) -> Iterator[list[ReadRequest]]:
    """Cut a list of files into batches bounded by bytes and by number, in order."""
    batch: list[ReadRequest] = []
    size = 0
    for each in files:
        if batch and (size + each.file.size > BATCH_BYTES or len(batch) == BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.file.size
    if batch:
        yield batch


def _check_is_there(root: Path) -> None:
    """Tell a folder that vanished, or whose disk is not mounted, from one whose files were all deleted."""
    if not root.is_dir():
        raise UnfitRoot(f"the folder {root} is gone", hint="Bring it back, or remove the repository from the index.")


async def _processed(
    requests: Iterator[BatchRequest], processor: Processor, in_flight: int
) -> AsyncGenerator[tuple[BatchRequest, Batch]]:
    """Process requests a few at a time and yield them as they are done; the number in flight bounds the memory."""
    waiting: dict[asyncio.Future[Batch], BatchRequest] = {}
    try:
        for request in requests:
            waiting[asyncio.ensure_future(processor(request))] = request
            if len(waiting) >= in_flight:
                async for done in _next_done(waiting):
                    yield done
        while waiting:
            async for done in _next_done(waiting):
                yield done
    finally:
        for task in waiting:
            task.cancel()


async def _next_done(
    waiting: dict[asyncio.Future[Batch], BatchRequest],
) -> AsyncIterator[tuple[BatchRequest, Batch]]:
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        yield waiting.pop(task), task.result()


def _is_passing(error: Exception) -> bool:
    """Tell whether a write may succeed when it is repeated: PostgreSQL may just be restarting."""
    return isinstance(error, MoorageError) and error.retryable
