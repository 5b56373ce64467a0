"""Worker processes that read and chunk files, so that indexing uses every core and never blocks the server."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing.connection import wait

from moorage.codebase.processing import Batch, BatchRequest, process
from moorage.core.embedding.embedder import WorkerEmbedder

# Below this many bytes the work is done before worker processes would have started.
SMALL_RUN_BYTES = 2_000_000
MAX_WORKERS = 8

Processor = Callable[[BatchRequest], Awaitable[Batch]]

_embedder: WorkerEmbedder | None = None  # of this worker process; set once by _begin


def worker_count() -> int:
    """Return how many worker processes suit this machine: one a core, within reason."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MAX_WORKERS)


@asynccontextmanager
async def open_processor(
    embedder: WorkerEmbedder | None, *, total_bytes: int, workers: int
) -> AsyncGenerator[Processor]:
    """Yield a function that processes batches: in worker processes, or in a thread when there is little to do."""
    if total_bytes < SMALL_RUN_BYTES:

        async def in_thread(request: BatchRequest) -> Batch:
            return await asyncio.to_thread(process, request, embedder)

        yield in_thread
        return

    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),  # a forked copy of a process with threads may dead-lock
        initializer=_begin,
        initargs=(embedder,),
    )

    async def in_worker(request: BatchRequest) -> Batch:
        return await asyncio.get_running_loop().run_in_executor(pool, _process, request)

    try:
        yield in_worker
    finally:
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


def _begin(embedder: WorkerEmbedder | None) -> None:
    global _embedder  # noqa: PLW0603 - the one thing a worker process keeps
    _embedder = embedder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    gc.set_threshold(50_000, 20, 20)  # parsing makes many objects and few cycles: a tenth of its time was collecting
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is killed: a worker waiting for work would never notice."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _process(request: BatchRequest) -> Batch:
    return process(request, _embedder)
