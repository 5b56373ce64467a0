"""Asking many databases the same at once, so that one which fails or hangs costs the others nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from moorage.core.errors import MoorageError
from moorage.databases.definitions import Database
from moorage.databases.errors import QueryTookTooLong

Result = TypeVar("Result")


@dataclass(frozen=True)
class Asked(Generic[Result]):
    """What became of asking one database: a result, or why there is none."""

    database: Database
    result: Result | None = None
    error: MoorageError | None = None


async def spread(
    databases: Sequence[Database],
    ask: Callable[[Database], Awaitable[Result]],
    *,
    at_once: int,
    each_seconds: float,
    all_seconds: float,
) -> list[Asked[Result]]:
    """Ask every database and return what became of each, in the order given.

    Args:
        at_once: how many are asked at the same time.
        each_seconds: how long one may take.
        all_seconds: how long all of them together may take; who has not answered by then is told as too slow.
    """
    places = asyncio.Semaphore(at_once)
    deadline = asyncio.get_running_loop().time() + all_seconds

    async def ask_in_turn(database: Database) -> Asked[Result]:
        try:
            async with asyncio.timeout_at(deadline), places, asyncio.timeout(each_seconds):
                return Asked(database, await ask(database))
        except MoorageError as error:
            return Asked(database, error=error)
        except TimeoutError:
            return Asked(database, error=_too_slow())

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask_in_turn(each)) for each in databases]
    return [task.result() for task in tasks]


def _too_slow() -> QueryTookTooLong:
    return QueryTookTooLong(
        "it did not answer in the time there was for all", hint="Ask it alone, or fewer databases at once."
    )
