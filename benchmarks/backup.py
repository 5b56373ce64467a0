"""Backup against bare pg_dump, restore against bare pg_restore: the same databases, as many at once, in turn."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpus import copy_of, make_repositories
from benchmarks.homes import Home, running_home, temporary_folder
from benchmarks.measure import Figure, Floor, Times, in_turn, timed
from benchmarks.options import Options
from benchmarks.programs import run_moorage
from moorage.core.postgres.pools import connect
from moorage.core.postgres.programs import Programs, find_programs, login_to, run_program
from moorage.operations.backup.manifest import path_of, read_manifest
from moorage.settings import REGISTRY_DATABASE

PROJECTS = 4
FILES_A_PROJECT = 2_500
AT_ONCE = 2
ROUNDS = 3
# Times what the bare programs take, of issue 3.
TARGET_RATIO = 1.2
BARE_DUMP = f"bare pg_dump of the same databases, {AT_ONCE} at once"
BARE_RESTORE = f"bare pg_restore of the same files into new databases, {AT_ONCE} at once"


async def measure(options: Options) -> list[Figure]:
    with temporary_folder() as folder, running_home() as home:
        databases = [REGISTRY_DATABASE, *_indexed_projects(home, folder, options)]
        megabytes = await _megabytes(home, databases)
        return [
            Figure("databases", len(databases), "databases", better="more"),
            Figure("data", megabytes, "MB", better="more"),
            *await _backup(home, folder, databases, megabytes),
            *await _restore(home, folder, megabytes),
        ]


async def _backup(home: Home, folder: Path, databases: Sequence[str], megabytes: float) -> list[Figure]:
    """Time `moorage backup` from the start of the process to its end, and pg_dump alone."""
    numbers = itertools.count()
    programs = find_programs(18)

    async def ours() -> float:
        target = folder / f"backup{next(numbers)}"
        return run_moorage(home, ["backup", "--to", str(target), "--jobs", str(AT_ONCE)]).seconds

    async def bare() -> float:
        target = folder / f"bare{next(numbers)}"
        target.mkdir()
        return await timed(lambda: _dump_all(home, programs, databases, target))

    return _figures("backup", BARE_DUMP, *await in_turn([ours, bare], rounds=ROUNDS, warm_up=1), megabytes)


async def _restore(home: Home, folder: Path, megabytes: float) -> list[Figure]:
    """Time `moorage restore` of everything into an empty registry, and pg_restore alone."""
    run_moorage(home, ["backup", "--to", str(folder / "restored"), "--jobs", str(AT_ONCE)])
    [backup] = (folder / "restored").glob("moorage-*")
    files = [path_of(backup, each) for each in read_manifest(backup).files]
    programs = find_programs(18)

    async def ours() -> float:
        for number in range(PROJECTS):
            run_moorage(home, ["project", "delete", f"p{number}", "--yes", "--force"])
        return run_moorage(home, ["restore", str(backup), "--jobs", str(AT_ONCE)]).seconds

    async def bare() -> float:
        seconds = await timed(lambda: _restore_all(home, programs, files))
        await _drop_all(home, files)
        return seconds

    return _figures("restore", BARE_RESTORE, *await in_turn([ours, bare], rounds=ROUNDS, warm_up=1), megabytes)


def _figures(name: str, floor_name: str, ours: Times, bare: Times, megabytes: float) -> list[Figure]:
    """Return what the median round took, moved a second, and how it compares."""
    throughput, floor = (1000 * megabytes / each.median for each in (ours, bare))
    return [
        Figure(f"{name}, whole command", ours.median / 1000, "s", Floor(floor_name, bare.median / 1000)),
        Figure(f"{name}, throughput", throughput, "MB/s", Floor(floor_name, floor), better="more"),
        Figure(f"{name}, times the bare programs", ours.median / bare.median, "×", target=TARGET_RATIO),
    ]


async def _dump_all(home: Home, programs: Programs, databases: Sequence[str], target: Path) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def dump(database: str) -> None:
        async with gate:
            arguments = ["--format=custom", f"--file={target / database}"]
            await run_program(programs, "pg_dump", arguments, login=login_to(home.address, database))

    await asyncio.gather(*map(dump, databases))


async def _restore_all(home: Home, programs: Programs, files: Sequence[Path]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def restore(file: Path) -> None:
        async with gate:
            await _execute(home, f"CREATE DATABASE {_bare_database(file)} TEMPLATE template0")
            login = login_to(home.address, _bare_database(file))
            await run_program(programs, "pg_restore", ["--exit-on-error", str(file)], login=login)

    await asyncio.gather(*map(restore, files))


async def _drop_all(home: Home, files: Sequence[Path]) -> None:
    for file in files:
        await _execute(home, f"DROP DATABASE {_bare_database(file)}")


async def _execute(home: Home, statement: str) -> None:
    connection = await connect(home.address, "postgres")
    await connection.execute(statement)
    await connection.close()


def _bare_database(file: Path) -> str:
    return f"bare_{file.stem}"


def _indexed_projects(home: Home, folder: Path, options: Options) -> list[str]:
    """Index a repository into each project, none with the files of another; return their databases."""
    files = options.scaled(FILES_A_PROJECT)
    if options.corpus is None:
        repositories = make_repositories(folder, files=files, count=PROJECTS)
    else:
        repositories = (copy_of(options.corpus, folder / str(number)) for number in range(PROJECTS))
    names = []
    for number, repository in enumerate(repositories):
        run_moorage(home, ["project", "create", f"p{number}"])
        run_moorage(home, ["index", str(repository), "--project", f"p{number}"])
        names.append(f"project_p{number}")
    return names


async def _megabytes(home: Home, databases: Sequence[str]) -> float:
    connection = await connect(home.address, "postgres")
    try:
        return sum([await connection.fetchval("SELECT pg_database_size($1)", each) for each in databases]) / 1e6
    finally:
        await connection.close()
