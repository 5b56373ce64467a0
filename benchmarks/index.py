"""Indexing: `moorage index` on 10,000 real source files, again unchanged, and again after 100 files changed."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.corpus import copy_of, make_repositories, source_files
from benchmarks.families import MIB
from benchmarks.homes import Home, running_home, temporary_folder
from benchmarks.measure import Figure, Floor
from benchmarks.options import Options
from benchmarks.programs import Ran, run_moorage
from moorage.core.postgres.pools import connect

# About a tenth of installed sources is generated and left out; some 10,000 files remain.
FILES = 11_000
CHANGED_FILES = 100
PROJECT = "bench"
TABLES = ("files", "code_chunks", "postings", "embeddings")
# Where the seconds of a run are spent: worker processes run side by side, the other steps one after the other.
WORKER_STEPS = ("read", "parse", "words", "embed")
MAIN_STEPS = ("scan", "write", "index")


async def measure(options: Options) -> list[Figure]:
    with temporary_folder() as folder, running_home() as home:
        repository = _repository(folder, options)
        run_moorage(home, ["project", "create", PROJECT])
        megabytes = sum(file.stat().st_size for file in source_files(repository)) / 1e6
        first, reading = _run(home, repository)
        copying = await _bare_copy(home)
        unchanged, reading_again = _run(home, repository)
        _touch(repository, CHANGED_FILES)
        changed, reading_changed = _run(home, repository)
    return [
        *_first_run(first, reading, copying, megabytes),
        *_shares(first),
        _again("second run, nothing changed", unchanged, reading_again),
        _again(f"run after {CHANGED_FILES} files changed", changed, reading_changed),
    ]


def _repository(folder: Path, options: Options) -> Path:
    if options.corpus:
        return copy_of(options.corpus, folder)
    (repository,) = make_repositories(folder, files=options.scaled(FILES))
    return repository


def _run(home: Home, repository: Path) -> tuple[Ran, float]:
    """Index, and take the floor right before and after: the seconds to read and hash every file in one process."""
    before = _read_and_hash(repository)
    ran = run_moorage(home, ["index", str(repository), "--project", PROJECT])
    return ran, (before + _read_and_hash(repository)) / 2


def _read_and_hash(repository: Path) -> float:
    files = source_files(repository)
    began = time.perf_counter()
    for file in files:
        hashlib.sha256(file.read_bytes()).digest()
    return time.perf_counter() - began


async def _bare_copy(home: Home) -> float:
    """Return the seconds that the same rows take into tables without indexes, by COPY alone."""
    connection = await connect(home.address, f"project_{PROJECT}")
    seconds = 0.0
    try:
        await connection.execute("CREATE SCHEMA bare")
        for table in TABLES:
            await connection.execute(f"CREATE TABLE bare.{table} (LIKE codebase.{table})")
            with tempfile.TemporaryFile() as rows:
                await connection.copy_from_table(table, schema_name="codebase", output=rows, format="binary")
                rows.seek(0)
                began = time.perf_counter()
                await connection.copy_to_table(table, schema_name="bare", source=rows, format="binary")
                seconds += time.perf_counter() - began
        await connection.execute("DROP SCHEMA bare CASCADE")
    finally:
        await connection.close()
    return seconds


def _touch(repository: Path, count: int) -> None:
    """Append a line to every n-th file, so that the changes are spread over the repository."""
    files = [file for file in source_files(repository) if file.suffix in {".py", ".h", ".java", ".go", ".js", ".ts"}]
    for file in files[:: max(len(files) // count, 1)][:count]:
        with file.open("ab") as stream:
            stream.write(b"\n")


def _first_run(ran: Ran, reading: float, copying: float, megabytes: float) -> Iterator[Figure]:
    answer = ran.answer
    files, chunks = answer["total_files"], answer["total_chunks"]
    yield Figure("files indexed", files, "files", better="more")
    yield Figure("size of all files", megabytes, "MB")
    yield Figure("chunks", chunks, "chunks", better="more")
    floor = Floor("read and hash all files in one process, then COPY the same rows", reading + copying)
    yield Figure("first run, end to end", ran.seconds, "s", floor, target=60)
    yield Figure("first run, inside the program", answer["duration_seconds"], "s", floor)
    yield Figure("processor time of Moorage", ran.processor_seconds, "s")
    yield Figure("processor time of PostgreSQL", ran.postgres_processor_seconds, "s")
    yield Figure("files a second", files / ran.seconds, "files/s", better="more")
    yield Figure("chunks a second", chunks / ran.seconds, "chunks/s", better="more")
    yield Figure("megabytes a second", megabytes / ran.seconds, "MB/s", better="more")
    yield Figure("peak memory of Moorage", ran.peak.program / MIB, "MiB", target=1024)
    yield Figure("peak memory of PostgreSQL", ran.peak.postgres / MIB, "MiB")


def _shares(ran: Ran) -> Iterator[Figure]:
    """Yield where the time went: of the workers' processor time, and of the main process's clock."""
    seconds = ran.event("index.finished")["seconds"]
    yield from _steps("workers", WORKER_STEPS, seconds, sum(seconds.get(step, 0.0) for step in WORKER_STEPS))
    yield from _steps("main process", MAIN_STEPS, seconds, ran.answer["duration_seconds"])


def _steps(where: str, steps: Sequence[str], seconds: dict[str, float], whole: float) -> Iterator[Figure]:
    for step in steps:
        spent = seconds.get(step, 0.0)
        yield Figure(f"{step}, {where} ({100 * spent / whole:.0f} % of {whole:.1f} s)", spent, "s")


def _again(name: str, ran: Ran, reading: float) -> Figure:
    return Figure(name, ran.seconds, "s", Floor("read and hash all files in one process", reading))
