"""Where the statement of a command comes from, and all rows of its answer, page by page."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from moorage.core.errors import InvalidInput
from moorage.databases.definitions import Database
from moorage.databases.errors import ReadingEnded
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.requests import Confirm, Request
from moorage.databases.execution.running import Runner

STANDARD_INPUT = "-"


def statement_of(sql: str | None, file: str | None) -> str:
    """Return the statement: the argument, what is in the file, or what comes over standard input.

    Raises:
        InvalidInput: there is none, there are two, or the file cannot be read.
    """
    if sql is not None and file is not None:
        raise InvalidInput("SQL is given as an argument and as --file", hint="Give one of the two.")
    if sql is not None:
        return sql
    if file is None and sys.stdin.isatty():
        raise InvalidInput("there is no SQL", hint="Give it as an argument, with --file FILE, or on standard input.")
    return _text_of(file or STANDARD_INPUT)


async def answers(
    runner: Runner, database: Database, request: Request, confirm: Confirm | None
) -> AsyncGenerator[Answer]:
    """Yield one answer or, where the request reads on, every page of it, one of them in memory at a time.

    Args:
        request: when it reads on, `max_rows` is of all pages together, and None reads to the end.

    Raises:
        ReadingEnded: there is more, and it cannot be read on.
    """
    if not request.reads_on:
        yield await runner.run(database, request, confirm)
        return
    left, limits = request.max_rows, database.limits
    page = replace(request, max_rows=_fewer(left, limits.max_rows), max_bytes=int(limits.max_bytes))
    while True:
        answer = await runner.run(database, page, confirm)
        yield answer
        left = None if left is None else left - len(answer.rows)
        if answer.cut_by not in ("rows", "bytes") or left == 0 or answer.is_committed is not None:
            return
        if answer.next is None:
            raise ReadingEnded("there are more rows, and none can be read on", hint="Raise sql.max_readings.")
        page = replace(page, sql="", parameters=(), max_rows=_fewer(left, limits.max_rows), next=answer.next)


def _fewer(left: int | None, most: int) -> int:
    return most if left is None else min(left, most)


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise InvalidInput(f"--file {file} cannot be read: {reason}", hint="Name a file, or - for stdin.") from None
